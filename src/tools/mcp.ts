import { basename, resolve } from 'node:path'
import { catalogPrefix, McpToolset } from '#contract/toolset-mcp.ts'
import type { Logger } from '#log.ts'
import type { Tool, ToolSession, Toolset } from '#runtime/tool.ts'
import type { GuardedTransport } from './guarded-transport.ts'
import { fillInAll, headersAskedFor, withOwnReferences } from './header-text.ts'
import { createAcceptedTools } from './mcp-accepted.ts'
import {
  type McpConnection,
  openMcpConnection,
  type ServerTool,
  sessionKey,
} from './mcp-connection.ts'
import { type ConnectionHold, createMcpConnections } from './mcp-connections.ts'
import { createRemoteTransport, type RemoteTransport } from './mcp-remote.ts'
import { toOutcome } from './mcp-result.ts'
import { loadMcpSdk, type McpSdk } from './mcp-sdk.ts'
import { createStdioTransport, type StdioTransport } from './mcp-stdio.ts'
import { toDefinition } from './mcp-tool.ts'
import { toStorableText } from './storable.ts'

type World = {
  /** The guarded way out to servers that are reached over HTTP. */
  transport: GuardedTransport
  /** Variables for `${env.NAME}`, and PATH, HOME and LANG of the servers that are started. */
  environment: Record<string, string | undefined>
  version: string
  log: Logger
  /** Milliseconds of a clock that only goes forward. */
  now: () => number
  /** Milliseconds that a server gets to start and introduce itself. */
  connectTimeout: number
}

/** Where an entry stands; only the operator's own files may start a server. */
type Place = { baseDirectory: string; allowStdio?: boolean }

/**
 * Makes the factory of toolsets that MCP servers fill. A connection is opened when the tools are
 * first asked for, kept, and shared by the sessions that may share it: those with the same forwarded
 * headers and, for a server that is started here, the same working directory. Sessions get their own
 * once the server asked a user something while several of them had calls open.
 */
export function createMcpToolset({
  connectTimeout = 20_000,
  ...rest
}: Omit<World, 'connectTimeout'> & { connectTimeout?: number }) {
  const world: World = { ...rest, connectTimeout }
  return (config: Record<string, unknown>, place: Place): Toolset => {
    const entry = readEntry(config)
    if (entry.command !== undefined && place.allowStdio !== true) {
      throw new Error(
        `toolset mcp: ${entry.command} is not started: only agents from files and directories named on the command line may start servers; use remote: {url: …}`,
      )
    }
    return openToolset(entry, place.baseDirectory, world)
  }
}

type Entry = McpToolset & { label: string }

/** What tells connections apart; an object of one form, so that its JSON is a key. */
type Share = { headers: Record<string, string>; directory: string | null; session: string | null }

const defaultTimeout = 60
const longestInstruction = 16_000

function readEntry(config: Record<string, unknown>): Entry {
  const parsed = McpToolset.safeParse({ ...config, type: 'mcp' })
  if (parsed.success) {
    const { name, remote, ref, command, env = {} } = parsed.data
    const entry = { ...parsed.data, env: withOwnReferences(env) }
    if (ref !== undefined) return readCatalogEntry(entry, ref)
    const host = remote ? (URL.parse(remote.url)?.host ?? 'remote') : ''
    return { ...entry, label: name ?? (command ? basename(command) : host) }
  }
  const faults = parsed.error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`)
  throw new Error(`toolset mcp: ${faults.join('; ')}`)
}

/** A server of the Docker MCP catalog is run by the plugin of the docker command that speaks for it. */
function readCatalogEntry({ ref: _, ...entry }: McpToolset, ref: string): Entry {
  if (!ref.startsWith(catalogPrefix)) throw new Error(`toolset mcp: no server ${ref} under mcps`)
  const server = ref.slice(catalogPrefix.length)
  return {
    ...entry,
    command: 'docker',
    args: ['mcp', 'gateway', 'run', '--servers', server, ...(entry.args ?? [])],
    label: entry.name ?? ref,
  }
}

function openToolset(entry: Entry, baseDirectory: string, world: World): Toolset {
  const log = world.log.child({ toolset: 'mcp', server: entry.label })
  const warn = createOnce((message, fields) => log.warn(message, fields))
  const forwarded = headersAskedFor(Object.values(entry.remote?.headers ?? {}))
  const accepted = createAcceptedTools()
  /** Sessions that must not share, since the server asks users and they called at the same time. */
  const apart = new Set<string>()
  let instructions: string | undefined

  const connections = createMcpConnections({
    now: world.now,
    connect: async (key, hold) => {
      const share: Share = JSON.parse(key)
      const connection = await connectTo({
        ...{ entry, baseDirectory, world, share, hold, warn },
        // The first may stay where it is: what the server knows of it is there.
        onConflict: ([, ...others]) => {
          for (const other of others) apart.add(other)
        },
      })
      // Kept as first seen, as the tools are; and what one caller is told is not for another.
      if (forwarded.length === 0) instructions ??= connection.instructions
      return connection
    },
  })

  function shareOf(session: ToolSession): Share {
    const headers = forwarded.flatMap((name) => {
      const value = session.headers?.[name]
      return value === undefined ? [] : [[name, value]]
    })
    const key = sessionKey(session)
    return {
      headers: Object.fromEntries(headers),
      directory: entry.command === undefined ? null : session.workingDir,
      session: apart.has(key) ? key : null,
    }
  }

  async function listUsable(session: ToolSession) {
    const share = shareOf(session)
    const connection = await connections.get(JSON.stringify(share))
    const listed = await connection.list()
    const { usable, changed } = accepted.check(JSON.stringify(share.headers), listed)
    for (const { name } of changed) {
      warn(
        `the tool ${name} is not used: its description changed since it was first seen; read it, and restart the server or edit the toolset's entry to accept it`,
      )
    }
    return { connection, usable, changed }
  }

  function toTool(tool: ServerTool): Tool {
    return {
      definition: toDefinition(tool, entry.name),
      // The limit stands still while the user is asked, which the runtime's would not.
      timeout: 0,
      async execute(args, context) {
        const { connection, usable } = await listUsable(context)
        if (!usable.some(({ name }) => name === tool.name)) {
          throw new Error(`The server does not offer ${tool.name} any more, or has changed it.`)
        }
        const timeout = (entry.timeout ?? defaultTimeout) * 1000
        return toOutcome(await connection.call({ name: tool.name, args, context, timeout }))
      },
    }
  }

  return {
    get instruction() {
      return entry.instruction ?? toStorableText(instructions ?? '').slice(0, longestInstruction)
    },
    async tools(session) {
      const { usable } = await listUsable(session).catch((error) => {
        throw new Error(`${entry.label}: ${whyUnavailable(error, entry)}`)
      })
      const tools = withoutClashes(usable.map(toTool), warn)
      return chosen(tools, entry.tools, warn)
    },
    close: () => connections.close(),
  }
}

/** What brings a command helps whoever lacks it; nothing is installed here. */
function whyUnavailable(error: unknown, { command, version }: Entry): string {
  const reason = error instanceof Error ? error.message : String(error)
  const isMissing = version !== undefined && reason.includes(`${command} was not found`)
  return isMissing ? `${reason}; ${version} brings it` : reason
}

type Warn = (message: string, fields?: Record<string, unknown>) => void

async function connectTo({
  entry,
  baseDirectory,
  world,
  share,
  hold: { onClose, signal },
  onConflict,
  warn,
}: {
  entry: Entry
  baseDirectory: string
  world: World
  share: Share
  hold: ConnectionHold
  onConflict: (sessions: string[]) => void
  warn: Warn
}): Promise<McpConnection> {
  const sdk = await loadMcpSdk()
  const stdio = entry.command === undefined ? null : stdioOf(sdk, entry, baseDirectory, world)
  const transport = stdio ?? remoteOf(sdk, entry, world, share.headers)
  let isOpen = false
  const connection = openMcpConnection({
    sdk,
    transport,
    roots: stdio && (share.directory === null ? [] : [share.directory]),
    version: world.version,
    connectTimeout: world.connectTimeout,
    signal,
    whyClosed: () => transport.ending() ?? '',
    onClose: () => {
      const ending = transport.ending()
      if (ending && isOpen) world.log.warn(`the MCP server ${entry.label} has ended: ${ending}`)
      onClose()
    },
    onConflict,
    onSkipped: warn,
  })
  try {
    const opened = await connection
    isOpen = true
    return opened
  } catch (error) {
    if (signal.aborted) throw error
    const said = stdio && hideValues(stdio.complaints(), entry, world)
    world.log.warn(`the MCP server ${entry.label} is not available`, {
      reason: error instanceof Error ? error.message : String(error),
      ...(said ? { stderr: said } : {}),
    })
    throw error
  }
}

function stdioOf(
  sdk: McpSdk,
  { command = '', args = [], env = {}, working_dir = '.' }: Entry,
  baseDirectory: string,
  { environment }: World,
): StdioTransport {
  return createStdioTransport({
    server: {
      // A path starts beside the file, a bare name is looked up in PATH.
      command: command.includes('/') ? resolve(baseDirectory, command) : command,
      args,
      environment: { ...inherited(environment), ...fillInAll(env, environment) },
      directory: resolve(baseDirectory, working_dir),
    },
    toMessage: (value) => sdk.types.JSONRPCMessageSchema.parse(value),
  })
}

/** All that a started server gets to know without being given it. */
function inherited(environment: World['environment']): Record<string, string> {
  const entries = ['PATH', 'HOME', 'LANG'].flatMap((name) => {
    const value = environment[name]
    return value === undefined ? [] : [[name, value]]
  })
  return Object.fromEntries(entries)
}

/** What the file gave to the server is not for the log. */
function hideValues(text: string, { env = {} }: Entry, { environment }: World): string {
  const values = Object.values(fillInAll(env, environment)).filter((value) => value.length > 3)
  return values.reduce((hidden, value) => hidden.replaceAll(value, '***'), text)
}

function remoteOf(
  sdk: McpSdk,
  { remote }: Entry,
  { transport, environment }: World,
  callerHeaders: Record<string, string>,
): RemoteTransport {
  if (!remote) throw new Error('neither a command nor a remote server is given')
  const headers = fillInAll(remote.headers ?? {}, environment, callerHeaders)
  return createRemoteTransport({
    sdk,
    remote,
    url: new URL(remote.url),
    headers,
    send: transport,
  })
}

function withoutClashes(tools: Tool[], warn: Warn): Tool[] {
  const names = new Set<string>()
  return tools.filter(({ definition: { name } }) => {
    if (names.has(name)) warn(`two tools of the server would be called ${name}; one is left out`)
    return !names.has(name) && names.add(name)
  })
}

function chosen(tools: Tool[], names: string[] | undefined, warn: Warn): Tool[] {
  if (!names) return tools
  const known = tools.map(({ definition }) => definition.name)
  const unknown = names.filter((name) => !known.includes(name))
  if (unknown.length > 0) {
    warn(`tools: there is no ${unknown.join(', ')}; the server has ${known.join(', ')}`)
  }
  return tools.filter(({ definition }) => names.includes(definition.name))
}

/** Tools are listed at every step, and the same fault is not news each time. */
function createOnce(warn: Warn): Warn {
  const said = new Set<string>()
  return (message, fields) => {
    if (said.has(message)) return
    said.add(message)
    warn(message, fields)
  }
}
