import { createHash } from 'node:crypto'
import { type AgentFile, type AgentSpec, modelReferences } from '#contract/agent-file.ts'
import type { Permissions } from '#contract/tool.ts'
import { type AgentSnapshot, pinOf } from '#runtime/catalog.ts'
import { matchesGlob } from '#runtime/permissions.ts'

/** What an operator changes about the agents that answer on one wire. */
export type AgentSettings = {
  /** The name as its provider has it. */
  model?: string
  provider?: string
  base_url?: string
  temperature?: number
  max_tokens?: number
  /** Names of tools, with `*` and `?`. */
  allow: string[]
  ask: string[]
  deny: string[]
}

type NamedModel = NonNullable<AgentFile['models']>[string]

/** The name of the model that is made; no file can have it by accident. */
const ownModel = 'operator:model'

/**
 * The agent with other settings, as a version of its own: what runs with it goes on with it after a
 * restart, and everybody else has the agent as it was.
 */
export function agentVariant(
  snapshot: AgentSnapshot,
  { settings, detected }: { settings: AgentSettings; detected: string },
): AgentSnapshot {
  const file = withPermissions(withModel(snapshot.file, settings, detected), settings)
  const version = createHash('sha256')
    .update(JSON.stringify([pinOf(snapshot), settings, detected]))
    .digest('hex')
    .slice(0, 16)
  return { ...snapshot, file, version, ...(snapshot.pin !== undefined && { pin: version }) }
}

/** Of the agent that is asked first. */
function withModel(file: AgentFile, settings: AgentSettings, detected: string): AgentFile {
  const { model, provider, base_url, temperature, max_tokens } = settings
  if (model === undefined && temperature === undefined && max_tokens === undefined) return file
  const name = 'root' in file.agents ? 'root' : (Object.keys(file.agents)[0] ?? 'root')
  const spec: AgentSpec = file.agents[name] ?? {}
  const [first, ...others] = modelReferences(spec.model)
  const base = modelOf(file, first, detected)
  // The offline model has no settings.
  if (model === undefined && base.provider === 'offline') return file
  const chosen: NamedModel = {
    ...(model === undefined ? base : namedModel(file, { model, provider, base })),
    ...(base_url !== undefined && { base_url }),
    ...(temperature !== undefined && { temperature }),
    ...(max_tokens !== undefined && { max_tokens }),
  }
  const references = model === undefined ? [ownModel, ...others] : [ownModel]
  return {
    ...file,
    models: { ...file.models, [ownModel]: chosen },
    agents: { ...file.agents, [name]: { ...spec, model: references } },
  }
}

/** One that the file names, else one of the provider, which by default is the agent's own. */
function namedModel(
  { models = {} }: AgentFile,
  { model, provider, base }: { model: string; provider: string | undefined; base: NamedModel },
): NamedModel {
  const known = Object.entries(models).find(
    ([key, entry]) =>
      (key === model || entry.model === model) && (provider ?? entry.provider) === entry.provider,
  )
  if (known) return known[1]
  const own = provider ?? base.provider
  return { ...(own !== undefined && { provider: own }), model }
}

function modelOf({ models = {} }: AgentFile, reference: string | undefined, detected: string) {
  const isAuto = reference === undefined || reference === 'auto'
  const named = !isAuto && Object.hasOwn(models, reference) ? models[reference] : undefined
  if (named) return named
  const whole = isAuto ? detected : reference
  const slash = whole.indexOf('/')
  if (slash < 1) return { model: whole }
  return { provider: whole.slice(0, slash), model: whole.slice(slash + 1) }
}

/** What is to be asked about is not allowed by the file, in whatever words it does. */
function withPermissions(file: AgentFile, { allow, ask, deny }: AgentSettings): AgentFile {
  if (allow.length + ask.length + deny.length === 0) return file
  const limited = <Rules extends Permissions>(rules: Rules): Rules =>
    rules.allow ? { ...rules, allow: rules.allow.filter((rule) => !isAsked(rule, ask)) } : rules
  const { permissions = {}, agents } = file
  const own = limited(permissions)
  return {
    ...file,
    agents: Object.fromEntries(
      Object.entries(agents).map(([name, spec]) => [
        name,
        spec.permissions ? { ...spec, permissions: limited(spec.permissions) } : spec,
      ]),
    ),
    permissions: {
      allow: [...(own.allow ?? []), ...allow],
      ask: [...(own.ask ?? []), ...ask],
      deny: [...(own.deny ?? []), ...deny],
    },
  }
}

function isAsked(rule: string, ask: string[]): boolean {
  const [name = ''] = rule.split(':')
  return ask.some((tool) => matchesGlob(name, tool))
}
