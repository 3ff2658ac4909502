import type { RuntimeEvent } from '#contract/event.ts'
import type { Run } from '#contract/run.ts'
import {
  type UiPart as Chunk,
  decoded,
  type Question,
  questionData,
  questionText,
} from './ai-sdk-messages.ts'
import { callsOf, createSteps, executed } from './ai-sdk-step.ts'
import type { EventView } from './dialect.ts'

type Event<Type extends RuntimeEvent['type']> = Extract<RuntimeEvent, { type: Type }>

type Begun = Pick<Run, 'id' | 'session_id' | 'agent' | 'created_at'>

/**
 * A run as the UI message stream of the AI SDK, until it is over or waits for its user: one message
 * whose steps are those of the run. Sub-agents are seen by their calls, and by what they answer.
 */
export function createAiSdkView({
  run,
  messageId,
  isFromStart,
  isContinued = false,
  clientTools = [],
  asked = [],
  given = [],
  said = [],
  waitsBefore = 0,
}: {
  run: Begun
  messageId: string
  /** The stream shows the run from its first event, else from where it waited. */
  isFromStart: boolean
  /** The client goes on with the message that has the calls from before. */
  isContinued?: boolean
  /** The names of the tools that the client runs. */
  clientTools?: string[]
  /** The calls that the client was asked about before. */
  asked?: string[]
  /** The calls whose results the client gave. */
  given?: string[]
  /** What the client says to the run as it goes on. */
  said?: string[]
  /** The run went on after waiting at an event up to this seq. */
  waitsBefore?: number
}): EventView {
  const steps = createSteps()
  const decided = new Set(asked)
  const theirs = new Set(given)
  const approvals = new Map<string, string>()
  const shown = new Set<string>()
  const own = [...said]
  const isClients = (name: string) => clientTools.includes(name)
  let failure: string | null = null
  let isBegun = !isFromStart
  let over = false

  function showStep(event: RuntimeEvent): Chunk[] {
    switch (event.type) {
      case 'step_started':
        return steps.begin()
      case 'agent_choice':
        return steps.say('text', event.content)
      case 'agent_choice_reasoning':
        return steps.say('reasoning', event.content)
      case 'partial_tool_call':
        return steps.write(event, isClients(event.name))
      case 'step_restarted':
        return steps.restart()
      case 'stream_started':
        isBegun = true
        return [metadata({ model: event.agent_info.model })]
      case 'user_message':
        return isBegun && !isOwn(event) ? [...steps.close(), steering(event)] : []
      case 'plan_updated':
        return [{ type: 'data-plan', id: 'plan', data: { plan: event.plan } }]
      case 'session_title':
        return [notice('title', { title: event.title })]
      case 'run_waiting':
        return event.seq <= waitsBefore ? [] : park(event)
      case 'error':
        failure = event.error
        return []
      case 'stream_stopped':
        return stop(event)
      default:
        return []
    }
  }

  /** Of sub-agents too. */
  function showCall(event: RuntimeEvent, isRoot: boolean): Chunk[] | null {
    switch (event.type) {
      case 'message_added':
        for (const { id } of event.message.tool_calls ?? []) shown.add(id)
        return [...(isRoot ? steps.complete(event) : []), ...callsOf(event, isClients)]
      case 'tool_call_confirmation': {
        const { approval_id: approvalId, tool_call: call } = event
        approvals.set(call.id, approvalId)
        return [{ type: 'tool-approval-request', approvalId, toolCallId: call.id }]
      }
      case 'tool_call':
        return answered(event.tool_call.id, true)
      case 'tool_call_response':
        return respond(event)
      case 'tool_call_output':
        return [notice('tool-progress', { toolCallId: event.tool_call_id, content: event.content })]
      case 'elicitation_request':
        return ask({ ...event, id: event.elicitation_id })
      case 'agent_switching': {
        const { switching, from_agent: from, to_agent: to } = event
        return [notice('agent', { switching, from, to })]
      }
      case 'warning':
        return [notice('warning', { message: event.message, code: event.code })]
      default:
        return null
    }
  }

  function isOwn({ message: { content } }: Event<'user_message'>): boolean {
    const index = own.indexOf(content)
    if (index !== -1) own.splice(index, 1)
    return index !== -1
  }

  /** The decision on a call that was asked about in this stream. */
  function answered(callId: string, approved: boolean): Chunk[] {
    const approvalId = approvals.get(callId)
    if (approvalId === undefined) return []
    approvals.delete(callId)
    decided.add(callId)
    return [{ type: 'tool-approval-response', approvalId, approved }]
  }

  function respond({ tool_call: call, result, state }: Event<'tool_call_response'>): Chunk[] {
    const toolCallId = call.id
    if (theirs.has(toolCallId) || !(isContinued || shown.has(toolCallId))) return []
    const { output, is_error: isError, images = [] } = result
    const flag = executed(isClients(call.function.name))
    if (state === 'denied') {
      const response = answered(toolCallId, false)
      const denied = { type: 'tool-output-denied', toolCallId }
      if (decided.has(toolCallId)) return [...response, denied]
    }
    if (isError) return [{ type: 'tool-output-error', toolCallId, errorText: output, ...flag }]
    const files = images.map(({ data, mime_type: mediaType }) => ({
      type: 'file',
      url: `data:${mediaType};base64,${data}`,
      mediaType,
    }))
    const told = { toolCallId, output: decoded(output), ...flag }
    return [{ type: 'tool-output-available', ...told }, ...files]
  }

  function ask(question: Question): Chunk[] {
    const said = [...steps.close(), ...steps.say('text', questionText(question)), ...steps.close()]
    return [...said, { type: 'data-elicitation', id: question.id, data: questionData(question) }]
  }

  function park({ reason }: Event<'run_waiting'>): Chunk[] {
    over = true
    const limit = reason === 'budget' || reason === 'max_iterations'
    return [...steps.end(), { type: 'finish', finishReason: limit ? 'other' : 'tool-calls' }]
  }

  function stop({ reason, completed, usage }: Event<'stream_stopped'>): Chunk[] {
    over = true
    const ended = steps.end()
    if (reason === 'cancelled')
      return [...ended, { type: 'abort', reason: 'The run was cancelled' }]
    if (reason === 'failed') {
      return [...ended, { type: 'error', errorText: failure ?? 'The run failed' }]
    }
    const partial = reason === 'max_iterations' ? 'other' : 'length'
    const messageMetadata = {
      usage: {
        inputTokens: usage.input_tokens,
        outputTokens: usage.output_tokens,
        totalTokens: usage.input_tokens + usage.output_tokens,
        reasoningTokens: usage.reasoning_tokens,
        cachedInputTokens: usage.cached_input_tokens,
        cost: usage.cost,
      },
    }
    const finishReason = completed ? 'stop' : partial
    return [...ended, { type: 'finish', finishReason, messageMetadata }]
  }

  return {
    opening: encode([startOf(run, messageId)]),
    isOver: () => over,
    interrupted: () => encode([{ type: 'error', errorText: ended }]),
    show(event) {
      const isRoot = event.session_id === run.session_id
      // Another run of the chat, which this one waits behind.
      if (over || (isRoot ? event.run_id !== run.id : !isBegun)) return ''
      const text = encode(showCall(event, isRoot) ?? (isRoot ? showStep(event) : []))
      return over ? text + done : text
    },
  }
}

const ended = 'The server ended the stream: resume it, or load the messages again'

/** A chat whose run waits still. */
export function toWaitingStream(run: Run, messageId: string): string {
  return encode([startOf(run, messageId), { type: 'finish', finishReason: 'tool-calls' }]) + done
}

const done = 'data: [DONE]\n\n'

function startOf(
  { id: runId, session_id: sessionId, agent, created_at }: Begun,
  messageId: string,
) {
  const messageMetadata = { runId, sessionId, agent, createdAt: created_at }
  return { type: 'start', messageId, messageMetadata }
}

function metadata(messageMetadata: object): Chunk {
  return { type: 'message-metadata', messageMetadata }
}

function notice(name: string, data: object): Chunk {
  return { type: `data-${name}`, data, transient: true }
}

function steering({ message_id: id, message }: Event<'user_message'>): Chunk {
  return { type: 'steering-message', id, parts: [{ type: 'text', text: message.content }] }
}

function encode(chunks: Chunk[]): string {
  return chunks.map((chunk) => `data: ${JSON.stringify(chunk)}\n\n`).join('')
}
