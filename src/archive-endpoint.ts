import type { IncomingMessage } from 'node:http'
import type { FinishedTurn } from '#contract/finished-turn.ts'
import { retryAfterOf } from '#providers/retry-after.ts'
import type { ArchiveAnswer, SendTurn } from '#runtime/archiver.ts'
import { explained, type NetworkRules, openGuarded } from '#tools/guarded-connection.ts'
import { signWebhook } from './webhook-signature.ts'

/**
 * Posts finished turns to the operator's URL, signed by the scheme of Standard Webhooks. The status
 * decides; what the answer says beyond it is not read. A redirect counts as a failure, so that no
 * conversation goes where the operator did not send it.
 */
export function createArchiveEndpoint({
  url,
  keys,
  rules,
  version,
  now,
  timeout = 15_000,
}: {
  url: string
  keys: readonly Buffer[]
  rules: NetworkRules
  version: string
  /** Milliseconds since the epoch. */
  now: () => number
  /** Milliseconds from the start of a request to the status of its answer. */
  timeout?: number
}): SendTurn {
  async function post(turn: FinishedTurn, signal: AbortSignal): Promise<ArchiveAnswer> {
    const body = JSON.stringify(turn)
    const seconds = Math.floor(now() / 1000)
    const { status, headers, incoming } = await openGuarded(
      {
        url,
        method: 'POST',
        headers: {
          'content-type': 'application/json',
          'user-agent': `Parley/${version}`,
          ...signWebhook({ id: turn.id, seconds, body, keys }),
        },
        body,
        redirect: 'manual',
        signal,
      },
      rules,
    )
    discard(incoming)
    if (status >= 200 && status < 300) return { type: 'taken' }
    if (status === 410) return { type: 'gone' }
    const wait = retryAfterOf(headers, now())
    return {
      type: 'failed',
      reason: `it answered ${status}`,
      ...(wait === undefined ? {} : { retryAfter: wait / 1000 }),
    }
  }

  return async (turn, signal) => {
    const timer = AbortSignal.timeout(timeout)
    try {
      return await post(turn, AbortSignal.any([signal, timer]))
    } catch (error) {
      signal.throwIfAborted()
      const reason = timer.aborted ? `no answer within ${timeout} ms` : explained(error).message
      return { type: 'failed', reason }
    }
  }
}

/** Lets a short answer end by itself; an endless one ends with the signal of its request. */
function discard(incoming: IncomingMessage): void {
  incoming.on('error', () => undefined)
  incoming.resume()
}
