import { ContentPart, type ToolCall } from '#contract/message.ts'
import {
  type Fields,
  invalid,
  isFields,
  toFields,
  toList,
  toText,
  unsupported,
} from './openai-fields.ts'
import type { Said } from './openai-history.ts'

/** The `messages` of Chat Completions. */
export function readMessages(value: unknown): Said[] {
  const list = toList(value, 'messages')
  if (list.length === 0) throw invalid('messages', 'must have a message')
  return list.map((item, index) => {
    const path = `messages.${index}`
    return readMessage(toFields(item, path), path)
  })
}

/** A text, or parts of text, images and files, as both APIs name them. */
export function readContent(value: unknown, path: string) {
  if (typeof value === 'string') return { content: value }
  if (!Array.isArray(value)) throw invalid(path, 'must be a string or an array of parts')
  const parts = value.map((part, index) => readPart(part, `${path}.${index}`))
  const content = parts.map((part) => (part.type === 'text' ? part.text : '')).join('')
  return parts.every(({ type }) => type === 'text')
    ? { content }
    : { content, multi_content: parts }
}

function readMessage(fields: Fields, path: string): Said {
  const { role, content } = fields
  switch (role) {
    case 'user':
      return { role, ...readContent(content, `${path}.content`) }
    case 'system':
    case 'developer':
      return { role: 'system', ...readContent(content, `${path}.content`) }
    case 'assistant':
      return readAnswer(fields, path)
    case 'tool':
      return {
        role,
        content: readContent(content, `${path}.content`).content,
        tool_call_id: toText(fields.tool_call_id, `${path}.tool_call_id`),
      }
    default:
      throw invalid(`${path}.role`, 'must be system, developer, user, assistant or tool')
  }
}

function readAnswer({ content, tool_calls: calls }: Fields, path: string): Said {
  const text = content ?? null
  const said = {
    role: 'assistant' as const,
    content: text === null ? '' : readContent(text, `${path}.content`).content,
  }
  if (calls === undefined || calls === null) return said
  const list = toList(calls, `${path}.tool_calls`)
  if (list.length === 0) return said
  return { ...said, tool_calls: list.map((call, i) => readCall(call, `${path}.tool_calls.${i}`)) }
}

function readCall(value: unknown, path: string): ToolCall {
  const { id, function: called } = toFields(value, path)
  const { name, arguments: text } = toFields(called, `${path}.function`)
  return {
    id: toText(id, `${path}.id`),
    type: 'function',
    function: {
      name: toText(name, `${path}.function.name`),
      arguments: toText(text, `${path}.function.arguments`),
    },
  }
}

function readPart(value: unknown, path: string): ContentPart {
  const part = toFields(value, path)
  switch (part.type) {
    case 'text':
    case 'input_text':
    case 'output_text':
      return { type: 'text', text: toText(part.text, `${path}.text`) }
    case 'refusal':
      return { type: 'text', text: toText(part.refusal, `${path}.refusal`) }
    case 'image_url':
    case 'input_image':
      return checkPart(toImage(part), path)
    case 'file':
    case 'input_file':
      return checkPart(toFile(part), path)
    default:
      throw unsupported(`${path}.type`, 'parts are text, images and files')
  }
}

/** Chat Completions has an object there, Responses the URL itself. */
function toImage({ image_url: image, detail }: Fields) {
  const { url, ...rest } = isFields(image) ? image : { url: image, detail }
  const looked = rest.detail ?? undefined
  return { type: 'image_url', image_url: { url, ...(looked !== undefined && { detail: looked }) } }
}

function toFile(part: Fields) {
  const { file_id, file_data, filename } = isFields(part.file) ? part.file : part
  return {
    type: 'file',
    file: JSON.parse(JSON.stringify({ file_id, file_data, filename })),
  }
}

function checkPart(part: object, path: string): ContentPart {
  const { success, data, error } = ContentPart.safeParse(part)
  if (success) return data
  const [issue] = error.issues
  throw invalid([path, ...(issue?.path ?? [])].join('.'), issue?.message ?? 'is wrong')
}
