import { type ContentPart, type Message, NewMessage } from '#contract/message.ts'
import { A2aFault } from './a2a-fault.ts'
import { type Fields, isFields } from './fields.ts'

export type A2aMessage = {
  taskId: string | null
  contextId: string | null
  /** All its text, and its data as JSON. */
  text: string
  /** What its data parts hold, together. */
  data: Fields | null
  posted: NewMessage
}

/** A message as it comes in. */
export function readMessage(value: unknown): A2aMessage {
  if (!isFields(value)) throw invalid('message', 'must be an object')
  const { taskId, contextId, role, parts } = value
  if (typeof value.messageId !== 'string' || value.messageId === '') {
    throw invalid('message.messageId', 'must be a string')
  }
  if (role !== 'ROLE_USER' && role !== 1) throw invalid('message.role', 'must be ROLE_USER')
  if (!Array.isArray(parts) || parts.length === 0) {
    throw invalid('message.parts', 'must have a part at least')
  }
  const read = parts.map(readPart)
  const text = read.flatMap((part) => (part.type === 'text' ? [part.text] : [])).join('\n')
  const data = parts.map((part) => part.data).filter(isFields)
  return {
    taskId: readId('message.taskId', taskId),
    contextId: readId('message.contextId', contextId),
    text,
    data: data.length > 0 ? Object.assign({}, ...data) : null,
    posted: toPosted({
      role: 'user',
      content: text,
      ...(read.some(({ type }) => type !== 'text') && { multi_content: read }),
    }),
  }
}

function toPosted(message: NewMessage): NewMessage {
  const { success, data, error } = NewMessage.safeParse(message)
  if (success) return data
  throw invalid('message.parts', error.issues[0]?.message ?? 'are not right')
}

function readId(path: string, value: unknown): string | null {
  if (value === undefined || value === null || value === '') return null
  if (typeof value === 'string' && value.length <= 200) return value
  throw invalid(path, 'must be a string of 200 characters at most')
}

function readPart(value: unknown, index: number): ContentPart {
  const path = `message.parts.${index}`
  if (!isFields(value)) throw invalid(path, 'must be an object')
  const { text, data, url, raw, mediaType = '', filename } = value
  if (typeof mediaType !== 'string') throw invalid(`${path}.mediaType`, 'must be a string')
  if (typeof text === 'string') return { type: 'text', text }
  if (data !== undefined) return { type: 'text', text: JSON.stringify(data) }
  const isImage = mediaType.startsWith('image/')
  if (typeof url === 'string') {
    if (isImage) return { type: 'image_url', image_url: { url } }
    throw new A2aFault(
      'content_type_not_supported',
      `${path}: a URL may be that of an image (mediaType image/…); send other files as raw`,
    )
  }
  if (typeof raw !== 'string') throw invalid(path, 'must have text, data, url or raw')
  if (!/^[A-Za-z0-9+/_=-]*$/.test(raw)) throw invalid(`${path}.raw`, 'must be base64')
  if (!/^[\w.+-]*\/?[\w.+-]*$/.test(mediaType)) throw invalid(`${path}.mediaType`, 'is none')
  const dataUrl = `data:${mediaType || 'application/octet-stream'};base64,${raw}`
  if (isImage) return { type: 'image_url', image_url: { url: dataUrl } }
  const named = typeof filename === 'string' && filename !== ''
  return { type: 'file', file: { file_data: dataUrl, ...(named && { filename }) } }
}

/** A stored message; null when it says nothing. */
export function toA2aMessage(
  message: Message,
  place: { taskId: string; contextId: string },
): object | null {
  const { id, role, content, multi_content } = message
  const parts = multi_content?.map(toPart) ?? (content === '' ? [] : [textPart(content)])
  if (parts.length === 0) return null
  return {
    messageId: id,
    ...place,
    role: role === 'user' ? 'ROLE_USER' : 'ROLE_AGENT',
    parts,
  }
}

export function textPart(text: string): object {
  return { text, mediaType: 'text/plain' }
}

export function dataPart(data: unknown): object {
  return { data, mediaType: 'application/json' }
}

function toPart(part: ContentPart): object {
  switch (part.type) {
    case 'text':
      return textPart(part.text)
    case 'image_url':
      return filePart(part.image_url.url, 'image/*')
    case 'file':
      return {
        ...filePart(part.file.file_data ?? '', 'application/octet-stream'),
        ...(part.file.filename && { filename: part.file.filename }),
      }
  }
}

function filePart(url: string, fallback: string): object {
  const [, mediaType = fallback, raw] = /^data:([^;,]*);base64,(.*)$/s.exec(url) ?? []
  return raw === undefined ? { url, mediaType: fallback } : { raw, mediaType }
}

export function invalid(path: string, message: string): A2aFault {
  return new A2aFault('invalid_params', `${path} ${message}`)
}
