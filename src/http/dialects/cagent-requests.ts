import { z } from '@hono/zod-openapi'
import { ElicitationReply, ResumeRequest } from '#contract/approval.ts'
import { NewMessage } from '#contract/message.ts'
import { Problem } from '#contract/problem.ts'
import type { RunOptions } from '#contract/run.ts'
import type { NewSession } from '#contract/session.ts'
import type { Permissions } from '#contract/tool.ts'

const mostMessages = 1000

/** A bare array of messages, or `{messages, model?}`; fields that are not known are passed over. */
export function readRun(body: unknown): { messages: NewMessage[]; options: RunOptions } {
  if (body === null || Array.isArray(body)) return { messages: readMessages(body), options: {} }
  if (typeof body !== 'object') throw invalid('an array of messages is expected')
  const { messages, model } = read(RunBody, body)
  return { messages: readMessages(messages ?? []), options: model ? { model } : {} }
}

/** The fields of the template that are honoured; zero values mean that nothing was said. */
export function readTemplate(body: unknown): NewSession {
  const { max_iterations, tools_approved, working_dir, permissions } = read(Template, body ?? {})
  const directory = working_dir?.trim()
  const rules = toPermissions(permissions ?? {})
  return {
    ...(max_iterations && { max_iterations }),
    ...(tools_approved && { tools_approved }),
    ...(directory && { working_dir: directory }),
    ...(Object.keys(rules).length > 0 && { permissions: rules }),
  }
}

export function readTitle(body: unknown): string {
  return read(Title, body ?? {}).title
}

/** null and nothing clear them. */
export function readPermissions(body: unknown): Permissions {
  const { permissions } = read(PermissionsBody, body ?? {})
  return toPermissions(permissions ?? {})
}

export function readResume(body: unknown): ResumeRequest {
  return readKnown(ResumeRequest, body, ['confirmation', 'reason', 'tool_name', 'tool_call_id'])
}

export function readElicitation(body: unknown): ElicitationReply {
  return readKnown(ElicitationReply, body, ['action', 'content', 'elicitation_id'])
}

const RunBody = z.object({
  messages: z.array(z.unknown()).nullish(),
  model: z.string().max(200).nullish(),
})

const Rules = z.array(z.string().max(256)).nullish()
const PermissionsInput = z.object({ allow: Rules, ask: Rules, deny: Rules })
const PermissionsBody = z.object({ permissions: PermissionsInput.nullish() })

const Template = z.object({
  max_iterations: z.int().min(0).max(1000).nullish(),
  tools_approved: z.boolean().nullish(),
  working_dir: z.string().max(4096).nullish(),
  permissions: PermissionsInput.nullish(),
})

const Title = z.object({ title: z.string().min(1).max(500) })

const Part = z.object({
  type: z.string().nullish(),
  text: z.string().nullish(),
  image_url: z.object({ url: z.string(), detail: z.string().nullish() }).nullish(),
  file: z.object({ path: z.string().nullish(), file_id: z.string().nullish() }).nullish(),
})
type Part = z.infer<typeof Part>

const PostedMessage = z.object({
  role: z.string().nullish(),
  content: z.string().nullish(),
  multi_content: z.array(Part).nullish(),
})

function readMessages(messages: unknown[] | null): NewMessage[] {
  if (messages === null) return []
  if (messages.length > mostMessages) throw invalid(`${mostMessages} messages at most`)
  return messages.map((message, index) => readMessage(message, `messages.${index}`))
}

/** Whatever is no system message is what a user says. */
function readMessage(value: unknown, place: string): NewMessage {
  const { role, content, multi_content: parts } = read(PostedMessage, value, place)
  const message = {
    role: role === 'system' ? 'system' : 'user',
    content: content ?? '',
    ...(parts && parts.length > 0 && { multi_content: parts.map((part) => toPart(part, place)) }),
  }
  return read(NewMessage, message, place)
}

function toPart({ type, text, image_url: image, file }: Part, place: string) {
  if (type === 'image_url' && image) {
    const { url, detail } = image
    return { type, image_url: { url, ...(detail && { detail }) } }
  }
  if (type === 'file' && file) {
    if (file.path) {
      throw invalid(
        `${place}: a file.path is a path on the server, which is not read; send a data: URL as image_url, or a file_id`,
      )
    }
    return { type, file: { ...(file.file_id && { file_id: file.file_id }) } }
  }
  return { type: type || 'text', ...(text !== null && text !== undefined && { text }) }
}

function toPermissions(input: z.infer<typeof PermissionsInput>): Permissions {
  return Object.fromEntries(Object.entries(input).filter(([, rules]) => rules?.length))
}

/** Its clients send null and empty text for what they don't say. */
function readKnown<Schema extends z.ZodType>(
  schema: Schema,
  body: unknown,
  known: string[],
): z.infer<Schema> {
  const fields = read(z.record(z.string(), z.unknown()), body ?? {})
  const said = known.filter((name) => Object.hasOwn(fields, name) && !isUnsaid(fields[name]))
  return read(schema, Object.fromEntries(said.map((name) => [name, fields[name]])))
}

function isUnsaid(value: unknown): boolean {
  return value === null || value === ''
}

/** A word that means nothing is `validation_failed`; what has another shape is a bad body. */
function read<Schema extends z.ZodType>(
  schema: Schema,
  value: unknown,
  place = '',
): z.infer<Schema> {
  const result = schema.safeParse(value)
  if (result.success) return result.data
  const [issue] = result.error.issues
  const path = [place, ...(issue?.path ?? [])].filter((step) => step !== '').join('.')
  const message = `${path ? `${path}: ` : ''}${issue?.message ?? 'wrong shape'}`
  if (issue?.code !== 'invalid_value') throw invalid(message)
  throw new Problem('validation_failed', message, { errors: [{ path, message: issue.message }] })
}

function invalid(message: string): Problem {
  return new Problem('invalid_json', message)
}
