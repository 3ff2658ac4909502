import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, onTestFinished } from 'vitest'
import { type Client, createClient, followRun } from '#client/index.ts'
import type { RuntimeEvent } from '#contract/event.ts'
import { checkGrammar } from '#contract/event-grammar.ts'
import type { Database } from '#store/database.ts'
import { openDatabase } from '#store/open-database.ts'
import { readConfig } from '../../src/config.ts'
import { type RunningServer, startServer } from '../../src/server.ts'
import { checkedFetch } from './contract.ts'
import { createTestDatabase, fillDataDirectory, testServer } from './database.ts'
import { type ModelServer, type Script, startModelServer } from './model-server.ts'

/** An agent that asks before it writes; `base_url` is the scripted model's. */
const assistant = `
agents:
  root:
    model: scripted
    description: Helps
    toolsets:
      - type: filesystem
        path: ./files
      - type: think
      - type: todo
      - type: user_prompt
`

export type App = {
  url: string
  /** The built-in client; each answer and frame is held against the contract. */
  client: Client
  /** The same with another key, or with none. */
  as(token?: string): Client
  model: ModelServer
  /** The folder of the agents and of `files`. */
  directory: string
  /** The events of a run to its end, held against the grammar. */
  events(runId: string): Promise<RuntimeEvent[]>
  /** Starts the server again on the same address and data; `between` changes these meanwhile. */
  restart(between?: (database: Database) => Promise<unknown>): Promise<void>
}

/**
 * The whole server in this process, on the database that the suite runs on, with a scripted model.
 * Closed when the test is finished; one that is started beside the tests of a file, with
 * `lifetime: 'file'`, when all are.
 */
export async function startApp({
  script = [],
  agents = { assistant },
  flags = [],
  lifetime = 'test',
  titles = false,
  environment = {},
  token,
  prepare,
}: {
  script?: Script
  /** Agent files by name; the model `scripted` is there for all that don't say `{base_url}`. */
  agents?: Record<string, string>
  flags?: string[]
  lifetime?: 'test' | 'file'
  /** Whether the model is asked for titles. */
  titles?: boolean
  /** Variables that the server is started with. */
  environment?: Record<string, string>
  /** What the client says who it is with. */
  token?: string
  /** Puts files beside the agents before the server reads them. */
  prepare?: ((directory: string) => Promise<unknown>) | undefined
} = {}): Promise<App> {
  const model = await startModelServer({ script })
  const home = await createHome({ agents, baseUrl: model.baseUrl, titles })
  await prepare?.(home.directory)
  const atEnd = lifetime === 'file' ? afterAll : onTestFinished
  atEnd(async () => {
    await server.close()
    await model.close()
    await home.remove()
  })
  let server = await serve(home, ['--listen', '127.0.0.1:0', ...flags], environment)
  const { url } = server
  const base = flags.includes('--as') ? `${url}/parley` : url
  const as = (shown?: string) =>
    createClient({
      baseUrl: base,
      fetch: checkedFetch(),
      ...(shown !== undefined && { token: shown }),
    })
  const client = as(token)
  return {
    url,
    client,
    as,
    model,
    directory: home.directory,
    events: (runId) => collectRun(client, runId),
    async restart(between) {
      await server.close()
      if (between) await withDatabase(home, between)
      server = await serve(home, ['--listen', new URL(url).host, ...flags], environment)
    },
  }
}

async function withDatabase(
  home: Home,
  work: (database: Database) => Promise<unknown>,
): Promise<void> {
  const config = readConfig({ argv: home.flags, environment: {}, directory: home.directory })
  const place = config.database
  const onFatal = (error: Error) => {
    throw error
  }
  const database = await openDatabase(
    place.kind === 'postgres' ? place : { dataDirectory: place.dataDirectory, onFatal },
  )
  try {
    await work(database)
  } finally {
    await database.close()
  }
}

/** The events of a run to its end; throws when their order breaks the grammar. */
export async function collectRun(client: Client, runId: string): Promise<RuntimeEvent[]> {
  const events: RuntimeEvent[] = []
  for await (const event of followRun(client, { runId })) events.push(event)
  const faults = checkGrammar(events, { complete: true })
  if (faults.length > 0) throw new Error(faults.join('\n'))
  return events
}

/** The text that a run's root agent streamed. */
export function textOf(events: RuntimeEvent[]): string {
  return events.map((event) => (event.type === 'agent_choice' ? event.content : '')).join('')
}

export type Home = {
  /** Where the agent files are. */
  directory: string
  /** The flags that name the database and the agents. */
  flags: string[]
  remove(): Promise<void>
}

/** A folder with agents, and an empty database of the kind that the suite runs on. */
export async function createHome({
  agents = { assistant },
  baseUrl,
  titles = false,
}: {
  agents?: Record<string, string>
  baseUrl: string
  titles?: boolean
}): Promise<Home> {
  const directory = await mkdtemp(join(tmpdir(), 'parley-'))
  await mkdir(join(directory, 'files'))
  for (const [name, text] of Object.entries(agents)) {
    const models = `models:\n  scripted: { provider: scripted, model: scripted }\n`
    const providers = `providers:\n  scripted: { base_url: "${baseUrl}" }\n`
    const whole = text.includes('{base_url}')
      ? text.replaceAll('{base_url}', baseUrl)
      : `${text}\n${models}${providers}`
    await writeFile(join(directory, `${name}.yaml`), whole)
  }
  const server = testServer()
  const database = server ? await createTestDatabase(server) : undefined
  const dataDirectory = join(directory, 'data')
  if (!database) await fillDataDirectory(dataDirectory)
  return {
    directory,
    flags: [
      directory,
      ...(titles ? [] : ['--no-titles']),
      '--workspace',
      directory,
      ...(database ? ['--database-url', database.url] : ['--data-dir', dataDirectory]),
    ],
    async remove() {
      await database?.drop()
      await rm(directory, { recursive: true, force: true })
    },
  }
}

function serve(
  home: Home,
  flags: string[],
  environment: Record<string, string>,
): Promise<RunningServer> {
  const config = readConfig({
    argv: [...home.flags, '--log-level', 'error', ...flags],
    environment,
    directory: home.directory,
  })
  return startServer(config)
}
