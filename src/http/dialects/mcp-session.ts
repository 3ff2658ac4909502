import { Problem } from '#contract/problem.ts'
import type { Call } from './dialect.ts'
import { isFields } from './fields.ts'

/** Severities, the least first. */
export const logLevels = [
  'debug',
  'info',
  'notice',
  'warning',
  'error',
  'critical',
  'alert',
  'emergency',
] as const
export type LogLevel = (typeof logLevels)[number]

/**
 * What is agreed with a client. All of it stands in the session's id, so that any instance can
 * answer any request, also after a restart.
 */
export type McpSession = {
  id: string | null
  /** How the client can ask its user. */
  asks: { form: boolean; url: boolean }
  level: LogLevel
  /** Of the protocol. */
  version: string
}

/** `version` is what a client without a session says of itself. */
function noSession(version: string): McpSession {
  return { id: null, asks: { form: false, url: false }, level: 'info', version }
}

export function beginSession(id: string, version: string, capabilities: unknown): McpSession {
  const session = { ...noSession(version), id }
  const asked = isFields(capabilities) ? capabilities.elicitation : undefined
  if (!isFields(asked)) return session
  const url = isFields(asked.url)
  // Before there were two ways, an empty object meant forms.
  return { ...session, asks: { form: isFields(asked.form) || !url, url } }
}

export function toSessionId({ id, asks: { form, url }, level, version }: McpSession): string {
  const ways = [...(form ? ['form'] : []), ...(url ? ['url'] : [])]
  return [id, ways.join('+') || 'none', level, version].join('.')
}

/** Clients of older versions take every event for a message. */
export function takesEmptyEvents({ version }: McpSession): boolean {
  return version >= '2025-11-25'
}

/** Without an id nothing is agreed; an id that is none of ours makes its client begin anew. */
export function readSession({ header }: Pick<Call, 'header'>): McpSession {
  const text = header('mcp-session-id')
  if (text === undefined) return noSession(header('mcp-protocol-version') ?? '')
  const [, id, ways = '', level, version = ''] = pattern.exec(text) ?? []
  if (id === undefined || !isLogLevel(level)) {
    throw new Problem('not_found', 'There is no such MCP session; initialize a new one')
  }
  const known = ways.split('+')
  const asks = { form: known.includes('form'), url: known.includes('url') }
  return { id, asks, level, version }
}

const pattern = /^(ses_[0-9a-z]{1,40})\.([a-z+]{3,8})\.([a-z]+)\.(\d{4}-\d\d-\d\d)$/

export function isLogLevel(value: unknown): value is LogLevel {
  return logLevels.some((level) => level === value)
}
