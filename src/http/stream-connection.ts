import type { ServerResponse } from 'node:http'
import type { Feed, Follower, Frame } from '#runtime/runtime.ts'
import type { FrameFormat } from './frame-encoder.ts'
import type { StreamView } from './stream-view.ts'
import type { Turns } from './turns.ts'

/** Ticks in which a client has to take a write. */
const ticksToWrite = 6
/** Bytes that a socket is given at once; of longer frames the rest waits until it has taken them. */
const sliceSize = 64 * 1024
/** Characters from which on a batch is worth encoding once for many. */
const sharedSize = 4 * 1024

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

export type Connection = { tick(heartbeat: boolean): void; end(): void }

/**
 * One client of a log. Between two writes it holds its place, not what comes next: while the socket
 * is full, nothing is taken or read for it.
 */
export function openConnection({
  feed,
  encode,
  turns,
  onBug,
  request: { outgoing, headers, sessionId, after, view, onDisconnect },
}: {
  feed: Feed
  encode: (frames: Frame[], format: FrameFormat) => Buffer
  turns: Turns
  onBug: (error: unknown) => void
  request: StreamRequest
}): Connection {
  let position = after
  /** How much was sent of a long frame that is under way. */
  let begun: { seq: number; size: number; sent: number } | undefined
  let blockedTicks: number | undefined
  let ended = false

  // Headers and the first bytes leave in one packet, before there is any event.
  outgoing.writeHead(200, { ...streamHeaders, ...headers })
  if (view.opening === '') outgoing.flushHeaders()
  else outgoing.write(view.opening)

  const follower: Follower = feed.follow({ sessionId, after, onReady: () => turns.soon(pump) })
  outgoing.once('close', () => {
    follower.close()
    if (!ended) onDisconnect?.()
    ended = true
  })
  // A socket that breaks also closes; the error itself says nothing more.
  outgoing.on('error', () => undefined)
  outgoing.on('drain', () => {
    blockedTicks = undefined
    turns.later(pump)
  })
  pump()

  // It is called by whoever commits events, whose run must not suffer for how they are shown.
  function pump(): void {
    try {
      sendAll()
    } catch (error) {
      onBug(error)
      outgoing.destroy()
    }
  }

  function sendAll(): void {
    while (!ended && blockedTicks === undefined) {
      const frames = follower.take()
      if (frames) send(frames)
      else if (follower.isOver()) interrupt()
      else return
    }
    if (blockedTicks !== undefined) follower.rewind(position)
  }

  function send(frames: Frame[]): void {
    if (begun && begun.seq !== frames[0]?.seq) {
      cut()
      return
    }
    const format = isLarge(frames) ? view.formatOf?.(frames) : undefined
    if (format) sendBytes(frames, encode(frames, format))
    else show(frames)
  }

  function sendBytes(frames: Frame[], bytes: Buffer): void {
    const [first] = frames
    if (first && frames.length === 1 && first.json.length > sliceSize) {
      sendSlices(first.seq, bytes)
      return
    }
    position = frames.at(-1)?.seq ?? position
    write(bytes)
  }

  function show(frames: Frame[]): void {
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

  function sendSlices(seq: number, bytes: Buffer): void {
    if (begun && begun.size !== bytes.length) {
      cut()
      return
    }
    let sent = begun?.sent ?? 0
    while (sent < bytes.length && blockedTicks === undefined) {
      write(bytes.subarray(sent, sent + sliceSize))
      sent += sliceSize
    }
    begun = sent < bytes.length ? { seq, size: bytes.length, sent } : undefined
    if (!begun) position = seq
  }

  /** Deltas that were joined meanwhile are no other half of what was sent. The client resumes. */
  function cut(): void {
    blockedTicks = 0
    outgoing.destroy()
  }

  function write(data: string | Buffer): void {
    if (!outgoing.write(data)) blockedTicks = 0
  }

  /** What is still on its way counts as a write that must be taken in time. */
  function finish(text: string): void {
    ended = true
    blockedTicks = 0
    outgoing.end(text)
  }

  /** What it was asked for is not whole. */
  function interrupt(): void {
    finish(begun ? '' : (view.interrupted?.() ?? ''))
  }

  return {
    tick(heartbeat) {
      if (blockedTicks !== undefined) {
        blockedTicks += 1
        if (blockedTicks >= ticksToWrite) outgoing.destroy()
        return
      }
      if (heartbeat && !ended && !begun) write(view.heartbeat(head()))
    },
    end() {
      if (!ended) interrupt()
    },
  }

  function head(): number {
    return Math.max(feed.head(sessionId) ?? 0, position)
  }
}

function isLarge(frames: Frame[]): boolean {
  let size = 0
  for (const { json } of frames) size += json.length
  return size >= sharedSize
}

export const streamHeaders = {
  'Content-Type': 'text/event-stream',
  'Cache-Control': 'no-cache, no-transform',
  'X-Accel-Buffering': 'no',
}
