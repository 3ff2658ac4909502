import { Problem } from '#contract/problem.ts'
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
}

const none: McpSession = { id: null, asks: { form: false, url: false }, level: 'info' }

export function beginSession(id: string, capabilities: unknown): McpSession {
  const asked = isFields(capabilities) ? capabilities.elicitation : undefined
  if (!isFields(asked)) return { ...none, id }
  const url = isFields(asked.url)
  // Before there were two ways, an empty object meant forms.
  return { ...none, id, asks: { form: isFields(asked.form) || !url, url } }
}

export function toSessionId({ id, asks: { form, url }, level }: McpSession): string {
  const ways = [...(form ? ['form'] : []), ...(url ? ['url'] : [])]
  return [id, ways.join('+') || 'none', level].join('.')
}

/** Without an id nothing is agreed; an id that is none of ours makes its client begin anew. */
export function readSession(text: string | undefined): McpSession {
  if (text === undefined) return none
  const [, id, ways = '', level] =
    /^(ses_[0-9a-z]{1,40})\.([a-z+]{3,8})\.([a-z]+)$/.exec(text) ?? []
  if (id === undefined || !isLogLevel(level)) {
    throw new Problem('not_found', 'There is no such MCP session; initialize a new one')
  }
  const known = ways.split('+')
  return { id, asks: { form: known.includes('form'), url: known.includes('url') }, level }
}

export function isLogLevel(value: unknown): value is LogLevel {
  return logLevels.some((level) => level === value)
}
