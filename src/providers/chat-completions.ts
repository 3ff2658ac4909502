import type { FilePricing } from '#contract/agent-file.ts'
import type { Model, ModelSettings } from '#runtime/model.ts'
import { type CallLimits, callModel } from './call.ts'
import { toChatBody } from './chat-request.ts'
import { knownModel } from './known-models.ts'
import type { Dialect } from './presets.ts'
import { createSignature, withoutCredentials } from './signature.ts'
import type { Transport } from './transport.ts'
import type { Watchdog } from './watchdog.ts'

export type ChatCompletionsOptions = {
  /** The name before the slash of the model's id. */
  provider: string
  /** The name that the server knows. */
  model: string
  baseUrl: URL
  apiKey: string | undefined
  /** Where the key came from, or should have; named when the server refuses it. */
  keyVariable: string | undefined
  organization?: string | undefined
  project?: string | undefined
  settings: ModelSettings
  dialect: Dialect
  contextLimit?: number | undefined
  /** Instead of the prices in the table. */
  pricing?: FilePricing | undefined
  /** What else must not be shown. */
  secrets?: string[]
  /** What all models of an instance share. */
  transport: Transport
  watchdog: Watchdog
  /** Milliseconds since the epoch. */
  now: () => number
  /** Makes the id of a tool call whose server sent none. */
  createCallId: () => string
  limits?: Partial<CallLimits>
}

/** A model behind any server that speaks Chat Completions with streaming. */
export function createChatCompletionsModel({
  provider,
  model,
  baseUrl,
  apiKey,
  keyVariable,
  organization,
  project,
  settings,
  dialect,
  contextLimit,
  pricing,
  secrets: more = [],
  transport,
  watchdog,
  now,
  createCallId,
  limits = {},
}: ChatCompletionsOptions): Model {
  const sign = createSignature({ baseUrl, apiKey, organization, project })
  const known = knownModel(provider, model)
  const { address, authorization } = withoutCredentials(baseUrl)
  const secrets = [apiKey ?? '', authorization?.split(' ')[1] ?? '', baseUrl.password, ...more]
  const upstream = { id: `${provider}/${model}`, keyVariable, address, secrets }

  return {
    id: upstream.id,
    contextLimit: contextLimit ?? known.contextLimit,
    price: pricing ? toPrice(pricing) : known.price,
    async respond({ signal, ...request }, onDelta) {
      signal.throwIfAborted()
      const { url, headers } = await sign()
      signal.throwIfAborted()
      const body = JSON.stringify(toChatBody({ model, request, settings, dialect }))
      return callModel({
        request: { method: 'POST', url, headers, body },
        upstream,
        signal,
        onDelta,
        transport,
        watchdog,
        now,
        createCallId,
        limits: { ...defaultLimits, ...limits },
      })
    },
  }
}

export const defaultLimits: CallLimits = {
  headers: 30_000,
  silence: 60_000,
  afterFinish: 5_000,
  maxFrame: 4 * 1024 * 1024,
  maxAnswer: 16 * 1024 * 1024,
  maxBytes: 256 * 1024 * 1024,
}

function toPrice({ input, output, cached_input }: FilePricing): Model['price'] {
  return { input, output, cachedInput: cached_input ?? input }
}
