import type { ContentPart, Message } from '#contract/message.ts'

type Source = { type: 'data'; value: string; mimeType: string } | { type: 'url'; value: string }

type AgUiPart =
  | { type: 'text'; text: string }
  | { type: 'image' | 'document'; source: Source | { type: 'file'; value: string } }

export type AgUiToolCall = {
  id: string
  type: 'function'
  function: { name: string; arguments: string }
}

/** A message as its clients keep it. */
export type AgUiMessage =
  | { id: string; role: 'user' | 'system'; content: string | AgUiPart[] }
  | {
      id: string
      role: 'assistant'
      content?: string
      toolCalls?: AgUiToolCall[]
      subagentRunId?: string
    }
  | { id: string; role: 'reasoning'; content: string; subagentRunId?: string }
  | {
      id: string
      role: 'tool'
      toolCallId: string
      content: string | AgUiPart[]
      error?: string
      subagentRunId?: string
    }

/** Stored messages as the history of a thread; what the server wrote by itself is not in it. */
export function toHistory(messages: Message[]): AgUiMessage[] {
  return messages.filter(({ implicit }) => implicit !== true).flatMap(toAgUi)
}

function toAgUi(message: Message): AgUiMessage[] {
  const { id, role, content } = message
  switch (role) {
    case 'user':
      return [{ id, role, content: message.multi_content?.map(toPart) ?? content }]
    case 'system':
      return isContext(message) ? [] : [{ id, role, content }]
    case 'assistant':
      return [
        ...(message.reasoning
          ? [{ id: `${id}-reasoning`, role: 'reasoning' as const, content: message.reasoning }]
          : []),
        {
          id,
          role,
          content,
          ...(message.tool_calls?.length && { toolCalls: message.tool_calls }),
        },
      ]
    case 'tool':
      return [
        {
          id,
          role,
          toolCallId: message.tool_call_id ?? '',
          content: message.multi_content?.map(toPart) ?? content,
          ...(message.is_error && { error: content }),
        },
      ]
  }
}

const heading = 'The application says:'

/** What surrounds the conversation, as a system message that the history does not show. */
export function contextText(context: { description: string; value: string }[], state: unknown) {
  const lines = context.map(({ description, value }) => `- ${description}: ${value}`)
  const shown = Object.entries(Object(state)).filter(([key]) => key !== 'plan' && key !== 'todos')
  if (shown.length > 0) lines.push(`- State: ${JSON.stringify(Object.fromEntries(shown))}`)
  return lines.length === 0 ? null : [heading, ...lines].join('\n')
}

export function isContext({ role, content }: Message): boolean {
  return role === 'system' && content.startsWith(`${heading}\n`)
}

function toPart(part: ContentPart): AgUiPart {
  switch (part.type) {
    case 'text':
      return part
    case 'image_url':
      return { type: 'image', source: toSource(part.image_url.url) }
    case 'file': {
      const { file_id: id, file_data: data } = part.file
      if (data !== undefined) return { type: 'document', source: toSource(data) }
      return { type: 'document', source: { type: 'file', value: id ?? '' } }
    }
  }
}

function toSource(url: string): Source {
  const data = /^data:([^;,]*)(?:;[^,]*)?;base64,(.*)$/is.exec(url)
  if (!data) return { type: 'url', value: url }
  return { type: 'data', value: data[2] ?? '', mimeType: data[1] || 'text/plain' }
}
