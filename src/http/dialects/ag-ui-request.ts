import { z } from '@hono/zod-openapi'
import type { ContentPart } from '#contract/message.ts'
import { Problem } from '#contract/problem.ts'
import { ClientTool } from '#contract/tool.ts'
import type { ResumeEntry } from './ag-ui-interrupts.ts'
import type { Held } from './thread-tail.ts'

const Source = z.discriminatedUnion('type', [
  z.object({ type: z.literal('data'), value: z.string(), mimeType: z.string() }),
  z.object({ type: z.literal('url'), value: z.string() }),
  z.object({ type: z.literal('file'), value: z.string() }),
])

const Part = z.discriminatedUnion('type', [
  z.object({ type: z.literal('text'), text: z.string() }),
  z.object({ type: z.literal('image'), source: Source }),
  z.object({ type: z.literal('document'), source: Source }),
])
type Part = z.infer<typeof Part>

const Content = z.union([z.string(), z.array(Part)], {
  error: 'must be a string or an array of text, image and document parts',
})

const InputMessage = z.discriminatedUnion('role', [
  z.object({ role: z.literal('user'), content: Content }),
  z.object({ role: z.enum(['system', 'developer']), content: z.string() }),
  z.object({
    role: z.literal('tool'),
    toolCallId: z.string(),
    content: Content,
    error: z.string().optional(),
  }),
  z.object({ role: z.enum(['assistant', 'reasoning', 'activity']) }),
])
type InputMessage = z.infer<typeof InputMessage>

const RunAgentInput = z.object({
  threadId: z.string().min(1).max(200),
  runId: z.string().min(1).max(200),
  messages: z.array(InputMessage).max(10_000).default([]),
  tools: z
    .array(
      z.object({
        name: z.string(),
        description: z.string().default(''),
        parameters: z.unknown().optional(),
      }),
    )
    .default([]),
  context: z.array(z.object({ description: z.string(), value: z.string() })).default([]),
  state: z.unknown().optional(),
  forwardedProps: z.unknown().optional(),
  resume: z
    .array(
      z.object({
        interruptId: z.string(),
        status: z.enum(['resolved', 'cancelled']),
        payload: z.unknown().optional(),
      }),
    )
    .default([]),
})

export type AgUiInput = {
  threadId: string
  runId: string
  held: Held[]
  /** Results of the caller's tools by the ids of their calls. */
  results: Map<string, { output: string; isError: boolean }>
  tools: ClientTool[]
  context: { description: string; value: string }[]
  state: unknown
  forwardedProps: Record<string, unknown>
  resume: ResumeEntry[]
  /** The messages as they came, but for what clients keep to themselves. */
  messages: unknown[]
}

export function readInput(body: unknown): AgUiInput {
  const { success, data, error } = RunAgentInput.safeParse(body)
  if (!success) throw invalid(error.issues)
  const { threadId, runId, context, state, forwardedProps: forwarded, resume } = data
  const isObject = typeof forwarded === 'object' && forwarded !== null && !Array.isArray(forwarded)
  const results = data.messages.flatMap((message, index): [string, ToolOutput][] =>
    message.role === 'tool' ? [[message.toolCallId, toOutput(message, index)]] : [],
  )
  return {
    threadId,
    runId,
    held: data.messages.flatMap(toHeld),
    results: new Map(results),
    tools: data.tools.map(toClientTool),
    context,
    state,
    forwardedProps: isObject ? { ...forwarded } : {},
    resume: resume.map(({ payload, ...entry }) => ({
      ...entry,
      ...(payload !== undefined && { payload }),
    })),
    messages: rawMessages(body).filter((_, index) => data.messages[index]?.role !== 'activity'),
  }
}

type ToolOutput = { output: string; isError: boolean }

function toOutput(message: InputMessage & { role: 'tool' }, index: number): ToolOutput {
  return {
    output: message.error ?? readText(message.content, `messages.${index}.content`),
    isError: message.error !== undefined,
  }
}

function readText(content: string | Part[], path: string): string {
  if (typeof content === 'string') return content
  const texts = content.map((part, index) => {
    if (part.type === 'text') return part.text
    throw invalid([{ path: [`${path}.${index}`], message: 'results of tools are text alone' }])
  })
  return texts.join('')
}

function toHeld(message: InputMessage, index: number): Held[] {
  switch (message.role) {
    case 'user':
      return [{ role: 'user', ...toContent(message.content, `messages.${index}.content`) }]
    case 'system':
    case 'developer':
      return [{ role: 'system', content: message.content }]
    case 'assistant':
    case 'tool':
      return [{ role: message.role }]
    default:
      return []
  }
}

function toContent(content: string | Part[], path: string) {
  if (typeof content === 'string') return { content }
  const parts = content.map((part, index) => toPart(part, `${path}.${index}.source`))
  const text = parts.map((part) => (part.type === 'text' ? part.text : '')).join('')
  return parts.every(({ type }) => type === 'text')
    ? { content: text }
    : { content: text, multi_content: parts }
}

function toPart(part: Part, path: string): ContentPart {
  if (part.type === 'text') return part
  const { source } = part
  const data = source.type === 'data' ? `data:${source.mimeType};base64,${source.value}` : undefined
  if (part.type === 'image') {
    const url = data ?? source.value
    if (source.type === 'data' || /^https?:\/\//i.test(url)) {
      return { type: 'image_url', image_url: { url } }
    }
    throw invalid([{ path: [path], message: 'an image is data or an http(s) URL' }])
  }
  if (data !== undefined) return { type: 'file', file: { file_data: data } }
  if (source.type === 'file') return { type: 'file', file: { file_id: source.value } }
  throw invalid([{ path: [path], message: 'a document is data or an uploaded file, no URL' }])
}

function toClientTool(
  { name, description, parameters }: { name: string; description: string; parameters?: unknown },
  index: number,
): ClientTool {
  const { success, data, error } = ClientTool.safeParse({
    type: 'function',
    function: {
      name,
      description,
      ...(parameters !== undefined && parameters !== null && { parameters }),
    },
  })
  if (success) return data
  throw invalid(
    error.issues.map((issue) => ({
      path: ['tools', index, ...issue.path.slice(1)],
      message: issue.message,
    })),
  )
}

function rawMessages(body: unknown): unknown[] {
  const { messages = [] }: { messages?: unknown } = Object(body)
  return Array.isArray(messages) ? messages : []
}

function invalid(issues: { path: PropertyKey[]; message: string }[]): Problem {
  const errors = issues.map(({ path, message }) => ({ path: path.join('.') || 'body', message }))
  const [first] = errors
  const text = first ? `${first.path}: ${first.message}` : 'The body is no RunAgentInput'
  return new Problem('validation_failed', text, { errors })
}
