import type { Run } from '#contract/run.ts'
import type { Usage } from '#contract/usage.ts'
import { type Fields, isFields, seconds } from './openai-fields.ts'

/**
 * A response is a run, or a part of one: what follows the results that the caller's tools gave is
 * another response, `part` counts from 0.
 */
export type ResponseId = { runId: string; part: number }

export type ResponseStatus = 'in_progress' | 'completed' | 'incomplete' | 'failed' | 'cancelled'

export type OutputItem = Fields & { id: string; type: string }

export type ResponseState = {
  status: ResponseStatus
  output: OutputItem[]
  usage: Usage | null
  error: { code: string; message: string } | null
}

/** What a run remembers of the request that started it. */
export type Kept = {
  /** The fields of the request that a response shows again. */
  shown: Fields
  background: boolean
  /** Kept for those who come back by its id. */
  store: boolean
  /** The session was made of what the caller says was said before. */
  history: boolean
}

export function responseName({ runId, part }: ResponseId): string {
  return `resp_${runId.replace(/^run_/, '')}${part === 0 ? '' : `_${part}`}`
}

export function readResponseId(text: string): ResponseId | null {
  const [, id, part = '0'] = /^resp_([0-9a-z]{1,64})(?:_([1-9]\d{0,5}))?$/.exec(text) ?? []
  return id === undefined ? null : { runId: `run_${id}`, part: Number(part) }
}

/** Null for a run that came over another door. */
export function keptOf({ metadata: { openai } }: Pick<Run, 'metadata'>): Kept | null {
  if (!isFields(openai) || !isFields(openai.shown)) return null
  const { shown, background, store, history } = openai
  return {
    shown,
    background: background === true,
    store: store !== false,
    history: history === true,
  }
}

export function toResponse(
  { run, part }: { run: Pick<Run, 'id' | 'agent' | 'created_at' | 'metadata'>; part: number },
  { status, output, usage, error }: ResponseState,
): Fields {
  const kept = keptOf(run)
  const earlier = part > 0 && {
    previous_response_id: responseName({ runId: run.id, part: part - 1 }),
  }
  return {
    id: responseName({ runId: run.id, part }),
    object: 'response',
    created_at: seconds(run.created_at),
    status,
    background: kept?.background ?? false,
    error,
    incomplete_details: status === 'incomplete' ? { reason: 'max_output_tokens' } : null,
    instructions: null,
    max_output_tokens: null,
    model: run.agent,
    parallel_tool_calls: true,
    previous_response_id: null,
    reasoning: { effort: null, summary: null },
    store: kept?.store ?? true,
    temperature: null,
    text: { format: { type: 'text' } },
    tool_choice: 'auto',
    tools: [],
    top_p: null,
    truncation: 'disabled',
    metadata: {},
    ...kept?.shown,
    ...earlier,
    output,
    usage: usage && toResponseUsage(usage),
  }
}

function toResponseUsage(usage: Usage) {
  return {
    input_tokens: usage.input_tokens,
    input_tokens_details: { cached_tokens: usage.cached_input_tokens },
    output_tokens: usage.output_tokens,
    output_tokens_details: { reasoning_tokens: usage.reasoning_tokens },
    total_tokens: usage.input_tokens + usage.output_tokens,
  }
}
