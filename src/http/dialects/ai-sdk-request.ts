import { z } from '@hono/zod-openapi'
import type { ContentPart } from '#contract/message.ts'
import { Problem } from '#contract/problem.ts'
import { ClientTool } from '#contract/tool.ts'
import type { Held } from './thread-tail.ts'

const UiMessage = z.object({
  id: z.string().max(200).optional(),
  role: z.enum(['system', 'user', 'assistant']),
  parts: z.array(z.looseObject({ type: z.string() })),
})
type UiMessage = z.infer<typeof UiMessage>
type UiPart = UiMessage['parts'][number]

const ToolForm = z.looseObject({
  description: z.string().optional(),
  inputSchema: z.record(z.string(), z.unknown()).optional(),
  parameters: z.record(z.string(), z.unknown()).optional(),
})

const ChatRequest = z.object({
  id: z.string().min(1).max(200),
  messages: z.array(UiMessage).max(10_000).optional(),
  message: UiMessage.optional(),
  trigger: z.enum(['submit-message', 'regenerate-message']).default('submit-message'),
  messageId: z.string().max(200).nullish(),
  tools: z.union([z.array(z.unknown()), z.record(z.string(), ToolForm)]).optional(),
  resumable: z.boolean().default(false),
})

export type AiSdkRequest = {
  chat: string
  held: Held[]
  /** The client sends its newest message alone. */
  isNewest: boolean
  regenerates: boolean
  /** The last message is another form of one that was sent before. */
  edits: boolean
  /** The message that is edited, answered anew, or gone on with. */
  messageId: string | undefined
  /** The id of the answer that the client goes on with. */
  answerId: string | undefined
  decisions: Map<string, { approved: boolean; reason: string | undefined }>
  /** By the id of the call. */
  outputs: Map<string, { output: string; isError: boolean }>
  tools: ClientTool[]
  resumable: boolean
}

export function readChat(body: unknown): AiSdkRequest {
  const { success, data, error } = ChatRequest.safeParse(body)
  if (!success) throw invalid(error.issues)
  const { id: chat, message, messageId, trigger, resumable, tools = [] } = data
  const messages = data.messages ?? (message ? [message] : [])
  const path = data.messages ? 'messages' : 'message'
  const last = messages.at(-1)
  const parts = messages.flatMap((each) => (each.role === 'assistant' ? each.parts : []))
  return {
    chat,
    held: messages.map((each, index) => toHeld(each, message ? path : `${path}.${index}`)),
    isNewest: data.messages === undefined,
    regenerates: trigger === 'regenerate-message',
    edits: trigger === 'submit-message' && last?.role === 'user' && isSame(last.id, messageId),
    messageId: messageId ?? undefined,
    answerId: messages.findLast(
      ({ id, role }, index) =>
        role === 'assistant' && (index === messages.length - 1 || id === messageId),
    )?.id,
    decisions: new Map(parts.flatMap(readDecision)),
    outputs: new Map(parts.flatMap(readOutput)),
    tools: Array.isArray(tools)
      ? tools.map((tool, index) => toClientTool(tool, `tools.${index}`))
      : Object.entries(tools).map(([name, form]) =>
          toClientTool(toFunction(name, form), `tools.${name}`),
        ),
    resumable,
  }
}

function isSame(id: string | undefined, named: string | null | undefined): boolean {
  return id !== undefined && id === named
}

function readDecision({ state, approval }: UiPart): [string, Decision][] {
  if (state !== 'approval-responded') return []
  const { id, approved, reason }: Record<string, unknown> = Object(approval)
  if (typeof id !== 'string' || typeof approved !== 'boolean') return []
  return [[id, { approved, reason: typeof reason === 'string' ? reason : undefined }]]
}
type Decision = { approved: boolean; reason: string | undefined }

function readOutput(part: UiPart): [string, { output: string; isError: boolean }][] {
  const { toolCallId: id, state, output, errorText } = part
  if (typeof id !== 'string') return []
  if (state === 'output-error') return [[id, { output: toText(errorText), isError: true }]]
  if (state !== 'output-available' || part.preliminary === true) return []
  return [[id, { output: toText(output), isError: false }]]
}

function toText(value: unknown): string {
  return typeof value === 'string' ? value : (JSON.stringify(value) ?? '')
}

function toHeld({ role, parts }: UiMessage, path: string): Held {
  if (role === 'assistant') return { role }
  const content = parts.flatMap((part, index) => toPart(part, `${path}.parts.${index}`))
  const text = content.map((part) => (part.type === 'text' ? part.text : '')).join('')
  const isText = content.every(({ type }) => type === 'text')
  return { role, content: text, ...(!isText && { multi_content: content }) }
}

function toPart(part: UiPart, path: string): ContentPart[] {
  if (part.type === 'text') return [{ type: 'text', text: readString(part, 'text', path) }]
  if (part.type !== 'file') return []
  const [mediaType, url] = [readString(part, 'mediaType', path), readString(part, 'url', path)]
  const isData = /^data:/i.test(url)
  if (/^image(\/|$)/i.test(mediaType) && (isData || /^https?:\/\//i.test(url))) {
    return [{ type: 'image_url', image_url: { url } }]
  }
  if (!isData) throw wrong(`${path}.url`, 'a file is a data: URL; images may be http(s) too')
  const { filename } = part
  const name = typeof filename === 'string' ? { filename } : {}
  return [{ type: 'file', file: { file_data: url, ...name } }]
}

function readString(part: UiPart, name: string, path: string): string {
  const value = part[name]
  if (typeof value === 'string') return value
  throw wrong(`${path}.${name}`, 'must be a string')
}

function toFunction(
  name: string,
  { description, inputSchema, parameters }: z.infer<typeof ToolForm>,
) {
  const schema = inputSchema ?? parameters
  return {
    type: 'function',
    function: {
      name,
      ...(description !== undefined && { description }),
      ...(schema && { parameters: schema }),
    },
  }
}

function toClientTool(form: unknown, path: string): ClientTool {
  const { success, data, error } = ClientTool.safeParse(form)
  if (success) return data
  throw invalid(error.issues.map((issue) => ({ ...issue, path: [path, ...issue.path] })))
}

function wrong(path: string, message: string): Problem {
  return invalid([{ path: [path], message }])
}

function invalid(issues: { path: PropertyKey[]; message: string }[]): Problem {
  const errors = issues.map(({ path, message }) => ({ path: path.join('.') || 'body', message }))
  const [first] = errors
  const text = first ? `${first.path}: ${first.message}` : 'The body is no chat request'
  return new Problem('validation_failed', text, { errors })
}
