import { homedir, hostname } from 'node:os'
import { join, relative, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Dialect } from '#http/dialects/dialect.ts'
import packageJson from '../package.json' with { type: 'json' }
import type { Given } from './commands/arguments.ts'
import { readArguments } from './commands/arguments.ts'
import { ConfigError, UsageError } from './commands/failure.ts'
import type { OptionName } from './commands/options.ts'
import { serveOptions } from './commands/options.ts'
import { findStandIn, standInNames } from './dialects.ts'
import type { ListenAddress } from './listen-address.ts'
import { formatListenAddress, isLoopback, parseListenAddress } from './listen-address.ts'
import type { LogLevel } from './log.ts'
import { logLevels } from './log.ts'
import { readSigningKeys } from './webhook-signature.ts'

/** Variables of the environment; keys of model providers are read from here and never logged. */
export type Environment = Readonly<Record<string, string | undefined>>

/** Everything that the operator decided. Paths are absolute. */
export type Config = Readonly<{
  version: string
  /** Files and directories of agents, as they were named; relative ones start at `directory`. */
  sources: readonly string[]
  directory: string
  /** Agents in this directory may be changed over the API, and new ones are made there. */
  agentsWritable: string | undefined
  /** Names the servers that this one belongs to. */
  peersFile: string
  /** `--agent`; undefined lets the catalog choose. */
  defaultAgent: string | undefined
  /** Sessions' working directories lie in it. */
  workspace: string
  /** `HOST` or `HOST:PORT` that tools may reach although they are internal. */
  allowHosts: readonly string[]
  /** Whether Python and JavaScript tools run. */
  enableCode: boolean
  /** Whether agents may run commands. */
  enableShell: boolean
  /** How agents come from registries, and where they are kept. */
  registries: {
    /** Minutes between pulls; undefined pulls only at start. */
    pullInterval: number | undefined
    /** `HOST` or `HOST:PORT` that speak plain HTTP. */
    insecure: readonly string[]
    /** They may do what files may. */
    trusted: boolean
    cacheDirectory: string
  }
  listen: ListenAddress
  /** The dialect that has the root of the server. */
  standIn: Dialect | undefined
  /** What becomes of a call that must be approved, for clients that cannot. */
  dialectApprovals: 'deny' | 'wait'
  /** Only this machine can connect. */
  loopback: boolean
  instanceName: string
  database: { kind: 'embedded'; dataDirectory: string } | { kind: 'postgres'; url: string }
  /** Where model calls go: to the models, to them and into a file, or only to a file. */
  traffic: { kind: 'live' } | { kind: 'record'; file: string } | { kind: 'fake'; file: string }
  /** Where finished turns are sent, and what they are signed with; undefined keeps them here only. */
  archive: { url: string; keys: readonly Buffer[] } | undefined
  /** Seconds after which the deltas of a finished run are joined. */
  compactAfter: number
  /** What any run may spend before it asks to go on. */
  runBudget: { seconds?: number; tool_calls?: number }
  /** Whether the model is asked for titles. */
  titles: boolean
  logLevel: LogLevel
  environment: Environment
}>

export const version: string = packageJson.version

/** The one place that reads the environment of the process. */
export function readEnvironment(): Environment {
  return Object.freeze({ ...process.env })
}

/** Reads the flags of `serve`, then the variables. Throws `UsageError` and `ConfigError`. */
export function readConfig({
  argv,
  environment,
  directory,
}: {
  argv: readonly string[]
  environment: Environment
  directory: string
}): Config {
  const { positionals, given } = readArguments(argv, serveOptions)
  const settings = withVariables(given, environment)
  const standIn = readStandIn(settings.get('as'))
  const listen = readListen(settings.get('listen'), standIn)
  const loopback = isLoopback(listen.host)
  if (!loopback && !readSwitch(settings.get('insecure-no-auth'))) refusePublic(listen)
  const agentsWritable = readPath(settings.get('agents-writable'), directory)
  const otherSources = agentsWritable === undefined ? [examples(directory)] : [agentsWritable]
  return Object.freeze({
    version,
    sources: Object.freeze(positionals.length > 0 ? positionals : otherSources),
    directory,
    agentsWritable,
    peersFile: readPath(settings.get('peers'), directory) ?? usualPeersFile(environment),
    defaultAgent: lastOf(settings.get('agent')),
    workspace: resolve(directory, lastOf(settings.get('workspace')) ?? '.'),
    allowHosts: Object.freeze(settings.get('allow-host')?.values ?? []),
    enableCode: readSwitch(settings.get('enable-code')),
    enableShell: readSwitch(settings.get('enable-shell')),
    registries: Object.freeze(readRegistries(settings, directory)),
    listen: Object.freeze(listen),
    standIn,
    dialectApprovals: readDialectApprovals(settings.get('dialect-approvals')),
    loopback,
    instanceName: lastOf(settings.get('instance-name')) ?? `parley@${hostname()}`,
    database: Object.freeze(readDatabase(settings, given, directory)),
    traffic: Object.freeze(readTraffic(settings, directory)),
    titles: !readSwitch(settings.get('no-titles')),
    archive: readArchive(settings.get('archive-url'), environment.PARLEY_ARCHIVE_SECRET),
    compactAfter: readSeconds(settings.get('compact-after'), 60),
    runBudget: Object.freeze(readRunBudget(settings)),
    logLevel: readLogLevel(settings.get('log-level')),
    environment,
  })
}

type Settings = Map<OptionName, Given>

/** What was given as a flag, else by its variable; an empty variable is not set. */
function withVariables(given: Settings, environment: Environment): Settings {
  const settings = new Map(given)
  for (const { name, variables, many } of serveOptions) {
    const variable = variables.find((candidate) => environment[candidate])
    const value = variable === undefined ? undefined : environment[variable]
    if (settings.has(name) || variable === undefined || value === undefined) continue
    const values = many ? value.split(',').map((part) => part.trim()) : [value]
    settings.set(name, { origin: variable, values: values.filter((part) => part !== '') })
  }
  return settings
}

/** The examples that come with the package, as short as a person would name them. */
function examples(directory: string): string {
  const path = fileURLToPath(new URL('../examples', import.meta.url))
  const short = relative(directory, path)
  return short.startsWith('..') ? path : short
}

function readPath(given: Given | undefined, directory: string): string | undefined {
  const path = lastOf(given)
  return path === undefined ? undefined : resolve(directory, path)
}

/** In the user's configuration directory. */
function usualPeersFile({ XDG_CONFIG_HOME, HOME }: Environment): string {
  const home = XDG_CONFIG_HOME || join(HOME || homedir(), '.config')
  return join(home, 'aegis', 'aegis-net.toml')
}

function lastOf(given: Given | undefined): string | undefined {
  return given?.values.at(-1)
}

function readStandIn(given: Given | undefined): Config['standIn'] {
  const name = lastOf(given)
  if (name === undefined) return undefined
  const dialect = findStandIn(name)
  if (dialect) return dialect
  throw invalid(
    given,
    `there is no ${JSON.stringify(name)}; there are: ${standInNames().join(', ')}`,
  )
}

function readDialectApprovals(given: Given | undefined): Config['dialectApprovals'] {
  const text = lastOf(given) ?? 'deny'
  if (text === 'deny' || text === 'wait') return text
  throw invalid(given, `${JSON.stringify(text)} is neither deny nor wait`)
}

function readListen(given: Given | undefined, standIn: Config['standIn']): ListenAddress {
  const text = lastOf(given) ?? `127.0.0.1:${standIn?.port ?? 8080}`
  const address = parseListenAddress(text)
  if (address) return address
  throw invalid(
    given,
    `${JSON.stringify(text)} is no address; write 127.0.0.1:8080, :8080 or [::1]:8080`,
  )
}

function refusePublic(listen: ListenAddress): never {
  throw new ConfigError(
    `refusing to listen on ${formatListenAddress(listen)}: others could reach it, and this version has no keys yet; ` +
      'listen on 127.0.0.1, or add --insecure-no-auth if everyone who reaches it may do everything',
  )
}

function readDatabase(settings: Settings, flags: Settings, directory: string): Config['database'] {
  if (flags.has('data-dir') && flags.has('database-url')) {
    throw new UsageError('--data-dir and --database-url exclude each other; give one')
  }
  const url = settings.get('database-url')
  // A directory that was asked for by flag is not overruled by a variable.
  if (url && !flags.has('data-dir')) return { kind: 'postgres', url: readDatabaseUrl(url) }
  return { kind: 'embedded', dataDirectory: readDataDirectory(settings, directory) }
}

function readRegistries(settings: Settings, directory: string): Config['registries'] {
  return {
    pullInterval: readMinutes(settings.get('pull-interval')),
    insecure: Object.freeze(settings.get('insecure-registry')?.values ?? []),
    trusted: readSwitch(settings.get('enable-stdio')),
    cacheDirectory: join(readDataDirectory(settings, directory), 'registry'),
  }
}

function readDataDirectory(settings: Settings, directory: string): string {
  return resolve(directory, lastOf(settings.get('data-dir')) ?? '.parley')
}

function readDatabaseUrl(given: Given): string {
  const text = lastOf(given) ?? ''
  const scheme = URL.parse(text)?.protocol
  if (scheme === 'postgres:' || scheme === 'postgresql:') return text
  // The text may hold a password, so it is not shown.
  throw invalid(given, 'expected postgres://user:password@host:5432/name')
}

function readTraffic(settings: Settings, directory: string): Config['traffic'] {
  const fake = lastOf(settings.get('fake'))
  const record = lastOf(settings.get('record'))
  if (fake !== undefined && record !== undefined) {
    throw new UsageError('--fake and --record exclude each other; give one')
  }
  if (fake !== undefined) return { kind: 'fake', file: resolve(directory, fake) }
  if (record !== undefined) return { kind: 'record', file: resolve(directory, record) }
  return { kind: 'live' }
}

/** The secret comes by variable only: flags are seen by everyone on the machine. */
function readArchive(given: Given | undefined, secret: string | undefined): Config['archive'] {
  const text = lastOf(given)
  if (text === undefined) return undefined
  const url = URL.parse(text)
  if (!url || !/^https?:$/.test(url.protocol) || url.username !== '' || url.password !== '') {
    // The text may hold a password, so it is not shown.
    throw invalid(given, 'expected an http(s) URL without a user name and a password')
  }
  if (!secret) {
    throw new ConfigError(
      `${given?.origin} needs a secret to sign with: set PARLEY_ARCHIVE_SECRET, for example to "whsec_$(openssl rand -base64 32)"`,
    )
  }
  try {
    return Object.freeze({ url: url.href, keys: Object.freeze(readSigningKeys(secret)) })
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    throw new ConfigError(`PARLEY_ARCHIVE_SECRET: ${reason}`, { cause: error })
  }
}

function readSeconds(given: Given | undefined, otherwise: number): number {
  const text = lastOf(given)
  if (text === undefined) return otherwise
  if (/^\d{1,9}$/.test(text)) return Number(text)
  throw invalid(given, `${JSON.stringify(text)} is no whole number of seconds`)
}

/** Zero is for no limit. */
function readRunBudget(settings: Settings): Config['runBudget'] {
  const seconds = readSeconds(settings.get('max-run-seconds'), 30 * 60)
  const calls = readCount(settings.get('max-run-tool-calls'), 200)
  return { ...(seconds > 0 && { seconds }), ...(calls > 0 && { tool_calls: calls }) }
}

function readCount(given: Given | undefined, otherwise: number): number {
  const text = lastOf(given)
  if (text === undefined) return otherwise
  if (/^\d{1,6}$/.test(text)) return Number(text)
  throw invalid(given, `${JSON.stringify(text)} is no whole number up to 999999`)
}

/** As many as a timer can count; zero is for never. */
function readMinutes(given: Given | undefined): number | undefined {
  const text = lastOf(given)
  if (text === undefined) return undefined
  if (/^\d{1,5}$/.test(text) && Number(text) <= 35_000) return Number(text) || undefined
  throw invalid(given, `${JSON.stringify(text)} is no whole number of minutes up to 35000`)
}

function readSwitch(given: Given | undefined): boolean {
  const text = lastOf(given)?.toLowerCase()
  if (text === undefined || ['0', 'false', 'no', 'off'].includes(text)) return false
  if (['1', 'true', 'yes', 'on'].includes(text)) return true
  throw invalid(given, `${JSON.stringify(text)} is neither true nor false`)
}

function readLogLevel(given: Given | undefined): LogLevel {
  const text = lastOf(given) ?? 'info'
  const level = logLevels.find((candidate) => candidate === text)
  if (level) return level
  throw invalid(given, `${JSON.stringify(text)} is no level; one of ${logLevels.join(', ')}`)
}

function invalid(given: Given | undefined, message: string): Error {
  const origin = given?.origin ?? ''
  const text = `${origin}: ${message}`
  return origin.startsWith('--') ? new UsageError(text) : new ConfigError(text)
}
