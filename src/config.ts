import { hostname } from 'node:os'
import { join, relative, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { JwtSettings } from '#http/auth-jwt.ts'
import type { Dialect } from '#http/dialects/dialect.ts'
import type { Retention } from '#runtime/housekeeping.ts'
import type { TracingSettings } from '#telemetry/tracing-settings.ts'
import packageJson from '../package.json' with { type: 'json' }
import { readArguments } from './commands/arguments.ts'
import { type Option, serveOptions } from './commands/options.ts'
import { readJwt, readOrigins } from './config-access.ts'
import { type Limits, readLimits } from './config-limits.ts'
import {
  type ArchivePlace,
  type DatabasePlace,
  type ModelTraffic,
  type Registries,
  type RunBudget,
  readAddress,
  readArchive,
  readDatabase,
  readDialectsOff,
  readListen,
  readRegistries,
  readRetention,
  readRunBudget,
  readStandIn,
  readTracing,
  readTraffic,
  usualPeersFile,
} from './config-parts.ts'
import type { ListenAddress } from './listen-address.ts'
import { isLoopback } from './listen-address.ts'
import type { LogFormat, LogLevel } from './log.ts'
import { logFormats, logLevels } from './log.ts'
import {
  type Environment,
  lastOf,
  readChoice,
  readPath,
  readSeconds,
  readSwitch,
  withVariables,
} from './settings.ts'

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
  /** Settings for agents that answer over the wire of pawan; one that was named must be there. */
  pawan: Readonly<{ path: string; named: boolean }>
  /** `HOST` or `HOST:PORT` that tools may reach although they are internal. */
  allowHosts: readonly string[]
  /** Whether Python and JavaScript tools run. */
  enableCode: boolean
  /** Whether agents may run commands. */
  enableShell: boolean
  /** How agents come from registries, and where they are kept. */
  registries: Registries
  listen: ListenAddress
  /** The dialect that has the root of the server. */
  standIn: Dialect | undefined
  /** The names of the dialects that are not spoken. */
  dialectsOff: readonly string[]
  /** What becomes of a call that must be approved, for clients that cannot. */
  dialectApprovals: 'deny' | 'wait'
  /** Only this machine can connect. */
  loopback: boolean
  /** One key with every scope. */
  httpToken: string | undefined
  /** Whose tokens say who calls. */
  jwt: JwtSettings | undefined
  /** No key is needed, whoever can connect. */
  insecureNoAuth: boolean
  /** Origins of web pages that may call; `*`: all. */
  corsOrigins: readonly string[]
  instanceName: string
  database: DatabasePlace
  /** Where model calls go: to the models, to them and into a file, or only to a file. */
  traffic: ModelTraffic
  /** Where finished turns are sent, and what they are signed with; undefined keeps them here only. */
  archive: ArchivePlace | undefined
  /** Seconds after which the deltas of a finished run are joined. */
  compactAfter: number
  /** How long events and idle sessions are kept. */
  retention: Retention
  /** What any run may spend before it asks to go on. */
  runBudget: RunBudget
  /** How much callers may ask for. */
  limits: Limits
  /** Whether the model is asked for titles. */
  titles: boolean
  logLevel: LogLevel
  /** undefined: text on a terminal, else JSON. */
  logFormat: LogFormat | undefined
  /** Where metrics are served without a key. */
  metricsListen: ListenAddress | undefined
  /** Where traces are sent; undefined makes none. */
  tracing: TracingSettings | undefined
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
  options = serveOptions,
}: {
  argv: readonly string[]
  environment: Environment
  directory: string
  /** What flags there may be; a command may have more of its own. */
  options?: readonly Option[]
}): Config {
  const { positionals, given } = readArguments(argv, options)
  const settings = withVariables(given, environment)
  const standIn = readStandIn(settings.get('as'))
  const listen = readListen(settings.get('listen'), standIn, environment)
  const loopback = isLoopback(listen.host)
  const workspace = resolve(directory, lastOf(settings.get('workspace')) ?? '.')
  const pawanFile = readPath(settings.get('config'), directory)
  const agentsWritable = readPath(settings.get('agents-writable'), directory)
  const otherSources = agentsWritable === undefined ? [examples(directory)] : [agentsWritable]
  return Object.freeze({
    version,
    sources: Object.freeze(positionals.length > 0 ? positionals : otherSources),
    directory,
    agentsWritable,
    peersFile: readPath(settings.get('peers'), directory) ?? usualPeersFile(environment),
    defaultAgent: lastOf(settings.get('agent')),
    workspace,
    pawan: Object.freeze({
      path: pawanFile ?? join(workspace, 'pawan.toml'),
      named: pawanFile !== undefined,
    }),
    allowHosts: Object.freeze(settings.get('allow-host')?.values ?? []),
    enableCode: readSwitch(settings.get('enable-code')),
    enableShell: readSwitch(settings.get('enable-shell')),
    registries: Object.freeze(readRegistries(settings, directory)),
    listen: Object.freeze(listen),
    standIn,
    dialectsOff: Object.freeze(readDialectsOff(settings.get('no-dialect'), standIn)),
    dialectApprovals: readChoice(settings.get('dialect-approvals'), ['deny', 'wait'], 'deny'),
    loopback,
    httpToken: lastOf(settings.get('http-token')),
    jwt: readJwt(settings),
    insecureNoAuth: readSwitch(settings.get('insecure-no-auth')),
    corsOrigins: Object.freeze(readOrigins(settings.get('cors-origin'))),
    instanceName: lastOf(settings.get('instance-name')) ?? `parley@${hostname()}`,
    database: Object.freeze(readDatabase(settings, given, directory)),
    traffic: Object.freeze(readTraffic(settings, directory)),
    titles: !readSwitch(settings.get('no-titles')),
    archive: readArchive(settings.get('archive-url'), environment.PARLEY_ARCHIVE_SECRET),
    compactAfter: readSeconds(settings.get('compact-after'), 60),
    retention: Object.freeze(readRetention(settings)),
    runBudget: Object.freeze(readRunBudget(settings)),
    limits: Object.freeze(readLimits(settings)),
    logLevel: readChoice(settings.get('log-level'), logLevels, 'info'),
    logFormat: settings.has('log-format')
      ? readChoice(settings.get('log-format'), logFormats, 'json')
      : undefined,
    metricsListen: readAddress(settings.get('metrics-listen')),
    tracing: readTracing(environment),
    environment,
  })
}

/** The examples that come with the package, as short as a person would name them. */
function examples(directory: string): string {
  const path = fileURLToPath(new URL('../examples', import.meta.url))
  const short = relative(directory, path)
  return short.startsWith('..') ? path : short
}
