import type { Model, ModelInfo } from '#runtime/model.ts'
import type { Detected } from './detect.ts'
import { type Environment, findEndpoint } from './endpoint.ts'
import { knownModel, pricesAsOf } from './known-models.ts'
import { listServerModels } from './model-list.ts'
import { presets } from './presets.ts'
import type { Transport } from './transport.ts'

const listingAge = 300_000

/** The models of all providers that can be called, asked at most every five minutes. */
export function createListing({
  environment,
  found,
  offline,
  transport,
  timeout,
  now,
}: {
  environment: Environment
  found: Detected | undefined
  offline: Model
  transport: Transport
  timeout: number
  now: () => number
}): () => Promise<ModelInfo[]> {
  let cached: { at: number; models: Promise<ModelInfo[]> } | undefined

  async function listProvider(provider: string): Promise<ModelInfo[]> {
    const address = found?.provider === provider ? found.address : undefined
    const spec = { provider, model: '', ...(address && { base_url: address }) }
    const endpoint = findEndpoint({ spec, providers: {}, environment })
    if ('missingKey' in endpoint) return []
    const { baseUrl, apiKey } = endpoint
    const listed = await listServerModels({ transport, baseUrl, apiKey, timeout })
    return (listed ?? []).map(({ name, contextWindow }) =>
      toInfo({ provider, name, found, contextWindow }),
    )
  }

  async function listAll(): Promise<ModelInfo[]> {
    if (!found) {
      const [provider = '', name = ''] = offline.id.split('/')
      return [{ id: offline.id, provider, name, is_default: true }]
    }
    const lists = await Promise.all(configured(environment, found).map(listProvider))
    const models = new Map(lists.flat().map((model) => [model.id, model]))
    const { provider, model: name, contextWindow } = found
    const first = toInfo({ provider, name, found, contextWindow })
    if (!models.has(first.id)) models.set(first.id, first)
    return [...models.values()].toSorted((a, b) => (a.id < b.id ? -1 : 1))
  }

  return () => {
    if (!cached || now() - cached.at > listingAge) cached = { at: now(), models: listAll() }
    return cached.models
  }
}

/** Presets that have a key, and the detected one. Two names of one server count once. */
function configured(environment: Environment, found: Detected): string[] {
  const withKey = Object.entries(presets).filter(
    ([name, { keyVariables }]) =>
      name === found.provider || keyVariables.some((variable) => environment[variable]),
  )
  const byAddress = new Map(withKey.toReversed().map(([name, { baseUrl }]) => [baseUrl, name]))
  return [...byAddress.values()]
}

function toInfo({
  provider,
  name,
  found,
  contextWindow,
}: {
  provider: string
  name: string
  found: Detected | undefined
  contextWindow: number | undefined
}): ModelInfo {
  const { contextLimit, price } = knownModel(provider, name)
  const window = contextWindow ?? contextLimit ?? undefined
  return {
    id: `${provider}/${name}`,
    provider,
    name,
    is_default: found?.provider === provider && found.model === name,
    ...(window !== undefined && { context_window: window }),
    ...(price && {
      pricing: {
        input: price.input,
        output: price.output,
        cached_input: price.cachedInput,
        as_of: pricesAsOf,
      },
    }),
  }
}
