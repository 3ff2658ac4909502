import type { RuntimeEvent } from '#contract/event.ts'
import type { Frame } from '#runtime/runtime.ts'

/** The event of a frame. Text without escapes, most of a stream, is taken out of its line unparsed. */
export function decodeFrame({ json, seq, type }: Frame): RuntimeEvent {
  if (type !== 'agent_choice' && type !== 'agent_choice_reasoning') return JSON.parse(json)
  const match = plainText.exec(json)
  if (!match) return JSON.parse(json)
  return {
    type,
    seq,
    session_id: match[1] ?? '',
    run_id: match[2] ?? '',
    agent: match[3] ?? '',
    timestamp: match[4] ?? '',
    content: match[5] ?? '',
    part: Number(match[6]),
    offset: Number(match[7]),
  }
}

/** As `toFrame` writes it; a joined range has one field more, and is parsed. */
const plainText =
  /^\{"type":"[a-z_]+","seq":\d+,"session_id":"([^"\\]*)","run_id":"([^"\\]*)","agent":"([^"\\]*)","timestamp":"([^"\\]*)","content":"([^"\\]*)","part":(\d+),"offset":(\d+)\}$/
