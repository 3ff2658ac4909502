import type { EventOf, ToolCall } from './schemas.ts'

export type Delta = EventOf<'agent_choice' | 'agent_choice_reasoning' | 'partial_tool_call'>

/** A model's answer on its way. */
export type Draft = {
  readonly run_id: string
  readonly session_id: string
  readonly agent: string
  /** The text of each part. */
  readonly content: readonly string[]
  readonly reasoning: readonly string[]
  /** Their arguments are still incomplete JSON. */
  readonly tool_calls: readonly ToolCall[]
  /** What it is made of, to take back what a restarted step drops. */
  readonly deltas: readonly Delta[]
}

export function newDraft({ run_id, session_id, agent }: Omit<Draft, keyof typeof nothing>): Draft {
  return { run_id, session_id, agent, ...nothing }
}

export function applyDelta(draft: Draft, delta: Delta): Draft {
  const deltas = [...draft.deltas, delta]
  switch (delta.type) {
    case 'agent_choice':
      return { ...draft, deltas, content: write(draft.content, delta) }
    case 'agent_choice_reasoning':
      return { ...draft, deltas, reasoning: write(draft.reasoning, delta) }
    case 'partial_tool_call':
      return { ...draft, deltas, tool_calls: extendCall(draft.tool_calls, delta) }
  }
}

/** The draft without its deltas above `keepTo`. */
export function rewindDraft(draft: Draft, keepTo: number): Draft {
  return draft.deltas.filter(({ seq }) => seq <= keepTo).reduce(applyDelta, newDraft(draft))
}

const nothing = { content: [], reasoning: [], tool_calls: [], deltas: [] } satisfies Partial<Draft>

/** By offset, so that a row that stands for a range may repeat what is there. */
function write(
  parts: readonly string[],
  { part, offset, content }: { part: number; offset: number; content: string },
): readonly string[] {
  const written = [...parts]
  while (written.length <= part) written.push('')
  written[part] = (written[part] ?? '').slice(0, offset) + content
  return written
}

function extendCall(
  calls: readonly ToolCall[],
  { tool_call_id: id, name, offset, arguments_delta: more }: EventOf<'partial_tool_call'>,
): readonly ToolCall[] {
  const index = calls.findIndex((call) => call.id === id)
  const known = calls[index]?.function ?? { name, arguments: '' }
  const call = {
    id,
    type: 'function' as const,
    function: { name: known.name || name, arguments: known.arguments.slice(0, offset) + more },
  }
  return index === -1 ? [...calls, call] : calls.with(index, call)
}
