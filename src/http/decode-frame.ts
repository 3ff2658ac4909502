import type { RuntimeEvent } from '#contract/event.ts'
import type { Frame } from '#runtime/runtime.ts'

/** The event of a frame. Text without escapes, most of a stream, is taken out of its line unparsed. */
export function decodeFrame({ json, seq, type }: Frame): RuntimeEvent {
  if (type !== 'agent_choice' && type !== 'agent_choice_reasoning') return JSON.parse(json)
  const match = plainText.exec(json)
  if (!match) return JSON.parse(json)
  const [, session_id = '', run_id = '', agent = '', timestamp = '', content = '', part, offset] =
    match
  const place = { seq, session_id, run_id, agent, timestamp }
  return { type, ...place, content, part: Number(part), offset: Number(offset) }
}

/** As `toFrame` writes it; a joined range has one field more, and is parsed. */
const plainText =
  /^\{"type":"[a-z_]+","seq":\d+,"session_id":"([^"\\]*)","run_id":"([^"\\]*)","agent":"([^"\\]*)","timestamp":"([^"\\]*)","content":"([^"\\]*)","part":(\d+),"offset":(\d+)\}$/
