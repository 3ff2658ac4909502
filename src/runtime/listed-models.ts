import type { AgentFile } from '#contract/agent-file.ts'
import type { TenantAgents } from './catalog.ts'
import type { ModelInfo, Models } from './model.ts'

type NamedModel = NonNullable<AgentFile['models']>[string]

/**
 * What the providers list, with what agent files say of prices and windows; their models that no
 * provider lists come after. Where files differ, the first agent by name is shown; each run counts
 * by its own file.
 */
export async function listModels({
  models,
  agents,
}: {
  models: Pick<Models, 'list'>
  agents: Pick<TenantAgents, 'list'>
}): Promise<ModelInfo[]> {
  const listed = new Map((await models.list()).map((model) => [model.id, model]))
  const named = agents.list().flatMap(({ file }) => Object.values(file.models ?? {}))
  for (const spec of named.toReversed()) {
    const own = ownInfo(spec)
    if (!own) continue
    const reference = referenceOf(spec)
    if (!reference) continue
    const base = listed.get(reference.id) ?? { ...reference, is_default: false }
    listed.set(reference.id, { ...base, ...own })
  }
  return [...listed.values()]
}

/** null: the file leaves it to the server. */
function ownInfo({ pricing, context_window }: NamedModel): Partial<ModelInfo> | null {
  if (!pricing && context_window === undefined) return null
  return {
    ...(context_window === undefined ? {} : { context_window }),
    ...(pricing
      ? { pricing: { ...pricing, cached_input: pricing.cached_input ?? pricing.input } }
      : {}),
  }
}

/** null: which provider's it is depends on the server. */
function referenceOf({ provider, model }: NamedModel) {
  if (provider !== undefined) return { id: `${provider}/${model}`, provider, name: model }
  const slash = model.indexOf('/')
  if (slash < 1) return null
  return { id: model, provider: model.slice(0, slash), name: model.slice(slash + 1) }
}
