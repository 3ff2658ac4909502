import { execFile } from 'node:child_process'
import { cp, mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

// Whether src/store/tables.ts says anything that the migrations do not: drizzle-kit is asked for
// the next migration in a copy of them, and must answer that there is none.
const root = fileURLToPath(new URL('..', import.meta.url))
const copy = await mkdtemp(join(tmpdir(), 'parley-migrations-'))
try {
  await cp(join(root, 'migrations'), copy, { recursive: true })
  const before = await readdir(copy)
  const answer = await generateInto(copy)
  const after = await readdir(copy)
  // It ends well even when it failed, so its own words count too.
  if (after.length !== before.length || !answer.includes('No schema changes')) {
    console.error(answer)
    console.error('src/store/tables.ts has changes without a migration.')
    console.error('Run `npm run migration -- --name WHAT_IT_DOES` and commit what it writes.')
    process.exitCode = 1
  }
} finally {
  await rm(copy, { recursive: true })
}

async function generateInto(directory: string): Promise<string> {
  const drizzleKit = join(root, 'node_modules/.bin/drizzle-kit')
  const schema = process.argv[2] ?? './src/store/tables.ts'
  // It takes an absolute path for a relative one.
  const out = relative(root, directory)
  const flags = ['--dialect', 'postgresql', '--schema', schema, '--out', out]
  const { stdout, stderr } = await promisify(execFile)(drizzleKit, ['generate', ...flags], {
    cwd: root,
  })
  return stdout + stderr
}
