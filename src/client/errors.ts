import type { Problem, ProblemCode } from './schemas.ts'

/** The server answered with an error status. */
export class ApiError extends Error {
  override name = 'ApiError'
  readonly status: number
  /** What the server says about it; null when something else answered, a proxy for example. */
  readonly problem: Problem | null
  readonly code: ProblemCode | null
  /** Milliseconds that the server asks to wait before the next try. */
  readonly retryAfter: number | null

  constructor(response: { status: number; url: string; headers: Headers }, body: string) {
    const problem = toProblem(body)
    super(
      problem
        ? `${problem.code}: ${problem.detail}`
        : `${response.url} answered ${response.status} without a problem document`,
    )
    this.status = response.status
    this.problem = problem
    this.code = problem?.code ?? null
    this.retryAfter = toRetryAfter(response.headers.get('retry-after'), problem)
  }
}

/** No answer came, or the connection broke before its end. The cause says why. */
export class ConnectionError extends Error {
  override name = 'ConnectionError'
}

/** What came is no event stream of this contract; another try would not help. */
export class StreamError extends Error {
  override name = 'StreamError'
}

/** Whether the same request may succeed later: no answer, too many requests, a server in trouble. */
export function isPassing(error: unknown): boolean {
  if (error instanceof ApiError) return error.status === 429 || error.status >= 500
  return error instanceof ConnectionError
}

function toProblem(body: string): Problem | null {
  const value = parseJson(body)
  return isProblem(value) ? value : null
}

function isProblem(value: unknown): value is Problem {
  return (
    typeof value === 'object' &&
    value !== null &&
    'code' in value &&
    typeof value.code === 'string' &&
    'detail' in value &&
    typeof value.detail === 'string'
  )
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return null
  }
}

/** The header is seconds or a date; a page of another origin may not see it, hence the body's. */
function toRetryAfter(header: string | null, problem: Problem | null): number | null {
  const seconds = header === null ? Number.NaN : Number(header)
  if (Number.isFinite(seconds)) return Math.max(0, seconds * 1000)
  const date = header === null ? Number.NaN : Date.parse(header)
  if (Number.isFinite(date)) return Math.max(0, date - Date.now())
  return problem?.retry_after === undefined ? null : problem.retry_after * 1000
}
