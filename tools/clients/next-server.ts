import { spawn } from 'node:child_process'
import { once } from 'node:events'

/** The built Next.js example as a process, in front of a server; `close` ends it. */
export async function startNext({ folder, server }: { folder: string; server: string }) {
  const program = 'node_modules/next/dist/bin/next'
  const child = spawn(process.execPath, [program, 'start', '--port', '0'], {
    cwd: folder,
    env: { ...process.env, PARLEY_URL: server, NEXT_TELEMETRY_DISABLED: '1' },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const closed = once(child, 'close')
  let said = ''
  for await (const text of child.stdout.setEncoding('utf8').iterator({ destroyOnReturn: false })) {
    said += text
    const port = /http:\/\/localhost:(\d+)/.exec(said)?.[1]
    if (port === undefined || !said.includes('Ready')) continue
    return {
      url: `http://127.0.0.1:${port}`,
      async close() {
        child.kill()
        await closed
      },
    }
  }
  throw new Error(`Next.js ended before it listened: ${said}`)
}
