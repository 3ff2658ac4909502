import type { EventBody, RuntimeEvent } from '#contract/event.ts'
import type { Message, ToolCall } from '#contract/message.ts'
import { noUsage } from '#contract/usage.ts'

export const usage = noUsage
const time = '2026-01-31T12:00:00.000Z'

/** The log of one session and one run with these events, from seq 1. */
export function log(...bodies: EventBody[]): RuntimeEvent[] {
  return bodies.map((body, index) => ({
    ...body,
    seq: index + 1,
    session_id: 'ses_1',
    run_id: 'run_1',
    agent: 'root',
    timestamp: time,
  }))
}

export function call(id: string): ToolCall {
  return { id, type: 'function', function: { name: 'read_file', arguments: '{}' } }
}

export function message(
  role: Message['role'],
  content: string,
  calls: readonly string[] = [],
): Message {
  return {
    id: 'msg_1',
    parent_id: null,
    role,
    agent_name: null,
    status: 'complete',
    content,
    ...(calls.length > 0 && { tool_calls: calls.map(call) }),
    created_at: time,
  }
}

export function toolMessage(callId: string): Message {
  return { ...message('tool', 'ok'), tool_call_id: callId }
}
