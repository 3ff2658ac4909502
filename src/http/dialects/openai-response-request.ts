import type { RunOptions } from '#contract/run.ts'
import { readRunOptions } from './openai-chat-request.ts'
import {
  type Fields,
  invalid,
  isFields,
  optionalText,
  readFlag,
  readMetadata,
  toFields,
  toText,
  unsupported,
} from './openai-fields.ts'
import type { Said } from './openai-history.ts'
import { readInput } from './openai-response-input.ts'

export type ResponseRequest = {
  model: string | undefined
  said: Said[]
  options: RunOptions
  metadata: Record<string, string>
  stream: boolean
  background: boolean
  store: boolean
  previous: string | undefined
  conversation: string | undefined
  /** The fields of the request that a response shows again. */
  shown: Fields
}

/** What can be had of a request of Responses. How a model samples is its agent's affair. */
export function readResponseRequest(fields: Fields): ResponseRequest {
  if (fields.prompt ?? false) throw unsupported('prompt', 'an agent has its prompt in its file')
  const conversation = readConversation(fields.conversation ?? undefined)
  const previous = optionalText(fields, 'previous_response_id')
  if (previous !== undefined && conversation !== undefined) {
    throw invalid('previous_response_id', 'cannot go with conversation: send one of them')
  }
  const background = readFlag(fields, 'background')
  const store = readFlag(fields, 'store', true)
  if (background && !store) throw invalid('store', 'must be true with background')
  const instructions = optionalText(fields, 'instructions')
  const metadata = readMetadata(fields)
  const text = toFields(fields.text ?? {}, 'text')
  const input = readInput(fields.input)
  return {
    model: optionalText(fields, 'model'),
    said: instructions ? [{ role: 'system', content: instructions }, ...input] : input,
    options: { on_max_iterations: 'stop', ...readOptions(fields, text) },
    metadata,
    stream: readFlag(fields, 'stream'),
    background,
    store,
    previous,
    conversation,
    shown: {
      ...picked(fields, shownFields),
      metadata,
      text: { format: { type: 'text' }, ...text },
    },
  }
}

const shownFields = [
  'model',
  'instructions',
  'previous_response_id',
  'tools',
  'tool_choice',
  'parallel_tool_calls',
  'temperature',
  'top_p',
  'max_output_tokens',
  'reasoning',
  'truncation',
  'user',
  'safety_identifier',
  'prompt_cache_key',
] as const

function picked(fields: Fields, names: readonly string[]): Fields {
  const there = names.filter((name) => (fields[name] ?? null) !== null)
  return Object.fromEntries(there.map((name) => [name, fields[name]]))
}

/** Functions and formats are flat here and nested in Chat Completions, as our options are. */
function readOptions(fields: Fields, { format }: Fields): RunOptions {
  const tools = Array.isArray(fields.tools)
    ? fields.tools.map((tool, index) => toFunction(tool, `tools.${index}`))
    : fields.tools
  return readRunOptions({ tools, tool_choice: fields.tool_choice }, toFormat(format ?? undefined))
}

function toFunction(tool: unknown, path: string): Fields {
  const { type, ...rest } = toFields(tool, path)
  if (type === 'function') return { type, function: withoutNulls(rest) }
  throw unsupported(`${path}.type`, 'the tools of the server are in its agents: send functions')
}

function toFormat(value: unknown): Fields | undefined {
  if (value === undefined) return undefined
  const { type, ...rest } = toFields(value, 'text.format')
  return type === 'json_schema' ? { type, json_schema: rest } : { type, ...rest }
}

function withoutNulls(fields: Fields): Fields {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== null))
}

function readConversation(value: unknown): string | undefined {
  if (value === undefined || typeof value === 'string') return value
  return toText(isFields(value) ? value.id : value, 'conversation')
}
