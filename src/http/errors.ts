import { type FieldError, Problem, type ProblemDocument } from '#contract/problem.ts'
import { problemKinds } from '#contract/problem-kinds.ts'
import type { Logger } from '#log.ts'
import type { AppContext } from './env.ts'

/** Any thrown value as a problem. Internals stay in the log. */
export function toProblem(error: unknown, c: AppContext, log: Logger): Problem {
  return error instanceof Problem ? error : hideBug(error, c, log)
}

/** Seconds after which the same request may succeed. */
export function retryAfter({ code, details }: Problem): number | undefined {
  const { status } = problemKinds[code]
  return details.retry_after ?? (status === 503 || status === 429 ? 1 : undefined)
}

/** A problem as the contract tells it. */
export function answerProblem(problem: Problem, c: AppContext): Response {
  const { status, title } = problemKinds[problem.code]
  const document: ProblemDocument = {
    type: `urn:parley:problem:${problem.code}`,
    title,
    status,
    detail: problem.message,
    code: problem.code,
    request_id: c.get('requestId'),
    ...problem.details,
  }
  const wait = retryAfter(problem)
  if (wait !== undefined) {
    document.retry_after = wait
    c.header('Retry-After', String(wait))
  }
  if (status === 401) c.header('WWW-Authenticate', challengeOf(c))
  c.header('Content-Type', 'application/problem+json')
  return c.body(JSON.stringify(document), status)
}

/** How to say who calls; that what was sent is wrong, when something was (RFC 6750). */
export function challengeOf(c: AppContext): string {
  const isWrong = c.req.header('authorization') !== undefined
  return isWrong ? 'Bearer realm="parley", error="invalid_token"' : 'Bearer realm="parley"'
}

/** Every field that is wrong, in one problem. */
export function validationProblem(errors: FieldError[]): Problem {
  const [first, ...others] = errors
  const where = first?.path ? `${first.path}: ` : ''
  const more = others.length > 0 ? ` (and ${others.length} more, see errors)` : ''
  return new Problem('validation_failed', `${where}${first?.message ?? 'wrong shape'}${more}`, {
    errors,
  })
}

function hideBug(error: unknown, c: AppContext, log: Logger): Problem {
  const requestId = c.get('requestId')
  log.error('request failed', { request_id: requestId, method: c.req.method, error })
  return new Problem(
    'internal',
    `The server failed to answer; the log has the reason under ${requestId}`,
    { cause: error },
  )
}
