import type { z } from '@hono/zod-openapi'
import type { TokenUsageEvent } from '#contract/event.ts'
import { addUsage, noUsage, type Usage } from '#contract/usage.ts'

/** What the model calls of one stream used, an entry for each model. */
export function createTally(run: { id: string; model: string | null }) {
  const models = new Map<string, string>(run.model === null ? [] : [[run.id, run.model]])
  const used = new Map<string, Usage>()
  return {
    useModel(runId: string, model: string): void {
      models.set(runId, model)
    },
    add({ run_id, usage }: z.infer<typeof TokenUsageEvent>): void {
      const model = models.get(run_id) ?? ''
      used.set(model, addUsage(used.get(model) ?? noUsage, usage))
    },
    entries: () => [...used.entries()].map(toEntry),
  }
}

function toEntry([name, usage]: [string, Usage]) {
  const slash = name.indexOf('/')
  const model = name.slice(slash + 1)
  return {
    ...(slash > 0 && { provider: name.slice(0, slash) }),
    ...(model !== '' && { model }),
    inputTokens: usage.input_tokens,
    outputTokens: usage.output_tokens,
    totalTokens: usage.input_tokens + usage.output_tokens,
    reasoningTokens: usage.reasoning_tokens,
    cachedInputTokens: usage.cached_input_tokens,
  }
}
