import { Problem } from '#contract/problem.ts'
import type { StartedRun } from '#runtime/runtime.ts'
import type { Principal } from './principal.ts'

/** Starts a run for a caller, or throws a `Problem` when too many are running. */
export type RunAdmission = (
  principal: Pick<Principal, 'tenant' | 'owner' | 'keyId'>,
  start: () => Promise<StartedRun>,
) => Promise<StartedRun>

/**
 * With keys, so many runs of one owner may run at once, on all instances. Starts of one key wait for
 * each other, so that they see what was begun before them; two instances may each let one pass.
 */
export function createRunAdmission({
  most,
  countRunning,
}: {
  most: number
  /** Runs of the owner's sessions that are running or about to; stops counting at `most`. */
  countRunning(principal: { tenant: string; owner: string }, most: number): Promise<number>
}): RunAdmission {
  const lines = new Map<string, Promise<unknown>>()

  return async (principal, start) => {
    const { keyId, tenant, owner } = principal
    if (keyId === undefined) return start()
    const line = JSON.stringify([tenant, owner])
    const before = lines.get(line)
    const turn = Promise.resolve(before)
      .catch(() => undefined)
      .then(() => admit(principal, start))
    lines.set(line, turn)
    try {
      return await turn
    } finally {
      if (lines.get(line) === turn) lines.delete(line)
    }
  }

  async function admit(
    principal: { tenant: string; owner: string },
    start: () => Promise<StartedRun>,
  ) {
    if ((await countRunning(principal, most)) < most) return start()
    throw new Problem(
      'rate_limited',
      `${most} runs are running for this key, which is the most; wait for one to end or cancel one`,
      { retry_after: 1 },
    )
  }
}
