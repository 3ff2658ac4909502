import { Problem } from '#contract/problem.ts'

/** As long as a run may go on without a renewal: then it is somebody else's to ask. */
const longest = 10_000
const firstDelay = 100
const longestDelay = 500

/**
 * Asks again while the database is away, for ten seconds at most: a run that lets go of itself for a
 * moment without the database would stand still until its lease ran out. What is asked must do no
 * harm when it is done twice.
 */
export function patient<Arguments extends unknown[], Answer>(
  ask: (...rest: Arguments) => Promise<Answer>,
): (...rest: Arguments) => Promise<Answer> {
  return async (...rest) => {
    const until = performance.now() + longest
    for (let delay = firstDelay; ; delay = Math.min(2 * delay, longestDelay)) {
      try {
        return await ask(...rest)
      } catch (error) {
        if (!isUnavailable(error) || performance.now() > until) throw error
      }
      await sleep(delay * (1 + Math.random()))
    }
  }
}

/** The database cannot be asked now. */
export function isUnavailable(error: unknown): boolean {
  return error instanceof Problem && error.code === 'unavailable'
}

function sleep(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds))
}
