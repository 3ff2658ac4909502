import type { ServerResponse } from 'node:http'
import type { Feed, Follower, Frame } from '#runtime/runtime.ts'
import type { StreamView } from './stream-view.ts'
import type { Ticker } from './ticker.ts'

/** How often the ticker of the streams ticks, in milliseconds; the two counts below are ticks. */
export const tickInterval = 5_000
const ticksPerHeartbeat = 2
const ticksToWrite = 6

export type StreamRequest = {
  outgoing: ServerResponse
  headers: Record<string, string>
  /** The root session, whose log is followed. */
  sessionId: string
  after: number
  view: StreamView
  /** The client went away before the stream was at its end. */
  onDisconnect?: () => void
}

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
export function createEventStreams({ feed, ticker }: { feed: Feed; ticker: Ticker }): EventStreams {
  const connections = new Set<Connection>()
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
      const connection = connect(feed, request)
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

type Connection = { tick(heartbeat: boolean): void; end(): void }

function connect(feed: Feed, request: StreamRequest): Connection {
  const { outgoing, sessionId, view } = request
  let position = request.after
  let blockedTicks: number | undefined
  let ended = false

  // Headers and the first bytes leave in one packet, before there is any event.
  outgoing.writeHead(200, { ...streamHeaders, ...request.headers })
  if (view.opening === '') outgoing.flushHeaders()
  else outgoing.write(view.opening)

  const follower: Follower = feed.follow({ sessionId, after: position, onReady: pump })
  outgoing.once('close', () => {
    follower.close()
    if (!ended) request.onDisconnect?.()
    ended = true
  })
  // A socket that breaks also closes; the error itself says nothing more.
  outgoing.on('error', () => undefined)
  outgoing.on('drain', () => {
    blockedTicks = undefined
    pump()
  })
  pump()

  function pump(): void {
    while (!ended && blockedTicks === undefined) {
      const frames = follower.take()
      if (frames) send(frames)
      else if (follower.isOver()) finish('')
      else return
    }
  }

  function send(frames: Frame[]): void {
    let text = ''
    for (const frame of frames) {
      text += view.show(frame)
      position = frame.seq
      if (view.isOver()) {
        finish(text)
        return
      }
    }
    if (text !== '') write(text)
  }

  function write(text: string): void {
    if (!outgoing.write(text)) blockedTicks = 0
  }

  /** What is still on its way counts as a write that must be taken in time. */
  function finish(text: string): void {
    ended = true
    blockedTicks = 0
    outgoing.end(text)
  }

  return {
    tick(heartbeat) {
      if (blockedTicks !== undefined) {
        blockedTicks += 1
        if (blockedTicks >= ticksToWrite) outgoing.destroy()
        return
      }
      if (heartbeat && !ended) write(view.heartbeat(head()))
    },
    end() {
      if (!ended) finish('')
    },
  }

  function head(): number {
    return Math.max(feed.head(sessionId) ?? 0, position)
  }
}

export const streamHeaders = {
  'Content-Type': 'text/event-stream',
  'Cache-Control': 'no-cache, no-transform',
  'X-Accel-Buffering': 'no',
}
