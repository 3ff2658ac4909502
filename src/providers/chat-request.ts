import type {
  ChatCompletionCreateParamsStreaming,
  ChatCompletionMessageParam,
} from 'openai/resources/chat/completions'
import type { ContentPart } from '#contract/message.ts'
import type { ModelRequest, ModelSettings, PromptMessage } from '#runtime/model.ts'
import { leastEffort } from './known-models.ts'
import type { Dialect } from './presets.ts'

export type ChatBody = Record<string, unknown> &
  Pick<ChatCompletionCreateParamsStreaming, 'model' | 'messages' | 'stream'>

/**
 * The body of a Chat Completions call. `provider_opts` may add to it and change it, but neither the
 * conversation nor that it streams.
 */
export function toChatBody({
  model,
  request,
  settings,
  dialect,
}: {
  model: string
  request: Omit<ModelRequest, 'signal'>
  settings: ModelSettings
  dialect: Dialect
}): ChatBody {
  return {
    ...samplingOf(settings, dialect),
    ...thinkingOf({ model, request, settings, dialect }),
    ...toolsOf(request, settings),
    ...(request.responseFormat && { response_format: request.responseFormat }),
    ...settings.provider_opts,
    model,
    messages: request.messages.map(toChatMessage),
    stream: true,
    ...(dialect.streamOptions &&
      settings.track_usage !== false && { stream_options: { include_usage: true } }),
  }
}

function samplingOf(settings: ModelSettings, dialect: Dialect): Record<string, number> {
  const { temperature, top_p, frequency_penalty, presence_penalty, max_tokens } = settings
  const sampling = {
    temperature,
    top_p,
    frequency_penalty,
    presence_penalty,
    [dialect.maxTokens]: max_tokens,
  }
  const given = Object.entries(sampling).filter((entry) => typeof entry[1] === 'number')
  return Object.fromEntries(given) as Record<string, number>
}

function toolsOf(
  { tools }: Pick<ModelRequest, 'tools'>,
  { parallel_tool_calls }: ModelSettings,
): Pick<ChatCompletionCreateParamsStreaming, 'tools' | 'parallel_tool_calls'> {
  // Servers refuse an empty list, and the setting without one.
  if (tools.length === 0) return {}
  return {
    tools: tools.map(({ name, description, parameters }) => ({
      type: 'function',
      function: { name, description, parameters },
    })),
    ...(parallel_tool_calls !== undefined && { parallel_tool_calls }),
  }
}

/**
 * `thinking_budget` says how much to reason, as an effort or in tokens. Without it a model that may
 * think does what it does by itself; one that may not is told so where that is known to be taken:
 * servers refuse settings that a model doesn't have.
 */
function thinkingOf({
  model,
  request,
  settings: { thinking_budget: budget },
  dialect,
}: {
  model: string
  request: Pick<ModelRequest, 'thinking'>
  settings: ModelSettings
  dialect: Dialect
}): Record<string, unknown> {
  if (!request.thinking) return withoutThinking(model, dialect)
  if (budget === undefined) return {}
  const tokens = typeof budget === 'number' ? budget : (tokensOfEffort[budget] ?? -1)
  const effort = typeof budget === 'number' ? effortOfTokens(budget) : budget
  switch (dialect.thinking) {
    case 'effort':
      return { reasoning_effort: effort }
    case 'openrouter':
      return { reasoning: typeof budget === 'number' ? { max_tokens: budget } : { effort } }
    case 'anthropic':
      if (tokens === 0) return {}
      return {
        thinking: { type: 'enabled', budget_tokens: tokens < 0 ? 8192 : Math.max(1024, tokens) },
      }
    case 'gemini': {
      const config = { thinking_budget: tokens, include_thoughts: tokens !== 0 }
      return { extra_body: { google: { thinking_config: config } } }
    }
    case 'deepseek':
      return { thinking: { type: tokens === 0 ? 'disabled' : 'enabled' } }
    case 'template':
      return { chat_template_kwargs: { enable_thinking: tokens !== 0 } }
  }
}

function withoutThinking(model: string, dialect: Dialect): Record<string, unknown> {
  if (dialect.thinking === 'template') return { chat_template_kwargs: { enable_thinking: false } }
  const effort = leastEffort(model)
  if (effort === undefined) return {}
  if (dialect.thinking === 'openrouter') return { reasoning: { effort, exclude: true } }
  return { reasoning_effort: effort }
}

const tokensOfEffort: Record<string, number> = {
  none: 0,
  minimal: 1024,
  low: 2048,
  medium: 8192,
  high: 24_576,
  xhigh: 32_768,
}

function effortOfTokens(tokens: number): string {
  if (tokens < 0) return 'medium'
  if (tokens <= 2048) return 'low'
  return tokens <= 8192 ? 'medium' : 'high'
}

function toChatMessage(message: PromptMessage): ChatCompletionMessageParam {
  const { role, content } = message
  switch (role) {
    case 'tool':
      return { role, content, tool_call_id: message.tool_call_id ?? '' }
    case 'assistant':
      if (!message.tool_calls?.length) return { role, content }
      return { role, content: content === '' ? null : content, tool_calls: message.tool_calls }
    case 'system':
      return { role, content: content || textOf(message.multi_content ?? []) }
    case 'user':
      if (!message.multi_content?.length) return { role, content }
      return { role, content: toChatParts(content, message.multi_content) }
  }
}

function textOf(parts: ContentPart[]): string {
  return parts.flatMap((part) => (part.type === 'text' ? [part.text] : [])).join('\n')
}

type ChatPart = Exclude<
  Extract<ChatCompletionMessageParam, { role: 'user' }>['content'],
  string
>[number]

/** `content` and the parts may say the same; what only `content` says comes first. */
function toChatParts(content: string, parts: ContentPart[]): ChatPart[] {
  const isSaid =
    content === '' || parts.some((part) => part.type === 'text' && part.text === content)
  const first: ChatPart[] = isSaid ? [] : [{ type: 'text', text: content }]
  return [...first, ...parts.map(toChatPart)]
}

function toChatPart(part: ContentPart): ChatPart {
  if (part.type === 'text') return part
  if (part.type === 'image_url') {
    const { url, detail } = part.image_url
    return { type: 'image_url', image_url: { url, ...(detail && { detail }) } }
  }
  const { file_data, file_id, filename } = part.file
  if (file_data?.startsWith('data:image/'))
    return { type: 'image_url', image_url: { url: file_data } }
  return {
    type: 'file',
    file: {
      ...(file_data !== undefined && { file_data }),
      ...(file_id !== undefined && { file_id }),
      ...(filename !== undefined && { filename }),
    },
  }
}
