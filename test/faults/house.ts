import { readFileSync } from 'node:fs'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { openDatabase } from '#store/open-database.ts'
import { createTestDatabase } from '../support/database.ts'
import { type ModelServer, type Script, startModelServer } from '../support/model-server.ts'
import { type ServerProcess, startServerProcess } from '../support/process.ts'
import { type Contents, readContents } from './contents.ts'
import { createHistory, type History } from './history.ts'
import { type Ledger, openLedger } from './ledger.ts'
import { agentFile, answerFrom } from './model.ts'

/** Where clients go, unless it is passed over. */
export type Door = { name: string; url: string; passedOver: boolean }

export type Instance = ServerProcess & {
  name: string
  /** Variables of the next start. */
  environment: Record<string, string>
  passedOver: boolean
  /** Resolves when the process has ended by itself. */
  gone(): Promise<void>
}

/** Servers on one database, with a scripted model and a ledger: what a trial is made in. */
export type House = {
  instances: [Instance, ...Instance[]]
  /** The instances, or what stands before them. */
  doors: Door[]
  model: ModelServer
  ledger: Ledger
  history: History
  directory: string
  /** undefined: the embedded one. */
  databaseUrl: string | undefined
  /** Lines that faults inside of servers wrote before they acted. */
  fired(): string[]
  /** What the database holds; stops the servers of an embedded one. */
  contents(): Promise<Contents>
  close(): Promise<void>
}

export async function openHouse({
  postgres,
  names = postgres ? ['a', 'b', 'c'] : ['a'],
  script = answerFrom,
  environments = {},
  flags = {},
  modelPort = (port) => port,
  dataDirectory,
  withChildren = false,
  prepare,
}: {
  /** The server to make a database on; without it the embedded database is used, by one process. */
  postgres?: { url: string } | undefined
  names?: readonly string[]
  script?: Script
  environments?: Record<string, Record<string, string>>
  /** More flags of one instance, as a function of the database's address. */
  flags?: Record<string, (databaseUrl: string) => string[]>
  /** Another port that leads to the model. */
  modelPort?: (port: number) => number | Promise<number>
  dataDirectory?: string
  /** The agent has tools that run processes: shell, an MCP server, code. */
  withChildren?: boolean
  /** Called before a server starts; `data` is where the embedded database will be. */
  prepare?: (place: { data: string; modelUrl: string; ledgerUrl: string }) => Promise<void>
}): Promise<House> {
  const directory = await mkdtemp(join(tmpdir(), 'parley-faults-'))
  const model = await startModelServer({ script })
  const ledger = await openLedger(join(directory, 'ledger'))
  const modelUrl = `http://127.0.0.1:${await modelPort(model.port)}/v1`
  await writeFile(
    join(directory, 'assistant.yaml'),
    agentFile({ modelUrl, ledgerUrl: ledger.url, withChildren }),
  )
  const database = postgres ? await createTestDatabase(postgres.url) : undefined
  const data = dataDirectory ?? join(directory, 'data')
  await prepare?.({ data, modelUrl, ledgerUrl: ledger.url })
  const faultLog = join(directory, 'fired')
  await writeFile(faultLog, '')
  const common = [
    join(directory, 'assistant.yaml'),
    '--no-titles',
    // Until a trial is over all that was streamed is kept as it was streamed.
    ...['--compact-after', '3600', '--allow-host', ledger.host, '--workspace', directory],
    ...(withChildren ? ['--enable-shell', '--enable-code'] : []),
    ...(database ? ['--database-url', database.url] : ['--data-dir', data]),
  ]
  const begun = names.map(async (name): Promise<Instance> => {
    const environment = { PARLEY_FAULT_LOG: faultLog, ...environments[name] }
    const own = ['--instance-name', name, ...(flags[name]?.(database?.url ?? '') ?? [])]
    const process = await startServerProcess({
      home: { flags: common, directory },
      flags: own,
      environment,
    })
    return { ...process, name, environment, passedOver: false, gone: () => untilGone(process) }
  })
  const begins = await Promise.allSettled(begun)
  const standing = begins.flatMap((each) => (each.status === 'fulfilled' ? [each.value] : []))
  // A stopped process would outlive a rig that is interrupted.
  const killAtExit = () => {
    for (const { pid } of standing) if (isAlive(pid())) process.kill(pid(), 'SIGKILL')
  }
  process.once('exit', killAtExit)
  async function close(): Promise<void> {
    process.off('exit', killAtExit)
    await Promise.all(standing.map((instance) => instance.kill()))
    await model.close()
    await ledger.close()
    await database?.drop()
    await rm(directory, { recursive: true, force: true })
  }
  const failed = begins.find((each) => each.status === 'rejected')
  if (failed) {
    await close()
    throw failed.reason
  }
  const [first, ...others] = standing
  if (!first) throw new Error('A house has at least one instance')
  const instances: [Instance, ...Instance[]] = [first, ...others]
  return {
    instances,
    doors: instances,
    model,
    ledger,
    history: createHistory(),
    directory,
    databaseUrl: database?.url,
    fired: () => readFileSync(faultLog, 'utf8').split('\n').filter(Boolean),
    async contents() {
      if (!database) await instances[0].kill('SIGTERM')
      const opened = await openDatabase(database ? { url: database.url } : { dataDirectory: data })
      try {
        return await readContents(opened)
      } finally {
        await opened.close()
      }
    },
    close,
  }
}

async function untilGone(process: ServerProcess): Promise<void> {
  while (isAlive(process.pid())) await setTimeout(20)
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}
