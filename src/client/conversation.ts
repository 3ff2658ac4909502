import { applyDelta, type Delta, type Draft, newDraft, rewindDraft } from './draft.ts'
import type { EventOf, Message, RuntimeEvent, ToolCall } from './schemas.ts'

/** What a page shows of a session; sub-agents' parts carry the `session_id` of their own session. */
export type Conversation = {
  /** The last event that is in here: where to follow on. */
  readonly seq: number
  readonly messages: readonly (Message & { session_id: string })[]
  /** Answers on their way, at most one a run. */
  readonly drafts: readonly Draft[]
  /** Every tool call since it was announced, in the order in which they came. */
  readonly calls: readonly CallProgress[]
  /** Questions that nobody has answered yet. */
  readonly elicitations: readonly EventOf<'elicitation_request'>[]
  readonly status: 'idle' | 'running' | 'waiting'
  /** Why the last run failed. */
  readonly error: Pick<EventOf<'error'>, 'code' | 'error' | 'retryable'> | null
  /** The runs that go on, the outermost first. */
  readonly runs: readonly string[]
}

export type CallProgress = {
  readonly tool_call: ToolCall
  readonly run_id: string
  readonly session_id: string
  readonly state: 'awaiting' | 'started' | EventOf<'tool_call_response'>['state']
  /** To decide an awaiting call with. */
  readonly approval_id?: string
  /** What a long tool has said so far. */
  readonly output: string
  readonly response?: string
}

export const emptyConversation: Conversation = {
  seq: 0,
  messages: [],
  drafts: [],
  calls: [],
  elicitations: [],
  status: 'idle',
  error: null,
  runs: [],
}

/** The conversation after one more event. Pure; an event that is in it already changes nothing. */
export function applyEvent(conversation: Conversation, event: RuntimeEvent): Conversation {
  if (event.seq <= conversation.seq) return conversation
  return { ...conversation, ...changesOf(conversation, event), seq: event.seq }
}

function changesOf(now: Conversation, event: RuntimeEvent): Partial<Conversation> {
  switch (event.type) {
    case 'user_message':
      return { messages: addMessage(now, event) }
    case 'message_added':
      return {
        messages: addMessage(now, event),
        drafts: event.message.role === 'assistant' ? withoutDraft(now, event) : now.drafts,
      }
    case 'stream_started':
      return { runs: [...now.runs, event.run_id], status: 'running', error: null }
    case 'stream_stopped':
      return stopRun(now, event)
    case 'run_waiting':
      return { status: 'waiting' }
    case 'run_resumed':
      return { status: 'running', elicitations: [] }
    case 'elicitation_request':
      return { elicitations: [...now.elicitations, event] }
    case 'error':
      return { error: { code: event.code, error: event.error, retryable: event.retryable } }
    case 'step_started':
      return { drafts: withoutDraft(now, event) }
    case 'step_restarted':
      return {
        drafts: now.drafts.map((draft) =>
          draft.run_id === event.run_id ? rewindDraft(draft, event.keep_to) : draft,
        ),
      }
    case 'agent_choice':
    case 'agent_choice_reasoning':
    case 'partial_tool_call':
      return { drafts: extendDraft(now, event) }
    case 'tool_call_confirmation':
    case 'tool_call':
    case 'tool_call_output':
    case 'tool_call_response':
      return { calls: advanceCall(now, event) }
    default:
      return {}
  }
}

function addMessage(
  { messages }: Conversation,
  { message, session_id }: EventOf<'user_message' | 'message_added'>,
): Conversation['messages'] {
  const begins = message.parent_id === null
  const parent = messages.findLastIndex(({ id }) => id === message.parent_id)
  // What follows the same message on another branch makes room; sub-agents' parts stay.
  const kept = messages.filter(
    (other, index) =>
      other.session_id !== session_id || !(begins || (parent !== -1 && index > parent)),
  )
  return [...kept, { ...message, session_id }]
}

function stopRun(now: Conversation, event: EventOf<'stream_stopped'>): Partial<Conversation> {
  const runs = now.runs.filter((run) => run !== event.run_id)
  return {
    runs,
    drafts: withoutDraft(now, event),
    ...(runs.length === 0 ? { status: 'idle', elicitations: [] } : {}),
  }
}

function withoutDraft({ drafts }: Conversation, { run_id }: RuntimeEvent): readonly Draft[] {
  return drafts.filter((draft) => draft.run_id !== run_id)
}

function extendDraft({ drafts }: Conversation, event: Delta): readonly Draft[] {
  const current = drafts.find((draft) => draft.run_id === event.run_id)
  if (!current) return [...drafts, applyDelta(newDraft(event), event)]
  return drafts.map((draft) => (draft === current ? applyDelta(draft, event) : draft))
}

type CallEvent = EventOf<
  'tool_call_confirmation' | 'tool_call' | 'tool_call_output' | 'tool_call_response'
>

/** Ids of calls are the model's own and may come again in a later answer: the newest one is meant. */
function advanceCall({ calls }: Conversation, event: CallEvent): readonly CallProgress[] {
  const id = event.type === 'tool_call_output' ? event.tool_call_id : event.tool_call.id
  const index = calls.findLastIndex(
    ({ tool_call, run_id, response }) =>
      tool_call.id === id && run_id === event.run_id && response === undefined,
  )
  const known = calls[index]
  if (event.type === 'tool_call_output') {
    if (!known) return calls
    return calls.with(index, { ...known, output: known.output + event.content })
  }
  const { tool_call, run_id, session_id } = event
  const call = {
    ...(known ?? { output: '', state: 'started' as const }),
    ...progressOf(event),
    ...{ tool_call, run_id, session_id },
  }
  return known ? calls.with(index, call) : [...calls, call]
}

function progressOf(event: Exclude<CallEvent, EventOf<'tool_call_output'>>) {
  switch (event.type) {
    case 'tool_call_confirmation':
      return { state: 'awaiting' as const, approval_id: event.approval_id }
    case 'tool_call':
      return { state: 'started' as const }
    case 'tool_call_response':
      return { state: event.state, response: event.response }
  }
}
