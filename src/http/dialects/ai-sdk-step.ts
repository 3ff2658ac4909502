import type { RuntimeEvent } from '#contract/event.ts'
import { type UiPart as Chunk, decoded } from './ai-sdk-messages.ts'

type Event<Type extends RuntimeEvent['type']> = Extract<RuntimeEvent, { type: Type }>

/** The chunks of the steps of a run: text, reasoning and inputs of tools begin and end. */
export function createSteps() {
  let isOpen = false
  let isShown = false
  let part: { kind: 'text' | 'reasoning'; id: string } | null = null
  let parts = 0
  const calls = new Set<string>()

  function close(): Chunk[] {
    const was = part
    part = null
    return was ? [{ type: `${was.kind}-end`, id: was.id }] : []
  }

  function say(kind: 'text' | 'reasoning', delta: string): Chunk[] {
    if (delta === '') return []
    isShown = true
    if (part?.kind === kind) return [{ type: `${kind}-delta`, id: part.id, delta }]
    const before = close()
    parts += 1
    const id = `${kind}-${parts}`
    part = { kind, id }
    return [...before, { type: `${kind}-start`, id }, { type: `${kind}-delta`, id, delta }]
  }

  function end(): Chunk[] {
    const chunks = close()
    if (!isOpen) return chunks
    isOpen = false
    return [...chunks, { type: 'finish-step' }]
  }

  return {
    say,
    close,
    end,
    begin(): Chunk[] {
      const chunks = end()
      isOpen = true
      isShown = false
      return [...chunks, { type: 'start-step' }]
    },
    /** What the step said is taken back. */
    restart(): Chunk[] {
      part = null
      calls.clear()
      const was = isShown
      isShown = false
      return was ? [{ type: 'reset-step' }] : []
    },
    write(event: Event<'partial_tool_call'>, isClients: boolean): Chunk[] {
      const { tool_call_id: toolCallId, name: toolName, arguments_delta: delta } = event
      const before = close()
      const start = { type: 'tool-input-start', toolCallId, toolName, ...executed(isClients) }
      const chunks = calls.has(toolCallId) ? before : [...before, start]
      calls.add(toolCallId)
      isShown = true
      return delta === ''
        ? chunks
        : [...chunks, { type: 'tool-input-delta', toolCallId, inputTextDelta: delta }]
    },
    /** The message of the step is whole: what was begun of calls that it lacks is over. */
    complete({ message }: Event<'message_added'>): Chunk[] {
      if (message.role !== 'assistant') return []
      const cut = [...calls].filter((id) => !message.tool_calls?.some((call) => call.id === id))
      calls.clear()
      const errorText = 'The call was cut off before it was whole; nothing ran'
      const errors = cut.map((toolCallId) => ({
        type: 'tool-output-error',
        toolCallId,
        errorText,
        ...executed(false),
      }))
      return [...close(), ...errors]
    },
  }
}

/** The calls of a message, which may be a sub-agent's. */
export function callsOf(
  { message }: Event<'message_added'>,
  isClients: (name: string) => boolean,
): Chunk[] {
  return (message.tool_calls ?? []).map(({ id: toolCallId, function: called }) => ({
    type: 'tool-input-available',
    toolCallId,
    toolName: called.name,
    input: decoded(called.arguments),
    ...executed(isClients(called.name)),
  }))
}

/** Nobody has to give the results of what the server runs. */
export function executed(isClients: boolean): { providerExecuted?: true } {
  return isClients ? {} : { providerExecuted: true }
}
