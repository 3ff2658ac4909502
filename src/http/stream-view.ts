import type { Frame } from '#runtime/runtime.ts'
import type { FrameFormat } from './frame-encoder.ts'

/**
 * How one connection shows a session's log: the bytes of each frame, in order. A view may remember
 * what it showed, so each connection has its own.
 */
export type StreamView = {
  /** Sent with the headers. */
  opening: string
  /** What a frame looks like; empty for one that this wire does not show. */
  show(frame: Frame): string
  /**
   * How a batch looks, when it looks so to every connection that shows it whole; undefined when it
   * has to be shown frame by frame. A batch may be asked for again.
   */
  formatOf?(frames: Frame[]): FrameFormat | undefined
  /** After the last shown frame nothing follows: the stream ends. */
  isOver(): boolean
  /** What keeps an idle connection open; `head` is the newest seq known. */
  heartbeat(head: number): string
  /** The last words where the server ends the stream before it is over; nothing when missing. */
  interrupted?(): string
}

/** The contract's own wire: each event as one `data:` line under its seq. */
export function createNativeView({
  sessionId,
  untilRun,
  waits = false,
  eventNames,
  namedHeartbeat,
}: {
  /** The root session, whose log is followed. */
  sessionId: string
  /** The stream ends after this run's own `stream_stopped`. */
  untilRun?: string
  /** That run waits behind others, whose events are not shown. */
  waits?: boolean
  eventNames: boolean
  namedHeartbeat: boolean
}): StreamView {
  let over = false
  let waiting = waits
  const format = eventNames ? namedFrame : plainFrame

  function isEnd(frame: Frame): boolean {
    return untilRun !== undefined && stopsRun(frame, sessionId, untilRun)
  }

  return {
    opening: 'retry: 1000\n\n',
    show(frame) {
      waiting &&= frame.runId !== untilRun
      if (waiting) return ''
      over = isEnd(frame)
      return format(frame)
    },
    formatOf(frames) {
      waiting &&= frames[0]?.runId !== untilRun
      return waiting || frames.some(isEnd) ? undefined : format
    },
    isOver: () => over,
    heartbeat: (head) =>
      namedHeartbeat
        ? `event: heartbeat\ndata: {"type":"heartbeat","head":${head}}\n\n`
        : ': heartbeat\n\n',
  }
}

function plainFrame({ seq, json }: Frame): string {
  return `id: ${seq}\ndata: ${json}\n\n`
}

function namedFrame({ seq, type, json }: Frame): string {
  return `id: ${seq}\nevent: ${type}\ndata: ${json}\n\n`
}

/** A sub-agent's run stops on the same log; only the run's own end ends its stream. */
export function stopsRun(frame: Frame, sessionId: string, runId: string): boolean {
  if (frame.type !== 'stream_stopped' || frame.runId !== runId) return false
  return JSON.parse(frame.json).session_id === sessionId
}
