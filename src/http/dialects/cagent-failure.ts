import { Problem } from '#contract/problem.ts'
import type { Session } from '#contract/session.ts'
import type { Call } from './dialect.ts'

/** The session that the path names. */
export async function findSession({ params, house }: Call): Promise<Session> {
  const session = await house.sessions.get(params.id ?? '')
  if (!session) throw notFound(params.id)
  return session
}

export function notFound(id: string | undefined): Problem {
  return new Problem('not_found', `session not found: ${id}`)
}

/** What is thrown begins with what was being done. */
export async function during<Result>(
  failing: string,
  work: () => Promise<Result>,
): Promise<Result> {
  try {
    return await work()
  } catch (error) {
    throw error instanceof Problem ? explained(error, failing) : error
  }
}

function explained(problem: Problem, failing: string): Problem {
  const { code, message, details } = problem
  return new Problem(code, `${failing}: ${message}`, { ...details, cause: problem })
}
