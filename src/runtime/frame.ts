import type { RuntimeEvent } from '#contract/event.ts'
import type { Frame } from './runtime.ts'

/** An event as it lies in the store. */
export type StoredEvent = {
  runId: string
  sessionId: string
  agent: string
  type: string
  /** The fields of the type as JSON text. */
  data: string
}

/**
 * The one line that every wire shows. Made from the same values when it is first sent and whenever
 * it is read again, so both are byte for byte the same.
 */
export function toFrame(
  event: StoredEvent,
  { seq, seqFrom, timestamp }: { seq: number; seqFrom?: number; timestamp: string },
): Frame {
  const range = seqFrom === undefined ? '' : `,"seq_from":${seqFrom}`
  const head = `{"type":"${event.type}","seq":${seq}${range},"session_id":"${event.sessionId}","run_id":"${event.runId}","agent":${JSON.stringify(event.agent)},"timestamp":"${timestamp}"`
  const json = event.data === '{}' ? `${head}}` : `${head},${event.data.slice(1)}`
  return { seq, type: event.type as RuntimeEvent['type'], runId: event.runId, json }
}
