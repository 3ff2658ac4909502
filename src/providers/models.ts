import { randomUUID } from 'node:crypto'
import type { Model, ModelScope, ModelSettings, Models } from '#runtime/model.ts'
import type { CallLimits } from './call.ts'
import type { Interaction } from './cassette.ts'
import { createChatCompletionsModel } from './chat-completions.ts'
import { parseJson, textAt } from './chunk.ts'
import { type Detected, type DetectionTimeouts, detectModel, usualLocalServers } from './detect.ts'
import { type Endpoint, type Environment, findEndpoint, type ModelSpec } from './endpoint.ts'
import { createListing } from './listing.ts'
import { presets } from './presets.ts'
import { openRecording } from './recording.ts'
import { specOf } from './reference.ts'
import { openReplay } from './replay.ts'
import { loadClient } from './signature.ts'
import { createHttpTransport, type OutgoingHeaders, type Transport } from './transport.ts'
import { createWatchdog } from './watchdog.ts'

export type OpenModels = Models & {
  /**
   * Why another model than the named one answers: its provider's key is not set. undefined when the
   * named one answers. For the start-up lines; throws as `resolve` does.
   */
  substitution(reference: string | undefined, scope: ModelScope): string | undefined
  /**
   * Loads what the first call needs, so that it needn't wait for it: about 130 ms and 30 MB, hence
   * not at start. To be called once the server listens; the offline model needs nothing.
   */
  prepare(): Promise<void>
  /** Closes idle connections and finishes the recording; rejects when that couldn't be written. */
  close(): Promise<void>
}

/** Where model calls go: to the models, to them and into a file, or only to a file. */
export type Traffic =
  | { kind: 'live' }
  | { kind: 'record'; file: string }
  | { kind: 'fake'; file: string }

/**
 * Opens the way to all models: looks what is there, once, and finds the model that a reference
 * means.
 *
 * A file that names a well-known provider whose key is not set is answered by the detected default
 * instead, the offline model when nothing was detected: examples work on any machine. It is never
 * silent: each answer carries the id of the model that gave it, and `substitution` says why. What a
 * file defines by itself (`providers:`, `token_key`) is never substituted; a missing variable is a
 * `Problem` there. While a recording is replayed no key is needed.
 */
export async function openModels({
  environment,
  offline,
  traffic = { kind: 'live' },
  outgoingHeaders,
  localServers = usualLocalServers(),
  timeouts = { listing: 2000, probe: 300 },
  limits = {},
  tick = 1000,
  now = Date.now,
  createCallId = () => `call_${randomUUID().replaceAll('-', '').slice(0, 24)}`,
}: {
  environment: Environment
  /** Answers when there is no other model. */
  offline: Model
  traffic?: Traffic
  /** More headers for each request, by what it is made for. */
  outgoingHeaders?: OutgoingHeaders | undefined
  /** Base URLs of local servers to look for, by the name of their preset. */
  localServers?: Record<string, string>
  timeouts?: DetectionTimeouts
  limits?: Partial<CallLimits>
  /** Milliseconds between looks for silent streams. */
  tick?: number
  now?: () => number
  createCallId?: () => string
}): Promise<OpenModels> {
  const secrets = new Set<string>()
  const { transport, interactions } = await openTraffic({
    traffic,
    environment,
    outgoingHeaders,
    secrets,
  })
  const shared = { transport, watchdog: createWatchdog({ tick }), now, createCallId, limits }
  const found =
    traffic.kind === 'fake'
      ? recordedModel(interactions, traffic.file)
      : await detectModel({ environment, transport, timeouts, servers: localServers })
  const cache = new Map<string, Model>()
  const keyless = traffic.kind === 'fake'

  function modelAt(endpoint: Endpoint): Model {
    const { baseUrl, apiKey, secrets: sent, ...rest } = endpoint
    const key = JSON.stringify([baseUrl.href, apiKey, rest])
    const known = cache.get(key)
    if (known) return known
    for (const secret of [apiKey ?? '', baseUrl.password, ...sent]) secrets.add(secret)
    const isOpenAi = baseUrl.hostname === 'api.openai.com'
    const isDetected = found?.provider === rest.provider && found.model === rest.model
    const model = createChatCompletionsModel({
      ...shared,
      ...rest,
      baseUrl,
      apiKey,
      secrets: sent,
      organization: isOpenAi ? environment.OPENAI_ORG_ID : undefined,
      project: isOpenAi ? environment.OPENAI_PROJECT_ID : undefined,
      contextLimit: rest.contextWindow ?? (isDetected ? found.contextWindow : undefined),
    })
    // Agents come and go; the models of old versions need not stay.
    if (cache.size >= 500) cache.clear()
    cache.set(key, model)
    return model
  }

  function endpointOf(spec: ModelSpec, scope: ModelScope) {
    const endpoint = findEndpoint({ spec, providers: scope.providers, environment })
    if (!('missingKey' in endpoint) || !keyless) return endpoint
    const placeholder = { ...environment, [endpoint.missingKey]: 'replayed' }
    return findEndpoint({ spec, providers: scope.providers, environment: placeholder })
  }

  function fallback(settings: ModelSettings): Model {
    if (!found) return offline
    const { provider, model, address } = found
    const spec = { ...settings, provider, model, ...(address && { base_url: address }) }
    const endpoint = endpointOf(spec, noScope)
    return 'missingKey' in endpoint ? offline : modelAt(endpoint)
  }

  function resolve(reference: string | undefined, scope: ModelScope, own: ModelSettings = {}) {
    const spec = specOf(reference, scope, found)
    if (spec === 'detected') return fallback(own)
    if (spec === 'offline') return offline
    const settings = { ...spec, ...own }
    const endpoint = endpointOf(settings, scope)
    if (!('missingKey' in endpoint)) return modelAt(endpoint)
    // What is told of the model doesn't hold for the one in its place.
    const { provider, model, base_url, token_key, pricing, context_window, ...rest } = settings
    return fallback(rest)
  }

  return {
    resolve,
    detected: found
      ? { id: `${found.provider}/${found.model}`, reason: found.reason }
      : { id: offline.id, reason: 'no key in the environment and no local model server' },
    substitution(reference, scope) {
      const spec = specOf(reference, scope, found)
      if (typeof spec === 'string') return undefined
      const endpoint = endpointOf(spec, scope)
      if (!('missingKey' in endpoint)) return undefined
      const instead = fallback({}).id
      return `${instead} answers for ${spec.provider}/${spec.model}: ${endpoint.missingKey} is not set`
    },
    list: createListing({ environment, found, offline, transport, timeout: timeouts.listing, now }),
    prepare: () => (found ? loadClient() : Promise.resolve()),
    close: () => transport.close(),
  }
}

const noScope: ModelScope = { models: {}, providers: {} }

async function openTraffic({
  traffic,
  environment,
  outgoingHeaders,
  secrets,
}: {
  traffic: Traffic
  environment: Environment
  outgoingHeaders: OutgoingHeaders | undefined
  secrets: Set<string>
}): Promise<{ transport: Transport; interactions: Interaction[] }> {
  if (traffic.kind === 'fake') return openReplay({ file: traffic.file })
  const transport = createHttpTransport({ environment, outgoingHeaders })
  if (traffic.kind === 'live') return { transport, interactions: [] }
  const recording = await openRecording({ file: traffic.file, transport, secrets: () => secrets })
  return { transport: recording, interactions: [] }
}

/** The default of a replay: the model of the first recorded call. */
function recordedModel(interactions: Interaction[], file: string): Detected | undefined {
  const [first] = interactions
  const model = textAt(parseJson(first?.requestBody ?? '')?.value, 'model')
  if (!first || model === undefined) return undefined
  const { host } = new URL(first.url)
  const preset = Object.entries(presets).find(([, { baseUrl }]) => new URL(baseUrl).host === host)
  return {
    provider: preset?.[0] ?? 'openai',
    model,
    reason: `the model of the recording ${file}`,
    contextWindow: undefined,
    address: undefined,
  }
}
