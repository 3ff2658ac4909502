import { execFileSync } from 'node:child_process'
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { buildClient } from '../client/build-client.ts'
import { withServer } from './live-server.ts'
import { startNext } from './next-server.ts'
import { run } from './run.ts'

const lean = ['--no-audit', '--no-fund', '--no-save', '--loglevel=error']

/** Next.js would tell its makers. */
const quiet = { NEXT_TELEMETRY_DISABLED: '1' }

// Somebody who has the tarball and a registry, and nothing of this repository.
await withServer(async ({ url, folder }) => {
  const tarball = await packClient(folder)
  for (const example of ['node', 'vite', 'next']) {
    const cwd = join(folder, example)
    console.log(`\n== ${example}`)
    await run('npm', ['pkg', 'set', `dependencies.parley-client=file:${tarball}`], { cwd })
    await run('npm', ['install', ...lean], { cwd })
    if (example !== 'node') await run('npm', ['run', 'build'], { cwd, environment: quiet })
  }
  const cwd = join(folder, 'node')
  await run('node', ['conversation.js', url], { cwd, input: 'y\n' })

  console.log('\n== the same script, through the route handler of Next.js')
  const next = await startNext({ folder: join(folder, 'next'), server: url })
  try {
    await run('node', ['conversation.js', `${next.url}/parley`, 'show the tree'], { cwd })
  } finally {
    await next.close()
  }
})

async function packClient(folder: string): Promise<string> {
  const built = join(folder, 'built')
  await mkdir(built)
  await buildClient({ folder: built })
  const name = execFileSync('npm', ['pack', '--silent', '--pack-destination', folder], {
    cwd: built,
  })
  return join(folder, name.toString().trim())
}
