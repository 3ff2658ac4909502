import type { EventOf, RuntimeEvent } from './schemas.ts'

export type Sequence = {
  /** The seq of the last event that was admitted, or the one to begin after. */
  position(): number | undefined
  /** The event, or null when the reader has it already. */
  admit(event: RuntimeEvent): RuntimeEvent | null
}

type Delta = EventOf<'agent_choice' | 'agent_choice_reasoning' | 'partial_tool_call'>

/**
 * Each event once and in order, whatever was sent again. One row of a log may stand for a range that
 * the reader has the beginning of; then only the text after it is admitted.
 */
export function createSequence(after: number | undefined): Sequence {
  let position = after
  const texts = new Map<string, { seq: number; end: number }>()

  /** `seen` lies inside the row's range only when it is a piece of the same part's text. */
  function trim(event: Delta): Delta {
    const part = event.type === 'partial_tool_call' ? event.tool_call_id : event.part
    const key = `${event.run_id} ${event.type} ${part}`
    const seen = texts.get(key)
    const text = event.type === 'partial_tool_call' ? event.arguments_delta : event.content
    const end = event.offset + text.length
    texts.set(key, { seq: event.seq, end })
    if (!seen || event.seq_from === undefined || seen.seq < event.seq_from) return event
    const known = Math.max(0, seen.end - event.offset)
    const rest = { offset: event.offset + known }
    return event.type === 'partial_tool_call'
      ? { ...event, ...rest, arguments_delta: text.slice(known) }
      : { ...event, ...rest, content: text.slice(known) }
  }

  function forget(runId: string): void {
    for (const key of texts.keys()) if (key.startsWith(`${runId} `)) texts.delete(key)
  }

  return {
    position: () => position,
    admit(event) {
      if (position !== undefined && event.seq <= position) return null
      position = event.seq
      if (event.type === 'stream_stopped') forget(event.run_id)
      return isDelta(event) ? trim(event) : event
    },
  }
}

function isDelta(event: RuntimeEvent): event is Delta {
  return (
    event.type === 'agent_choice' ||
    event.type === 'agent_choice_reasoning' ||
    event.type === 'partial_tool_call'
  )
}
