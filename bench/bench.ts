import { chmodSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { LoadReply } from './load.ts'
import type { Target } from './load-client.ts'
import type { Checked, LoadCommand, LoadCommands } from './load-commands.ts'
import { type PostgresServer, startPostgres, usePostgres } from './postgres-server.ts'
import { type BenchProcess, createProcesses, type Processes } from './processes.ts'
import { nodeCommand, type ServerUnderTest, startServerUnderTest } from './server-under-test.ts'

export type Database = 'postgres' | 'embedded'

/** A process that is measured, and how the load reaches it. */
export type Measured = { pid: number; target: Target; stop(): Promise<void> }
export type MeasuredServer = Measured & { server: ServerUnderTest; databaseUrl: string | null }

/** Everything that a measurement is made with. */
export type Bench = {
  rounds: number
  quick: boolean
  database: Database
  layout: string
  postgres: PostgresServer | null
  /** Gives the load process a command and waits for what it found. */
  load<Name extends LoadCommand>(
    command: Name,
    request: LoadCommands[Name]['request'],
  ): Promise<LoadCommands[Name]['result']>
  startRelay(nodeFlags?: readonly string[]): Promise<Measured>
  /** In a new database unless `databaseUrl` names one that is there already. */
  startServer(options?: {
    database?: Database
    databaseUrl?: string
    nodeFlags?: readonly string[]
    /** More flags for `parley serve`. */
    flags?: readonly string[]
  }): Promise<MeasuredServer>
  /** Of all streams so far: how many brought every token once and in order. */
  readonly checked: Checked
  /** A directory that is removed at the end. */
  directory: string
  close(): Promise<void>
}

export type BenchOptions = {
  rounds: number
  quick: boolean
  database: Database
  databaseUrl: string | null
}

export async function openBench(options: BenchOptions): Promise<Bench> {
  const directory = mkdtempSync(join(tmpdir(), 'parley-bench-'))
  chmodSync(directory, 0o755)
  const processes = createProcesses({ directory })
  const abandon = () => {
    processes.killAll()
    rmSync(directory, { recursive: true, force: true })
  }
  process.once('exit', abandon)
  const { postgres, model, loader } = await startHelpers(options, directory, processes).catch(
    (error: unknown) => {
      abandon()
      throw error
    },
  )
  const { load, checked } = connectLoad(loader)
  let closing: Promise<void> | null = null

  async function close(): Promise<void> {
    await processes.stopAll()
    await postgres?.close()
    abandon()
  }

  return {
    ...options,
    layout: processes.layout,
    postgres,
    directory,
    load,
    checked,
    async startRelay(nodeFlags = []) {
      const relay = await processes.start({
        name: 'relay',
        place: 'server',
        command: nodeCommand('bench/relay.ts', [model.url], nodeFlags),
        channel: true,
      })
      return { pid: relay.pid, target: { wire: 'relay', url: relay.url }, stop: () => relay.stop() }
    },
    async startServer({
      database = options.database,
      databaseUrl,
      nodeFlags = [],
      flags = [],
    } = {}) {
      const url =
        databaseUrl ?? (database === 'postgres' ? await postgres?.createDatabase() : undefined)
      const server = await startServerUnderTest({
        processes,
        directory,
        model: model.url,
        nodeFlags,
        flags,
        storage: url === undefined ? { kind: 'embedded' } : { kind: 'postgres', url },
      })
      return {
        server,
        pid: server.pid,
        target: { wire: 'parley', url: server.url },
        databaseUrl: url ?? null,
        stop: () => server.stop(),
      }
    },
    close() {
      closing ??= close()
      return closing
    },
  }
}

async function startHelpers(
  options: BenchOptions,
  directory: string,
  processes: Processes,
): Promise<{ postgres: PostgresServer | null; model: BenchProcess; loader: BenchProcess }> {
  const helper = (name: string, file: string) =>
    processes.start({ name, place: 'others', command: nodeCommand(file), channel: true })
  return {
    postgres: await openPostgres(options, directory, processes),
    model: await helper('model', 'bench/model-server.ts'),
    loader: await helper('load', 'bench/load.ts'),
  }
}

async function openPostgres(
  { database, databaseUrl }: BenchOptions,
  directory: string,
  processes: Processes,
): Promise<PostgresServer | null> {
  if (database === 'embedded') return null
  return databaseUrl === null ? startPostgres({ directory, processes }) : usePostgres(databaseUrl)
}

/** Commands whose result says how many answers came whole. */
const CHECKED: ReadonlySet<LoadCommand> = new Set([
  'streams',
  'loop',
  'waits',
  'release',
  'exchanges',
])

function connectLoad(loader: BenchProcess): Pick<Bench, 'load' | 'checked'> {
  const waiting = new Map<number, (reply: LoadReply) => void>()
  const checked: Checked = { streams: 0, exact: 0, problems: [] }
  let next = 0
  loader.child.on('message', (reply: LoadReply) => {
    waiting.get(reply.id)?.(reply)
    waiting.delete(reply.id)
  })
  loader.child.once('exit', () => {
    const error = `the load process ended:\n${loader.log()}`
    for (const [id, answer] of waiting) answer({ id, error })
  })

  return {
    checked,
    async load(command, request) {
      const id = next++
      const reply = await new Promise<LoadReply>((resolve) => {
        waiting.set(id, resolve)
        loader.child.send({ id, command, request })
      })
      if (reply.error !== undefined) throw new Error(`${command}: ${reply.error}`)
      if (CHECKED.has(command)) count(checked, reply.result as Checked)
      // The load process answers each command with that command's result.
      return reply.result as LoadCommands[typeof command]['result']
    },
  }
}

function count(checked: Checked, { streams, exact, problems }: Checked): void {
  checked.streams += streams
  checked.exact += exact
  for (const problem of problems) if (checked.problems.length < 10) checked.problems.push(problem)
}
