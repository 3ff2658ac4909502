import type { ContentPart, Message, ToolCall } from '#contract/message.ts'
import type { Elicitation, SessionDetail } from '#contract/session.ts'

export type UiPart = { type: string; [field: string]: unknown }
export type UiMessage = { id: string; role: 'system' | 'user' | 'assistant'; parts: UiPart[] }

type Waiting = Pick<SessionDetail, 'pending_approvals' | 'pending_elicitations'>

/**
 * Stored messages as those of a chat: all that the agent said and did between two messages of the
 * user is one. What waits for the user is at the end.
 */
export function toUiMessages(messages: Message[], waiting: Waiting): UiMessage[] {
  const shown: UiMessage[] = []
  const approvals = new Map(
    waiting.pending_approvals.map((approval) => [approval.tool_call.id, approval]),
  )
  const results = new Map(
    messages.flatMap((message): [string, Message][] =>
      message.tool_call_id === undefined ? [] : [[message.tool_call_id, message]],
    ),
  )
  for (const message of messages) {
    if (message.implicit || message.role === 'tool') continue
    if (message.role !== 'assistant') {
      shown.push({ id: message.id, role: message.role, parts: partsOf(message) })
      continue
    }
    const { parts } = answerAt(shown, message.id)
    parts.push({ type: 'step-start' })
    if (message.reasoning) parts.push({ type: 'reasoning', text: message.reasoning, state: 'done' })
    if (message.content !== '') parts.push({ type: 'text', text: message.content, state: 'done' })
    for (const call of message.tool_calls ?? []) {
      parts.push(toolPart(call, results.get(call.id), approvals.get(call.id)?.id))
      approvals.delete(call.id)
    }
  }
  // Those of sub-agents, whose messages are not among these.
  for (const { id, tool_call: call } of approvals.values()) {
    answerAt(shown, id).parts.push(toolPart(call, undefined, id))
  }
  for (const asked of waiting.pending_elicitations) {
    answerAt(shown, asked.id).parts.push(...questionParts(asked))
  }
  return shown
}

/** A question is told as text, and as data for those who show a form. */
export function questionParts(asked: Question): UiPart[] {
  return [
    { type: 'text', text: questionText(asked), state: 'done' },
    { type: 'data-elicitation', id: asked.id, data: questionData(asked) },
  ]
}

export type Question = Pick<
  Elicitation,
  'id' | 'message' | 'mode' | 'schema' | 'url' | 'expires_at'
>

export function questionText({ message, url }: Question): string {
  return url === undefined ? message : `${message}\n${url}`
}

export function questionData({ message, mode, schema, url, expires_at: expiresAt }: Question) {
  return { message, mode, ...(schema && { schema }), ...(url !== undefined && { url }), expiresAt }
}

/** The value that a text is as JSON, if it is an object or an array; else the text. */
export function decoded(text: string): unknown {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null ? value : text
  } catch {
    return text
  }
}

/** The last answer; a new one with this id after a message that is none. */
function answerAt(shown: UiMessage[], id: string): UiMessage {
  const last = shown.at(-1)
  if (last?.role === 'assistant') return last
  const answer: UiMessage = { id, role: 'assistant', parts: [] }
  shown.push(answer)
  return answer
}

function toolPart(
  { id: toolCallId, function: called }: ToolCall,
  result: Message | undefined,
  approval: string | undefined,
): UiPart {
  const part = { type: `tool-${called.name}`, toolCallId, input: decoded(called.arguments) }
  if (approval !== undefined) {
    return { ...part, state: 'approval-requested', approval: { id: approval } }
  }
  if (!result) return { ...part, state: 'input-available' }
  return result.is_error
    ? { ...part, state: 'output-error', errorText: result.content }
    : { ...part, state: 'output-available', output: decoded(result.content) }
}

function partsOf({ content, multi_content: parts }: Message): UiPart[] {
  return parts?.map(toPart) ?? [{ type: 'text', text: content }]
}

function toPart(part: ContentPart): UiPart {
  switch (part.type) {
    case 'text':
      return part
    case 'image_url': {
      const { url } = part.image_url
      return { type: 'file', mediaType: mediaTypeOf(url) ?? 'image', url }
    }
    case 'file': {
      const { file_data: url = '', filename } = part.file
      const mediaType = mediaTypeOf(url) ?? 'application/octet-stream'
      return { type: 'file', mediaType, url, ...(filename !== undefined && { filename }) }
    }
  }
}

function mediaTypeOf(url: string): string | undefined {
  return /^data:([^;,]+)/i.exec(url)?.[1]
}
