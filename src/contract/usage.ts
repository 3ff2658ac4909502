import { z } from '@hono/zod-openapi'

/** Tokens of one model call. Unknown cost is null, never zero. */
export const Usage = z
  .object({
    input_tokens: z.number().int().openapi({ description: 'Tokens of the prompt', example: 120 }),
    output_tokens: z.number().int().openapi({ description: 'Tokens of the answer', example: 42 }),
    cached_input_tokens: z.number().int().openapi({ description: 'Part of input_tokens' }),
    reasoning_tokens: z.number().int().openapi({ description: 'Part of output_tokens' }),
    cost: z.number().nullable().openapi({ description: 'US dollars; null when no price is known' }),
  })
  .openapi('Usage', { description: 'Tokens and cost of model calls' })
export type Usage = z.infer<typeof Usage>

export const noUsage: Usage = {
  input_tokens: 0,
  output_tokens: 0,
  cached_input_tokens: 0,
  reasoning_tokens: 0,
  cost: null,
}

/** The sum; unknown plus known is known. */
export function addUsage(a: Usage, b: Usage): Usage {
  return {
    input_tokens: a.input_tokens + b.input_tokens,
    output_tokens: a.output_tokens + b.output_tokens,
    cached_input_tokens: a.cached_input_tokens + b.cached_input_tokens,
    reasoning_tokens: a.reasoning_tokens + b.reasoning_tokens,
    cost: a.cost === null && b.cost === null ? null : (a.cost ?? 0) + (b.cost ?? 0),
  }
}
