import type { Feed } from '#runtime/runtime.ts'
import { createFrameEncoder } from './frame-encoder.ts'
import { type Connection, openConnection, type StreamRequest } from './stream-connection.ts'
import type { Ticker } from './ticker.ts'
import { createTurns } from './turns.ts'

/** How often the ticker of the streams ticks, in milliseconds. */
export const tickInterval = 5_000
const ticksPerHeartbeat = 2

export type EventStreams = {
  /** Answers what ends this stream. */
  open(request: StreamRequest): () => void
  /** Ends every stream; the clients connect again, elsewhere or after the restart. */
  close(): void
  size(): number
}

/**
 * Event streams on Node's own responses: plain callbacks, one write for each batch of frames, and a
 * cursor instead of a queue. A client that does not take a write within 30 s is cut off; it can
 * resume where it was.
 */
export function createEventStreams({
  feed,
  ticker,
  onBug,
}: {
  feed: Feed
  ticker: Ticker
  /** A connection broke off because events could not be shown to it. */
  onBug: (error: unknown) => void
}): EventStreams {
  const connections = new Set<Connection>()
  const turns = createTurns({ now: () => performance.now() })
  const shared = { feed, encode: createFrameEncoder(), turns, onBug }
  let unsubscribe: (() => void) | undefined
  let ticks = 0

  function tick(): void {
    ticks += 1
    for (const connection of connections) connection.tick(ticks % ticksPerHeartbeat === 0)
  }

  return {
    open(request) {
      if (request.outgoing.destroyed) {
        request.onDisconnect?.()
        return () => undefined
      }
      unsubscribe ??= ticker.subscribe(tick)
      const connection = openConnection({ ...shared, request })
      connections.add(connection)
      request.outgoing.once('close', () => {
        connections.delete(connection)
        if (connections.size > 0) return
        unsubscribe?.()
        unsubscribe = undefined
      })
      return connection.end
    },
    close() {
      for (const connection of connections) connection.end()
    },
    size: () => connections.size,
  }
}
