import type { ServerResponse } from 'node:http'
import { Problem } from '#contract/problem.ts'

export type StreamLimits = {
  /** Connections that are held open, of everybody together. */
  instance: number
  /** Of one key. */
  key: number
}

export type StreamSeats = {
  /**
   * Holds a place for a connection that stays open, until it closes; once for each response,
   * however often it is asked. Throws a `Problem` when there is none.
   */
  take(outgoing: ServerResponse, keyId: string | undefined): void
  taken(): number
}

/** How many answers may stay open: streams, and requests that wait for a run to end. */
export function createStreamSeats({ instance, key }: StreamLimits): StreamSeats {
  const seated = new Set<ServerResponse>()
  const byKey = new Map<string, number>()

  function add(keyId: string | undefined, count: number): void {
    if (keyId === undefined) return
    const left = (byKey.get(keyId) ?? 0) + count
    if (left > 0) byKey.set(keyId, left)
    else byKey.delete(keyId)
  }

  return {
    take(outgoing, keyId) {
      if (seated.has(outgoing) || outgoing.destroyed) return
      if (keyId !== undefined && (byKey.get(keyId) ?? 0) >= key) {
        throw new Problem(
          'rate_limited',
          `This key has ${key} streams open, which is the most; close one first`,
          { retry_after: 1 },
        )
      }
      if (seated.size >= instance) {
        throw new Problem(
          'unavailable',
          `This instance has ${instance} streams open, which is the most; try again, or another instance`,
          { retry_after: 5 },
        )
      }
      seated.add(outgoing)
      add(keyId, 1)
      outgoing.once('close', () => {
        seated.delete(outgoing)
        add(keyId, -1)
      })
    },
    taken: () => seated.size,
  }
}
