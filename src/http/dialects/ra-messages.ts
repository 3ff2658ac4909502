import { z } from '@hono/zod-openapi'
import type { ContentPart, Message, NewMessage } from '#contract/message.ts'
import { Problem } from '#contract/problem.ts'
import type { ToldMessage } from './told-session.ts'

const RaPart = z.discriminatedUnion('type', [
  z.object({ type: z.literal('text'), text: z.string() }),
  z.object({
    type: z.literal('image'),
    source: z.discriminatedUnion('type', [
      z.object({ type: z.literal('base64'), mediaType: z.string(), data: z.string() }),
      z.object({ type: z.literal('url'), url: z.string() }),
    ]),
  }),
  z.object({ type: z.literal('file'), mimeType: z.string(), data: z.string() }),
])

const RaMessage = z.object({
  role: z.enum(['user', 'assistant', 'tool', 'system']),
  content: z.union([z.string(), z.array(RaPart)]),
  toolCallId: z.string().optional(),
  toolCalls: z
    .array(z.object({ id: z.string(), name: z.string(), arguments: z.string() }))
    .optional(),
  isError: z.boolean().optional(),
})
export type RaMessage = z.infer<typeof RaMessage>

/**
 * Any value but an object or an array is refused; what is no list of messages is none, and what is
 * no id is none, as its pages show.
 */
export function readRequest(body: unknown): { messages: RaMessage[]; sessionId: string | null } {
  if (typeof body !== 'object' || body === null) throw new Problem('invalid_json', 'Invalid JSON')
  const { messages, sessionId }: Record<string, unknown> = { ...body }
  const isId = typeof sessionId === 'string' && sessionId !== ''
  if (isId && sessionId.length > longestId) {
    throw new Problem('validation_failed', `sessionId: at most ${longestId} characters`)
  }
  return {
    messages: Array.isArray(messages) ? messages.map(readMessage) : [],
    sessionId: isId ? sessionId : null,
  }
}

const longestId = 200

function readMessage(value: unknown, index: number): RaMessage {
  const result = RaMessage.safeParse(value)
  if (result.success) return result.data
  const [issue] = result.error.issues
  const path = ['messages', index, ...(issue?.path ?? [])].join('.')
  throw new Problem('validation_failed', `${path}: ${issue?.message ?? 'wrong shape'}`)
}

/**
 * What of the messages is new: all of them, or those behind the visible history when the client
 * sends that along. Each turn is its user's text and what the client was shown as the answer.
 */
export function newMessages(messages: RaMessage[], stored: Message[]): RaMessage[] {
  let next = 0
  for (const { user, answers } of turnsOf(stored)) {
    const said = messages[next]
    if (said?.role !== 'user' || textOf(said) !== user) return messages
    next += 1
    const answer = messages[next]
    if (answer?.role !== 'assistant') continue
    if (!answers.includes(textOf(answer))) return messages
    next += 1
  }
  return messages.slice(next)
}

/** What was said and answered, and what is new behind that. */
export function splitHistory(messages: RaMessage[]) {
  const last = messages.findLastIndex(({ role }) => role === 'assistant' || role === 'tool')
  return { history: messages.slice(0, last + 1), posted: messages.slice(last + 1) }
}

export function toTold(message: RaMessage): ToldMessage {
  const { role, content, toolCalls = [], toolCallId, isError } = message
  return {
    role,
    content: textOf(message),
    ...(role === 'user' && typeof content !== 'string' && { multi_content: content.map(toPart) }),
    ...(role === 'assistant' && toolCalls.length > 0 && { tool_calls: toolCalls.map(toCall) }),
    ...(role === 'tool' && { tool_call_id: toolCallId ?? '', is_error: isError === true }),
  }
}

function toCall({ id, name, arguments: text }: NonNullable<RaMessage['toolCalls']>[number]) {
  return { id, type: 'function' as const, function: { name, arguments: text } }
}

export function toPosted(message: RaMessage): NewMessage[] {
  if (message.role !== 'user' && message.role !== 'system') return []
  const content = textOf(message)
  if (typeof message.content === 'string') return [{ role: message.role, content }]
  return [{ role: message.role, content, multi_content: message.content.map(toPart) }]
}

export function textOf({ content }: Pick<RaMessage, 'content'>): string {
  if (typeof content === 'string') return content
  return content.map((part) => (part.type === 'text' ? part.text : '')).join('')
}

type Turn = { user: string; answers: string[] }

function turnsOf(stored: Message[]): Turn[] {
  const turns: (Turn & { texts: string[] })[] = []
  for (const { role, content } of stored) {
    if (role === 'user') turns.push({ user: content, answers: [], texts: [] })
    if (role === 'assistant' && content !== '') turns.at(-1)?.texts.push(content)
  }
  // All that was streamed, or the last text, which is what the waiting route answers.
  return turns.map(({ user, texts }) => ({ user, answers: [texts.join(''), texts.at(-1) ?? ''] }))
}

function toPart(part: z.infer<typeof RaPart>): ContentPart {
  switch (part.type) {
    case 'text':
      return part
    case 'image': {
      const { source } = part
      const url =
        source.type === 'url' ? source.url : `data:${source.mediaType};base64,${source.data}`
      return { type: 'image_url', image_url: { url } }
    }
    case 'file':
      return { type: 'file', file: { file_data: `data:${part.mimeType};base64,${part.data}` } }
  }
}
