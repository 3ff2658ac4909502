import type { Usage } from '#contract/usage.ts'

/** The columns of a sum of model calls. */
export type UsageColumns = {
  input_tokens: number
  output_tokens: number
  cached_input_tokens: number
  reasoning_tokens: number
  cost: number | null
}

export function toUsage(row: UsageColumns): Usage {
  return {
    input_tokens: row.input_tokens,
    output_tokens: row.output_tokens,
    cached_input_tokens: row.cached_input_tokens,
    reasoning_tokens: row.reasoning_tokens,
    cost: row.cost,
  }
}
