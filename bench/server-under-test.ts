import { mkdtempSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { freePort } from './free-port.ts'
import type { BenchProcess, Processes } from './processes.ts'

/** Where the server keeps its data: a Postgres database or a directory of its own. */
export type Storage = { kind: 'postgres'; url: string } | { kind: 'embedded' }

export type ServerUnderTest = {
  url: string
  pid: number
  /** Milliseconds from its start to the first good answer of its readiness check. */
  readyAfter: number
  stop(): Promise<void>
}

const ROOT = fileURLToPath(new URL('..', import.meta.url))
const NODE_FLAGS = ['--disable-warning=ExperimentalWarning', '--max-semi-space-size=16']
const READY_WITHIN = 30_000

/** Makes `collectGarbage` work in a measured process. */
export const COLLECTABLE = [
  '--expose-gc',
  '--import',
  new URL('collect-on-signal.ts', import.meta.url).href,
]

/** The node command of every measured process, the relay too, so that memory compares. */
export function nodeCommand(
  file: string,
  parameters: readonly string[] = [],
  nodeFlags: readonly string[] = [],
): string[] {
  return [process.execPath, ...NODE_FLAGS, ...nodeFlags, join(ROOT, file), ...parameters]
}

export async function startServerUnderTest(options: {
  processes: Processes
  directory: string
  model: string
  storage: Storage
  /** More flags for node, such as those of the profiler. */
  nodeFlags?: readonly string[]
  /** More flags for `parley serve`. */
  flags?: readonly string[]
}): Promise<ServerUnderTest> {
  const { processes, directory, model, storage, nodeFlags = [], flags = [] } = options
  const port = await freePort()
  const url = `http://127.0.0.1:${port}`
  const startedAt = performance.now()
  const server = await processes.start({
    name: 'server',
    place: 'server',
    command: nodeCommand(
      'src/main.ts',
      [
        'serve',
        join(ROOT, 'bench/agents'),
        ...['--listen', `127.0.0.1:${port}`, '--agent', 'bench', '--no-titles'],
        ...storageFlags(storage, directory),
        ...flags,
      ],
      nodeFlags,
    ),
    environment: { OPENAI_BASE_URL: `${model}/v1`, OPENAI_API_KEY: 'bench' },
  })
  await ready(server, `${url}/ready`)
  return {
    url,
    pid: server.pid,
    readyAfter: performance.now() - startedAt,
    stop: () => server.stop(),
  }
}

function storageFlags(storage: Storage, directory: string): string[] {
  if (storage.kind === 'postgres') return ['--database-url', storage.url]
  return ['--data-dir', join(mkdtempSync(join(directory, 'data-')), 'parley')]
}

async function ready(server: BenchProcess, url: string): Promise<void> {
  const deadline = performance.now() + READY_WITHIN
  while (performance.now() < deadline) {
    if (server.child.exitCode !== null) break
    const good = await fetch(url).then(
      (response) => response.ok,
      () => false,
    )
    if (good) return
    await pause(5)
  }
  throw new Error(`The server under test was not ready:\n${server.log()}`)
}
