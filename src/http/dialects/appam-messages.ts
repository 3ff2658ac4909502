import type { Message, ToolCall } from '#contract/message.ts'

/** Messages as its sessions keep them: what a message does not have is not there. */
export function toMessages(messages: Message[]) {
  const calls = new Map<string, ToolCall>()
  return messages.map((message) => {
    for (const call of message.tool_calls ?? []) calls.set(call.id, call)
    return message.role === 'tool' ? toResult(message, calls) : toMessage(message)
  })
}

function toMessage(message: Message) {
  const { id, role, content, tool_calls: calls = [], reasoning, status, created_at } = message
  return {
    role,
    ...((content !== '' || calls.length === 0) && { content }),
    ...(calls.length > 0 && { tool_calls: calls }),
    ...(reasoning !== undefined && { reasoning }),
    timestamp: created_at,
    ...(role === 'assistant' && { id, status: status === 'complete' ? 'completed' : status }),
  }
}

function toResult({ content, tool_call_id, created_at }: Message, calls: Map<string, ToolCall>) {
  const call = calls.get(tool_call_id ?? '')
  return {
    role: 'tool',
    ...(call && { name: call.function.name }),
    tool_call_id,
    content,
    timestamp: created_at,
  }
}
