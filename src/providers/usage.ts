import type { ModelAnswer } from '#runtime/model.ts'
import { countAt, isObject, listAt, objectAt } from './chunk.ts'

type ModelUsage = NonNullable<ModelAnswer['usage']>

/** The token counts in a chunk, wherever its server puts them; undefined when there are none. */
export function usageOf(chunk: unknown): ModelUsage | undefined {
  const usage =
    objectAt(chunk, 'usage') ??
    objectAt(listAt(chunk, 'choices')[0], 'usage') ??
    objectAt(isObject(chunk) ? chunk.x_groq : undefined, 'usage')
  const input = countAt(usage, 'prompt_tokens') ?? countAt(usage, 'input_tokens')
  const completion = countAt(usage, 'completion_tokens') ?? countAt(usage, 'output_tokens')
  if (input === undefined && completion === undefined) return undefined
  const cached =
    countAt(objectAt(usage, 'prompt_tokens_details'), 'cached_tokens') ??
    countAt(usage, 'prompt_cache_hit_tokens') ??
    countAt(usage, 'cached_tokens') ??
    0
  const reasoning =
    countAt(objectAt(usage, 'completion_tokens_details'), 'reasoning_tokens') ??
    countAt(usage, 'reasoning_tokens') ??
    0
  const total = countAt(usage, 'total_tokens') ?? 0
  const prompt = input ?? 0
  const answer = completion ?? 0
  // Some servers count reasoning beside the completion; their total gives them away.
  const apart = reasoning > 0 && total === prompt + answer + reasoning
  return {
    input_tokens: prompt,
    output_tokens: apart ? answer + reasoning : answer,
    cached_input_tokens: Math.min(cached, prompt),
    reasoning_tokens: reasoning,
  }
}
