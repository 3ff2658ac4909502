import { homedir } from 'node:os'
import { join, resolve } from 'node:path'
import type { Dialect } from '#http/dialects/dialect.ts'
import type { Retention } from '#runtime/housekeeping.ts'
import { readTracingSettings, type TracingSettings } from '#telemetry/tracing-settings.ts'
import type { Given } from './commands/arguments.ts'
import { ConfigError, UsageError } from './commands/failure.ts'
import { dialects, findStandIn, standInNames } from './dialects.ts'
import type { ListenAddress } from './listen-address.ts'
import { parseListenAddress } from './listen-address.ts'
import {
  type Environment,
  invalid,
  lastOf,
  readCount,
  readMinutes,
  readSeconds,
  readSwitch,
  type Settings,
} from './settings.ts'
import { readSigningKeys } from './webhook-signature.ts'

export type Registries = Readonly<{
  /** Minutes between pulls; undefined pulls only at start. */
  pullInterval: number | undefined
  /** `HOST` or `HOST:PORT` that speak plain HTTP. */
  insecure: readonly string[]
  /** They may do what files may. */
  trusted: boolean
  cacheDirectory: string
}>
export type DatabasePlace =
  | { kind: 'embedded'; dataDirectory: string }
  | { kind: 'postgres'; url: string }
export type ModelTraffic =
  | { kind: 'live' }
  | { kind: 'record'; file: string }
  | { kind: 'fake'; file: string }
export type ArchivePlace = Readonly<{ url: string; keys: readonly Buffer[] }>
export type RunBudget = Readonly<{ seconds?: number; tool_calls?: number }>

export function readStandIn(given: Given | undefined): Dialect | undefined {
  const name = lastOf(given)
  if (name === undefined) return undefined
  const dialect = findStandIn(name)
  if (dialect) return dialect
  throw invalid(
    given,
    `there is no ${JSON.stringify(name)}; there are: ${standInNames().join(', ')}`,
  )
}

/** The names of those that are not spoken; the one that has the root must be. */
export function readDialectsOff(
  given: Given | undefined,
  standIn: Dialect | undefined,
): readonly string[] {
  const known = dialects.map(({ name }) => name)
  const names = [...new Set(given?.values)]
  const unknown = names.find((name) => !known.includes(name))
  if (unknown !== undefined) {
    throw invalid(given, `there is no ${JSON.stringify(unknown)}; there are: ${known.join(', ')}`)
  }
  if (standIn && names.includes(standIn.name)) {
    throw invalid(given, `${standIn.name} has the root of the server; leave one of the two out`)
  }
  return names
}

export function readListen(
  given: Given | undefined,
  standIn: Dialect | undefined,
  environment: Environment,
): ListenAddress {
  const { port = 8080, portVariable = '' } = standIn ?? {}
  const own = Number(/^\d{1,5}$/.exec(environment[portVariable] ?? '')?.[0] ?? port)
  return readAddress(given) ?? { host: '127.0.0.1', port: own > 65_535 ? port : own }
}

export function readAddress(given: Given | undefined): ListenAddress | undefined {
  const text = lastOf(given)
  if (text === undefined) return undefined
  const address = parseListenAddress(text)
  if (address) return address
  throw invalid(
    given,
    `${JSON.stringify(text)} is no address; write 127.0.0.1:8080, :8080 or [::1]:8080`,
  )
}

export function readDatabase(
  settings: Settings,
  flags: Settings,
  directory: string,
): DatabasePlace {
  if (flags.has('data-dir') && flags.has('database-url')) {
    throw new UsageError('--data-dir and --database-url exclude each other; give one')
  }
  const url = settings.get('database-url')
  // A directory that was asked for by flag is not overruled by a variable.
  if (url && !flags.has('data-dir')) return { kind: 'postgres', url: readDatabaseUrl(url) }
  return { kind: 'embedded', dataDirectory: readDataDirectory(settings, directory) }
}

export function readRegistries(settings: Settings, directory: string): Registries {
  return {
    pullInterval: readMinutes(settings.get('pull-interval')),
    insecure: Object.freeze(settings.get('insecure-registry')?.values ?? []),
    trusted: readSwitch(settings.get('enable-stdio')),
    cacheDirectory: join(readDataDirectory(settings, directory), 'registry'),
  }
}

export function readTraffic(settings: Settings, directory: string): ModelTraffic {
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
export function readArchive(
  given: Given | undefined,
  secret: string | undefined,
): ArchivePlace | undefined {
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

/** The standard variables of OpenTelemetry. */
export function readTracing(environment: Environment): TracingSettings | undefined {
  try {
    return readTracingSettings(environment)
  } catch (error) {
    throw new ConfigError(error instanceof Error ? error.message : String(error), { cause: error })
  }
}

/** Zero is for no limit. */
export function readRunBudget(settings: Settings): RunBudget {
  const seconds = readSeconds(settings.get('max-run-seconds'), 30 * 60)
  const calls = readCount(settings.get('max-run-tool-calls'), 200)
  return { ...(seconds > 0 && { seconds }), ...(calls > 0 && { tool_calls: calls }) }
}

export function readRetention(settings: Settings): Retention {
  return {
    events: readCount(settings.get('event-retention'), 30),
    sessions: readSeconds(settings.get('session-timeout'), 0),
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

/** In the user's configuration directory. */
export function usualPeersFile({ XDG_CONFIG_HOME, HOME }: Environment): string {
  const home = XDG_CONFIG_HOME || join(HOME || homedir(), '.config')
  return join(home, 'aegis', 'aegis-net.toml')
}
