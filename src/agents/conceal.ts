import { isDeepStrictEqual } from 'node:util'
import type { AgentFile } from '#contract/agent-file.ts'
import type { FilePath, PathProblem } from './problem.ts'

/** Stands for a secret in all that is shown. */
export const hidden = '(hidden)'

/** A file without the secrets that somebody wrote into it; references to them stay. */
export function concealFile(file: AgentFile): AgentFile {
  return conceal(file)
}

/** The places of a value where a secret stands, each with what may be shown. */
export function secretsIn(
  value: unknown,
  path: FilePath = [],
): { path: FilePath; shown: string }[] {
  if (typeof value === 'string') {
    const shown = isSecretPlace(path) ? concealText(value) : concealUrl(value)
    return shown === value ? [] : [{ path, shown }]
  }
  if (typeof value !== 'object' || value === null) return []
  const entries = Array.isArray(value) ? value.entries() : Object.entries(value)
  return [...entries].flatMap(([key, item]) => secretsIn(item, [...path, key]))
}

/**
 * Puts the secrets back into a file that came from what was shown. Only where a whole toolset, model
 * or provider is otherwise as it was: else the secret could be sent to a place of somebody's choice.
 */
export function revealFile(file: AgentFile, before: AgentFile): AgentFile {
  const units = unitsOf(before)
  const reveal = <Unit>(unit: Unit): Unit => {
    const known = units.find((candidate) => isDeepStrictEqual(conceal(candidate), unit))
    // What is equal to a unit but for its secrets has its type.
    return known === undefined ? unit : (known as Unit)
  }
  const agents = Object.entries(file.agents).map(([name, agent]) => [
    name,
    agent.toolsets ? { ...agent, toolsets: agent.toolsets.map(reveal) } : agent,
  ])
  return {
    ...file,
    agents: Object.fromEntries(agents),
    ...(file.mcps && { mcps: revealEach(file.mcps, reveal) }),
    ...(file.models && { models: revealEach(file.models, reveal) }),
    ...(file.providers && { providers: revealEach(file.providers, reveal) }),
  }
}

/** A placeholder that no secret was found for. */
export function hiddenProblems(value: unknown, path: FilePath = []): PathProblem[] {
  if (typeof value === 'string') {
    const message = `${hidden} stands for a secret that cannot be kept with this change; give it again`
    const isPlaceholder = isSecretPlace(path) ? value.includes(hidden) : concealedUrl.test(value)
    return isPlaceholder ? [{ path, message }] : []
  }
  if (typeof value !== 'object' || value === null) return []
  const entries = Array.isArray(value) ? value.entries() : Object.entries(value)
  return [...entries].flatMap(([key, item]) => hiddenProblems(item, [...path, key]))
}

const concealedUrl = /^\S+:\/\/\S*\(hidden\)\S*$/

function unitsOf({ agents, mcps = {}, models = {}, providers = {} }: AgentFile): unknown[] {
  const toolsets = Object.values(agents).flatMap((agent) => agent.toolsets ?? [])
  const named = [mcps, models, providers].flatMap((units) => Object.values<unknown>(units))
  return [...toolsets, ...named]
}

function revealEach<Unit>(
  units: Record<string, Unit>,
  reveal: (unit: Unit) => Unit,
): Record<string, Unit> {
  return Object.fromEntries(Object.entries(units).map(([name, unit]) => [name, reveal(unit)]))
}

function conceal<Value>(value: Value, path?: FilePath): Value
function conceal(value: unknown, path: FilePath = []): unknown {
  if (typeof value === 'string') return secretsIn(value, path)[0]?.shown ?? value
  if (typeof value !== 'object' || value === null) return value
  if (Array.isArray(value)) return value.map((item, index) => conceal(item, [...path, index]))
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => [key, conceal(item, [...path, key])]),
  )
}

const secretName = /auth|key|token|secret|password|passwd|credential|cookie|signature/i

/** A named value that is sent or handed on: a header, a variable, an option of a provider. */
function isSecretPlace(path: FilePath): boolean {
  const name = path.at(-1)
  const isHandedOn = path.some((step) => ['headers', 'env', 'provider_opts'].includes(String(step)))
  return isHandedOn && typeof name === 'string' && secretName.test(name)
}

/** A reference to a secret is none. */
function concealText(text: string): string {
  const literal = text.replaceAll(/\$\{(env|headers)\.[\w-]+\}/g, '')
  return /^\s*(bearer|basic|token)?\s*$/i.test(literal) ? text : hidden
}

/** A password before the host, and secrets among the parameters. */
function concealUrl(text: string): string {
  return text
    .replaceAll(/(\w+:\/\/[^\s/:@]*):(?!\$\{)[^\s/@]+@/g, `$1:${hidden}@`)
    .replaceAll(/([?&][^=&\s#]*=)(?!\$\{)([^&\s#]+)/g, (whole, name: string) =>
      secretName.test(name) ? `${name}${hidden}` : whole,
    )
}
