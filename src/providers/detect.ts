import type { Environment } from './endpoint.ts'
import { firstChatModel, type ListedModel, listServerModels } from './model-list.ts'
import { localServers, type Preset, presets } from './presets.ts'
import type { Transport } from './transport.ts'

/** The model that answers when nothing names one; `contextWindow` where its server told it. */
export type Detected = {
  provider: string
  model: string
  reason: string
  contextWindow: number | undefined
  /** Where a local server was found. */
  address: string | undefined
}

/** Milliseconds that a server may take to list its models. */
export type DetectionTimeouts = { listing: number; probe: number }

/**
 * Looks for a model in this order: OPENAI_BASE_URL, a key of a well-known provider, a local server
 * on its usual port. OPENAI_MODEL names the model of the first two when that is `openai`; without it
 * a provider's usual model is taken, or the first that the server lists. undefined: there is none.
 */
export async function detectModel({
  environment,
  transport,
  timeouts,
  servers,
}: {
  environment: Environment
  transport: Transport
  timeouts: DetectionTimeouts
  /** Names of presets whose ports are probed, with other addresses where a test has them. */
  servers: Record<string, string>
}): Promise<Detected | undefined> {
  const list = (address: string, apiKey: string | undefined) =>
    URL.canParse(address)
      ? listServerModels({
          transport,
          baseUrl: new URL(address),
          apiKey,
          timeout: timeouts.listing,
        })
      : Promise.resolve(undefined)
  const moved = environment.OPENAI_BASE_URL
  if (moved) {
    const model = environment.OPENAI_MODEL
    const listed = model ? undefined : await list(moved, environment.OPENAI_API_KEY)
    return choose({ provider: 'openai', model, listed, reason: 'OPENAI_BASE_URL is set' })
  }
  for (const [provider, preset] of Object.entries(presets)) {
    const variable = preset.keyVariables.find((name) => environment[name])
    if (variable === undefined) continue
    const wanted = provider === 'openai' ? environment.OPENAI_MODEL : undefined
    const model = wanted || preset.defaultModel
    const listed = model ? undefined : await list(preset.baseUrl, environment[variable])
    return choose({ provider, model, listed, reason: `${variable} is set` })
  }
  return probe({ transport, timeout: timeouts.probe, servers })
}

function choose({
  provider,
  model,
  listed,
  reason,
}: {
  provider: string
  model: string | undefined
  listed: ListedModel[] | undefined
  reason: string
}): Detected {
  const nothingTold = { contextWindow: undefined, address: undefined }
  if (model) return { ...nothingTold, provider, model, reason }
  const first = firstChatModel(listed ?? [])
  if (first) {
    const { name, contextWindow } = first
    return {
      ...nothingTold,
      provider,
      model: name,
      reason: `${reason}; the first model it lists`,
      contextWindow,
    }
  }
  const usual = presets[provider]?.defaultModel ?? 'default'
  const why = `${reason}, but it lists no models; name one with OPENAI_MODEL`
  return { ...nothingTold, provider, model: usual, reason: why }
}

/** The ports of all local servers at once; the first in the table's order wins. */
async function probe({
  transport,
  timeout,
  servers,
}: {
  transport: Transport
  timeout: number
  servers: Record<string, string>
}): Promise<Detected | undefined> {
  const answers = await Promise.all(
    Object.entries(servers).map(async ([provider, address]) => {
      const baseUrl = new URL(address)
      const listed = await listServerModels({ transport, baseUrl, apiKey: undefined, timeout })
      const own = (listed ?? []).filter((model) => isOwn(model, presets[provider]))
      const first = firstChatModel(own)
      if (!first) return undefined
      const reason = `a local ${provider} server answers at ${address}`
      return { provider, model: first.name, reason, contextWindow: first.contextWindow, address }
    }),
  )
  return answers.find((answer) => answer !== undefined)
}

/** Ports such as 8080 and 8000 belong to anyone, another Parley included. */
function isOwn(model: ListedModel, preset: Preset | undefined): boolean {
  return preset?.ownedBy === undefined || model.ownedBy === preset.ownedBy
}

export function usualLocalServers(): Record<string, string> {
  return Object.fromEntries(
    localServers.flatMap((name) => {
      const preset = presets[name]
      return preset ? [[name, preset.baseUrl]] : []
    }),
  )
}
