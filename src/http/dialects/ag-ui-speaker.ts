import type { RuntimeEvent } from '#contract/event.ts'
import type { AgUiMessage } from './ag-ui-messages.ts'

export type AgUiFrame = { type: string; [field: string]: unknown }
export type Speaker = ReturnType<typeof createSpeaker>

/** The messages as the client holds them, for when some must be taken back. */
export type Transcript = { messages: unknown[] }

type Called = { name: string; shown: number; ended: boolean }
type Event<Type extends RuntimeEvent['type']> = Extract<RuntimeEvent, { type: Type }>

/**
 * The steps of one agent's run: text, reasoning and calls open and close as they come. The ids of
 * messages are made of the run and the step, so that every connection shows the same.
 */
export function createSpeaker({
  runId,
  tag,
  transcript,
}: {
  runId: string
  /** On all that a sub-agent says. */
  tag: { subagentRunId?: string }
  transcript: Transcript
}) {
  let step = 0
  let isStepOpen = false
  let open: 'text' | 'reasoning' | null = null
  let text: (AgUiMessage & { role: 'assistant' }) | null = null
  let thought: (AgUiMessage & { role: 'reasoning' }) | null = null
  let calls = new Map<string, Called>()

  const id = () => `${runId}-${step}`
  const thoughtId = () => `${id()}-reasoning`

  function close(): AgUiFrame[] {
    const was = open
    open = null
    if (was === 'text') return [{ type: 'TEXT_MESSAGE_END', messageId: id(), ...tag }]
    if (was === null) return []
    return [
      { type: 'REASONING_MESSAGE_END', messageId: thoughtId(), ...tag },
      { type: 'REASONING_END', messageId: thoughtId(), ...tag },
    ]
  }

  function answer(): AgUiMessage & { role: 'assistant' } {
    if (text) return text
    text = { id: id(), role: 'assistant', content: '', ...tag }
    transcript.messages.push(text)
    return text
  }

  function say(delta: string): AgUiFrame[] {
    if (delta === '') return []
    const before = open === 'text' ? [] : close()
    const message = answer()
    message.content += delta
    const start = { type: 'TEXT_MESSAGE_START', messageId: id(), role: 'assistant', ...tag }
    const content = { type: 'TEXT_MESSAGE_CONTENT', messageId: id(), delta, ...tag }
    const frames = open === 'text' ? [content] : [...before, start, content]
    open = 'text'
    return frames
  }

  function think(delta: string): AgUiFrame[] {
    if (delta === '') return []
    const before = open === 'reasoning' ? [] : close()
    if (!thought) {
      thought = { id: thoughtId(), role: 'reasoning', content: '', ...tag }
      transcript.messages.push(thought)
    }
    thought.content += delta
    const place = { messageId: thoughtId(), ...tag }
    const content = { type: 'REASONING_MESSAGE_CONTENT', ...place, delta }
    if (open === 'reasoning') return [content]
    open = 'reasoning'
    return [
      ...before,
      { type: 'REASONING_START', ...place },
      { type: 'REASONING_MESSAGE_START', ...place, role: 'reasoning' },
      content,
    ]
  }

  function write(callId: string, name: string, delta: string): AgUiFrame[] {
    const known = calls.get(callId)
    const called = known ?? { name, shown: 0, ended: false }
    called.shown += delta.length
    const frames = known ? [] : begin(callId, name)
    calls.set(callId, called)
    const shown = answer().toolCalls?.find((call) => call.id === callId)
    if (shown) shown.function.arguments += delta
    const args = { type: 'TOOL_CALL_ARGS', toolCallId: callId, delta, ...tag }
    return delta === '' ? frames : [...frames, args]
  }

  function begin(callId: string, name: string): AgUiFrame[] {
    const before = close()
    const message = answer()
    message.toolCalls = [
      ...(message.toolCalls ?? []),
      { id: callId, type: 'function', function: { name, arguments: '' } },
    ]
    const start = { toolCallId: callId, toolCallName: name, parentMessageId: id(), ...tag }
    return [...before, { type: 'TOOL_CALL_START', ...start }]
  }

  function end(callId: string): AgUiFrame[] {
    const called = calls.get(callId)
    if (!called || called.ended) return []
    called.ended = true
    return [{ type: 'TOOL_CALL_END', toolCallId: callId, ...tag }]
  }

  function result(toolCallId: string, content: unknown, metadata: object): AgUiFrame[] {
    const message = { id: `${toolCallId}-result`, role: 'tool', toolCallId, content, ...tag }
    transcript.messages.push(message)
    const { id: messageId, ...fields } = message
    return [{ type: 'TOOL_CALL_RESULT', messageId, ...fields, metadata }]
  }

  function closeAll(): AgUiFrame[] {
    return [...close(), ...[...calls.keys()].flatMap(end)]
  }

  function closeStep(): AgUiFrame[] {
    const frames = closeAll()
    if (!isStepOpen) return frames
    isStepOpen = false
    return [...frames, { type: 'STEP_FINISHED', stepName: `step ${step}`, ...tag }]
  }

  return {
    say,
    think,
    write,
    closeStep,
    beginStep(next: number): AgUiFrame[] {
      const frames = closeStep()
      step = next
      isStepOpen = true
      text = null
      thought = null
      calls = new Map()
      return [...frames, { type: 'STEP_STARTED', stepName: `step ${step}`, ...tag }]
    },
    /**
     * What the step said is taken back: its message leaves the list. Clients keep reasoning that a
     * snapshot without any doesn't have, so this stays there, empty, to be filled again.
     */
    restartStep(): AgUiFrame[] {
      const frames = closeAll()
      if (!text && !thought) return frames
      transcript.messages = transcript.messages.filter((message) => message !== text)
      if (thought) thought.content = ''
      text = null
      calls = new Map()
      return [...frames, { type: 'MESSAGES_SNAPSHOT', messages: transcript.messages }]
    },
    /** The whole message: what was not shown of it, and the ends of its calls. */
    complete({ message }: Event<'message_added'>): AgUiFrame[] {
      const said = text?.content === undefined || text.content === '' ? say(message.content) : []
      const frames = [...said, ...close()]
      const whole = message.tool_calls ?? []
      for (const { id: callId, function: called } of whole) {
        const shown = calls.get(callId)?.shown ?? 0
        frames.push(...write(callId, called.name, called.arguments.slice(shown)), ...end(callId))
      }
      for (const callId of calls.keys()) {
        if (whole.some((call) => call.id === callId)) continue
        const why = 'The call was cut off before it was whole; nothing ran'
        frames.push(...end(callId), ...result(callId, why, { state: 'cancelled', isError: true }))
      }
      return frames
    },
    respond({ tool_call: call, result: given, state }: Event<'tool_call_response'>): AgUiFrame[] {
      const images = (given.images ?? []).map(({ data, mime_type }) => ({
        type: 'image',
        source: { type: 'data', value: data, mimeType: mime_type },
      }))
      const content =
        images.length > 0 ? [{ type: 'text', text: given.output }, ...images] : given.output
      return result(call.id, content, { state, isError: given.is_error })
    },
    /** What somebody said to the run while it went on. */
    hear({
      message_id: messageId,
      message: { role, content },
    }: Event<'user_message'>): AgUiFrame[] {
      const before = close()
      transcript.messages.push({ id: messageId, role, content })
      const delta = { type: 'TEXT_MESSAGE_CONTENT', messageId, delta: content }
      return [
        ...before,
        { type: 'TEXT_MESSAGE_START', messageId, role },
        ...(content === '' ? [] : [delta]),
        { type: 'TEXT_MESSAGE_END', messageId },
      ]
    },
  }
}
