import type { EventOf, RuntimeEvent, ToolCall, ToolDefinition, ToolResult } from 'parley-client'

/** `proposed`: the model asks for it, and nothing has begun. */
export type CallState = 'proposed' | 'awaiting' | 'started' | EventOf<'tool_call_response'>['state']

/** All that a log tells about one tool call. */
export type CallRecord = {
  readonly tool_call: ToolCall
  /** The event that last asked for it or began it. */
  readonly seq: number
  readonly session_id: string
  readonly run_id: string
  readonly state: CallState
  readonly executor: 'server' | 'client'
  readonly definition: ToolDefinition | null
  /** Where a person decides. */
  readonly approval: { readonly id: string; readonly expires_at: string } | null
  /** What a long tool has said so far. */
  readonly output: string
  readonly response: string | null
  readonly result: ToolResult | null
  readonly duration_ms: number | null
}

/** A model's ids may come again in a later answer, so a call is named by the answer too. */
export function callKey(messageId: string, callId: string): string {
  return `${messageId} ${callId}`
}

type Calls = Readonly<Record<string, CallRecord>>

/** `asking` names the answer whose calls are at work, by session. */
export function advanceCalls(
  { calls, asking }: { calls: Calls; asking: Readonly<Record<string, string>> },
  event: RuntimeEvent,
): Calls {
  const id = callIdOf(event)
  const messageId = asking[event.session_id]
  if (id === undefined || messageId === undefined) return calls
  const key = callKey(messageId, id)
  const next = advance(calls[key], event)
  return next ? { ...calls, [key]: next } : calls
}

function callIdOf(event: RuntimeEvent): string | undefined {
  switch (event.type) {
    case 'tool_call':
    case 'tool_call_confirmation':
    case 'tool_call_response':
      return event.tool_call.id
    case 'tool_call_output':
      return event.tool_call_id
    default:
      return undefined
  }
}

function advance(known: CallRecord | undefined, event: RuntimeEvent): CallRecord | undefined {
  switch (event.type) {
    case 'tool_call_confirmation':
      return {
        ...newCall(known, event),
        seq: event.seq,
        state: 'awaiting',
        definition: event.tool_definition,
        approval: { id: event.approval_id, expires_at: event.expires_at },
      }
    case 'tool_call':
      return {
        ...newCall(known, event),
        seq: event.seq,
        state: 'started',
        definition: event.tool_definition,
        executor: event.executor,
      }
    case 'tool_call_output':
      return known && { ...known, output: known.output + event.content }
    case 'tool_call_response':
      return {
        ...newCall(known, event),
        state: event.state,
        response: event.response,
        result: event.result,
        duration_ms: event.duration_ms,
      }
    default:
      return undefined
  }
}

function newCall(
  known: CallRecord | undefined,
  { tool_call, session_id, run_id }: { tool_call: ToolCall; session_id: string; run_id: string },
): CallRecord {
  const nothing = {
    seq: 0,
    state: 'started',
    executor: 'server',
    definition: null,
    approval: null,
    output: '',
    response: null,
    result: null,
    duration_ms: null,
  } as const
  return { ...nothing, ...known, tool_call, session_id, run_id }
}
