import type { ModelPricing } from '#contract/agent.ts'
import type { FilePricing } from '#contract/agent-file.ts'
import type { FinishReason, Message, ToolCall } from '#contract/message.ts'
import type { RunErrorCode } from '#contract/problem.ts'
import type { ResponseFormat } from '#contract/run.ts'
import type { ToolDefinition } from '#contract/tool.ts'
import type { Usage } from '#contract/usage.ts'

/** What of a stored message a model is shown. */
export type PromptMessage = Pick<
  Message,
  'role' | 'content' | 'multi_content' | 'tool_calls' | 'tool_call_id' | 'is_error'
>

export type ModelSettings = {
  temperature?: number
  max_tokens?: number
  top_p?: number
  frequency_penalty?: number
  presence_penalty?: number
  parallel_tool_calls?: boolean
  thinking_budget?: string | number
  /** false: the server is not asked for token counts. */
  track_usage?: boolean
  /** Passed through to the provider as they are. */
  provider_opts?: Record<string, unknown>
}

export type ModelRequest = {
  /** Well formed: every tool call is followed by exactly one tool message. */
  messages: PromptMessage[]
  tools: Pick<ToolDefinition, 'name' | 'description' | 'parameters'>[]
  responseFormat?: ResponseFormat
  thinking: boolean
  signal: AbortSignal
}

/** What arrives while the model answers. `index` counts the calls of this answer from 0. */
export type ModelDelta =
  | { type: 'text'; text: string }
  | { type: 'reasoning'; text: string }
  | { type: 'tool_call'; index: number; id: string; name: string; arguments: string }

export type ModelAnswer = {
  content: string
  reasoning: string
  toolCalls: ToolCall[]
  finishReason: FinishReason
  /** null when the provider told nothing. */
  usage: Omit<Usage, 'cost'> | null
}

/**
 * One model of one provider, ready to be called.
 *
 * `respond` calls `onDelta` synchronously, in order, for each piece of the answer; when it returns
 * a promise, the model awaits it before it reads on (the journal is full). It resolves only when
 * the provider said that the answer is complete (a finish reason came) and every tool call has an
 * id, a name and arguments that are whole; in every other case it rejects with a `ModelFailure`.
 * Text is well-formed Unicode without U+0000. After `signal` aborts it rejects promptly with the
 * signal's reason and the upstream connection is closed.
 */
export type Model = {
  /** `provider/model`. */
  id: string
  /** No model at all: only what built-in rules can do. */
  offline?: true
  contextLimit: number | null
  /** US dollars for one million tokens; null when unknown. */
  price: { input: number; output: number; cachedInput: number } | null
  respond(
    request: ModelRequest,
    onDelta: (delta: ModelDelta) => Promise<void> | undefined,
  ): Promise<ModelAnswer>
}

export type ModelFailureCode = Extract<
  RunErrorCode,
  | 'model_error'
  | 'model_rate_limited'
  | 'model_timeout'
  | 'model_truncated'
  | 'context_exceeded'
  | 'content_filtered'
>

/** Why a model call failed. The message is safe to show: no key, no upstream body. */
export class ModelFailure extends Error {
  override name = 'ModelFailure'
  readonly code: ModelFailureCode
  /** The same call may succeed later. */
  readonly retryable: boolean
  /** Milliseconds that the provider asked to wait. */
  readonly retryAfter: number | undefined

  constructor(
    code: ModelFailureCode,
    message: string,
    options: { retryable: boolean; retryAfter?: number; cause?: unknown },
  ) {
    super(message, { cause: options.cause })
    this.code = code
    this.retryable = options.retryable
    this.retryAfter = options.retryAfter
  }
}

/** A model as listModels shows it. */
export type ModelInfo = {
  id: string
  provider: string
  name: string
  is_default: boolean
  context_window?: number
  pricing?: ModelPricing
}

/** What a team's file says about models: the `models:` and `providers:` blocks. */
export type ModelScope = {
  models: Record<
    string,
    ModelSettings & {
      provider?: string
      model: string
      base_url?: string
      token_key?: string
      pricing?: FilePricing
      context_window?: number
    }
  >
  providers: Record<string, { base_url: string; token_key?: string | undefined }>
}

/** Finds the model that a reference means; the one door from the runtime to the providers. */
export type Models = {
  /**
   * `reference` is a name under the file's `models:`, `provider/model`, `auto`, or undefined for
   * the detected default; `settings` are the agent's own, over the model's. Throws a `Problem`
   * `validation_failed` that names an unknown provider or a missing key variable.
   */
  resolve(reference: string | undefined, scope: ModelScope, settings?: ModelSettings): Model
  /** What answers when a file names no model, and why; for the start-up lines. */
  readonly detected: { id: string; reason: string }
  list(): Promise<ModelInfo[]>
}
