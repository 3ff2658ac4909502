import { createHash } from 'node:crypto'
import type { RunOptions } from '#contract/run.ts'
import {
  checkOptions,
  type Fields,
  invalid,
  isFields,
  optionalText,
  readFlag,
  readMetadata,
  toFields,
  toList,
  unsupported,
} from './openai-fields.ts'
import type { Said } from './openai-history.ts'
import { readMessages } from './openai-messages.ts'

export type ChatRequest = {
  model: string | undefined
  said: Said[]
  options: RunOptions
  metadata: Record<string, string>
  stream: boolean
  includeUsage: boolean
}

/**
 * What can be had of a request of Chat Completions. How a model samples is its agent's affair, so
 * such fields are taken and do nothing; what would change the form of the answer is refused.
 */
export function readChatRequest(fields: Fields): ChatRequest {
  refuseOthers(fields)
  const said = readMessages(fields.messages)
  const stream = readFlag(fields, 'stream')
  return {
    model: optionalText(fields, 'model'),
    said,
    options: {
      on_max_iterations: 'stop',
      ...readRunOptions(fields, fields.response_format ?? undefined),
    },
    metadata: readMetadata(fields),
    stream,
    includeUsage: stream && readUsageWish(fields.stream_options ?? {}),
  }
}

/** Tools and the form of the answer, as both APIs have them. */
export function readRunOptions(
  { tools, tool_choice: choice }: Fields,
  format: unknown,
): RunOptions {
  const wanted = choice ?? 'auto'
  if (wanted !== 'auto' && wanted !== 'none') {
    throw unsupported('tool_choice', 'the agent chooses its tools: send auto or none')
  }
  const list = tools === undefined || tools === null ? [] : toList(tools, 'tools')
  const response_format = format === undefined ? undefined : toFields(format, 'response_format')
  return checkOptions({
    ...(wanted === 'auto' && list.length > 0 && { tools: list }),
    ...(response_format && { response_format: withoutNulls(response_format) }),
  })
}

/** Tells the same beginning of a conversation again. */
export function digestOf(said: Said[], { tools, response_format }: RunOptions): string {
  const text = JSON.stringify([said, tools, response_format])
  return createHash('sha256').update(text).digest('hex')
}

function refuseOthers(fields: Fields): void {
  if ((fields.n ?? 1) !== 1) throw unsupported('n', 'an agent gives one answer: send 1')
  for (const name of ['functions', 'function_call']) {
    if (fields[name] ?? false) throw unsupported(name, 'send tools instead')
  }
  for (const name of ['logprobs', 'top_logprobs', 'audio']) {
    if (fields[name] ?? false) throw unsupported(name, 'agents answer with text alone')
  }
  const modalities = fields.modalities ?? ['text']
  if (!Array.isArray(modalities) || modalities.some((modality) => modality !== 'text')) {
    throw unsupported('modalities', 'agents answer with text alone')
  }
}

function readUsageWish(options: unknown): boolean {
  const { include_usage: wish = false } = toFields(options, 'stream_options')
  if (typeof wish === 'boolean') return wish
  throw invalid('stream_options.include_usage', 'must be true or false')
}

/** The official types allow null where ours leave the field out. */
function withoutNulls(fields: Fields): Fields {
  const entries = Object.entries(fields).filter(([, value]) => value !== null)
  return Object.fromEntries(
    entries.map(([name, value]) => [
      name,
      name === 'json_schema' && isFields(value) ? withoutNulls(value) : value,
    ]),
  )
}
