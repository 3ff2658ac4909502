import type { FilePricing } from '#contract/agent-file.ts'
import { Problem } from '#contract/problem.ts'
import type { ModelScope, ModelSettings } from '#runtime/model.ts'
import { type Dialect, defaultDialect, presets } from './presets.ts'

export type Environment = Record<string, string | undefined>

/** Everything that is needed to call one model. */
export type Endpoint = {
  provider: string
  model: string
  baseUrl: URL
  apiKey: string | undefined
  keyVariable: string | undefined
  settings: ModelSettings
  dialect: Dialect
  /** What the file says of the model; undefined: it says nothing. */
  pricing: FilePricing | undefined
  contextWindow: number | undefined
  /** Values from the environment in what is sent. */
  secrets: string[]
}

/** What a reference says, before anything was looked up. */
export type ModelSpec = ModelSettings & {
  provider: string
  model: string
  base_url?: string
  token_key?: string
  pricing?: FilePricing
  context_window?: number
}

/**
 * Where a model is called, and with which key. `missingKey` names the variable that a well-known
 * provider's key would be in; whether something else may answer then is not decided here.
 *
 * A base URL that the file gives is called without the provider's usual key: only `token_key` says
 * which key may go there. A `token_key` whose variable is not set is a `Problem`.
 */
export function findEndpoint({
  spec,
  providers,
  environment,
}: {
  spec: ModelSpec
  providers: ModelScope['providers']
  environment: Environment
}): Endpoint | { missingKey: string } {
  const {
    provider,
    model,
    base_url,
    token_key,
    pricing,
    context_window: contextWindow,
    ...settings
  } = spec
  const named = Object.hasOwn(providers, provider) ? providers[provider] : undefined
  const address = base_url ?? named?.base_url
  const preset = Object.hasOwn(presets, provider) ? presets[provider] : undefined
  if (address === undefined && !preset) throw unknownProvider(provider, providers)

  const secrets: string[] = []
  const resolved = withEnvironment(settings, environment, secrets)
  const dialect = preset ?? defaultDialect
  const common = { provider, model, settings: resolved, pricing, contextWindow, secrets }
  const keyVariable = token_key ?? named?.token_key
  if (address !== undefined) {
    const baseUrl = toUrl(withEnvironment(address, environment, secrets), provider)
    const apiKey =
      keyVariable === undefined ? undefined : requiredKey(keyVariable, spec, environment)
    return { ...common, baseUrl, apiKey, keyVariable, dialect: plain(dialect, provider) }
  }
  return presetEndpoint({ common, environment, keyVariable, spec })
}

/** OPENAI_BASE_URL moves the provider `openai`, with or without a key. */
function presetEndpoint({
  common,
  environment,
  keyVariable,
  spec,
}: {
  common: Pick<
    Endpoint,
    'provider' | 'model' | 'settings' | 'pricing' | 'contextWindow' | 'secrets'
  >
  environment: Environment
  keyVariable: string | undefined
  spec: ModelSpec
}): Endpoint | { missingKey: string } {
  const preset = presets[spec.provider]
  if (!preset) throw unknownProvider(spec.provider, {})
  const moved = spec.provider === 'openai' ? environment.OPENAI_BASE_URL : undefined
  const usual = preset.keyVariables.find((variable) => environment[variable])
  const variable = keyVariable ?? usual ?? preset.keyVariables[0]
  const apiKey = keyVariable
    ? requiredKey(keyVariable, spec, environment)
    : usual && environment[usual]
  if (!apiKey && !moved && variable !== undefined) return { missingKey: variable }
  return {
    ...common,
    baseUrl: toUrl(moved || preset.baseUrl, spec.provider),
    apiKey: apiKey || undefined,
    keyVariable: variable,
    dialect: moved ? plain(preset, spec.provider) : preset,
  }
}

/** Another server than OpenAI's own knows only the older name of the answer's limit. */
function plain(dialect: Dialect, provider: string): Dialect {
  return provider === 'openai' ? { ...dialect, maxTokens: 'max_tokens' } : dialect
}

function requiredKey(variable: string, spec: ModelSpec, environment: Environment): string {
  const key = environment[variable]
  if (key) return key
  throw new Problem(
    'validation_failed',
    `The model ${spec.provider}/${spec.model} needs the environment variable ${variable} (its token_key), which is not set`,
  )
}

function unknownProvider(provider: string, providers: ModelScope['providers']): Problem {
  const known = [...Object.keys(providers), ...Object.keys(presets)].join(', ')
  return new Problem(
    'validation_failed',
    `The model provider ${provider} is unknown: define it under providers: or use one of ${known}`,
  )
}

function toUrl(address: string, provider: string): URL {
  const url = URL.canParse(address) ? new URL(address) : undefined
  if (url && /^https?:$/.test(url.protocol)) return url
  throw new Problem(
    'validation_failed',
    `The base URL of the model provider ${provider} must be an http or https URL`,
  )
}

/** `${env.NAME}` in strings becomes the variable's value; each value is added to `secrets`. */
function withEnvironment<Value>(value: Value, environment: Environment, secrets: string[]): Value
function withEnvironment(value: unknown, environment: Environment, secrets: string[]): unknown {
  if (typeof value === 'string') {
    return value.replace(/\$\{env\.([A-Za-z_]\w*)\}/g, (_, name: string) => {
      const found = environment[name]
      if (found === undefined) throw missingVariable(name)
      secrets.push(found)
      return found
    })
  }
  if (Array.isArray(value)) return value.map((item) => withEnvironment(item, environment, secrets))
  if (typeof value !== 'object' || value === null) return value
  const entries = Object.entries(value)
  return Object.fromEntries(
    entries.map(([key, item]) => [key, withEnvironment(item, environment, secrets)]),
  )
}

function missingVariable(name: string): Problem {
  return new Problem('validation_failed', `The environment variable ${name} is not set`)
}
