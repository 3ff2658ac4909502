import { Problem } from '#contract/problem.ts'

/** The database cannot be asked now. */
export function unavailable(cause?: unknown): Problem {
  const message = 'The database cannot be reached; try again in a moment'
  return new Problem('unavailable', message, { retry_after: 1, cause })
}

/** What a driver threw, as the problem it is for a caller; any other error stays as it is. */
export function toProblem(error: unknown): unknown {
  const code = codeOf(error)
  if (code === undefined) return error
  if (isAway(code)) return unavailable(error)
  if (isUnstorable(code, error)) {
    const message = 'The request holds text that cannot be stored: U+0000 or half of a character'
    return new Problem('validation_failed', message, { cause: error })
  }
  return error
}

function codeOf(error: unknown): string | undefined {
  if (!(error instanceof Error) || !('code' in error)) return undefined
  return typeof error.code === 'string' ? error.code : undefined
}

const awayCodes = new Set([
  // The driver's and the socket's.
  'CONNECTION_CLOSED',
  'CONNECTION_ENDED',
  'CONNECTION_DESTROYED',
  'CONNECT_TIMEOUT',
  'ECONNREFUSED',
  'ECONNRESET',
  'EPIPE',
  'ENOENT',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ETIMEDOUT',
  // Too many connections, a read-only standby, a statement that took too long, a deadlock's
  // victim, a transaction that idled.
  '53300',
  '25006',
  '57014',
  '55P03',
  '40P01',
  '25P03',
])

// 08: connection; 57P: shutdown, crash, starting up.
function isAway(code: string): boolean {
  return awayCodes.has(code) || code.startsWith('08') || code.startsWith('57P')
}

function isUnstorable(code: string, error: unknown): boolean {
  if (code === '22P05' || code === '22021') return true
  return code === '22P02' && error instanceof Error && error.message.includes('type json')
}
