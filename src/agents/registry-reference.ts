import { extname } from 'node:path'
import { agentNamePattern } from './agent-name.ts'
import { AgentFileError } from './problem.ts'

/** Where an agent is in a registry. */
export type RegistryReference = {
  /** As it was given. */
  text: string
  /** The `{agent}` of the routes, and the name of the file it is kept in. */
  name: string
  /** `HOST` or `HOST:PORT` as it is known to people; credentials are kept under it. */
  registry: string
  repository: string
  /** A tag, or the digest of the manifest. */
  version: string
  /** The manifest has to be this one. */
  digest: string | null
}

/** Whether a name that is no file may be meant for a registry: `registry/name:tag`. */
export function isReference(text: string): boolean {
  const isPath = /^[./~\\]/.test(text) || agentExtensions.has(extname(text).toLowerCase())
  return !isPath && text.includes('/') && matchReference(text) !== undefined
}

/** Throws an `AgentFileError` for what is no reference. */
export function parseReference(text: string): RegistryReference {
  const match = matchReference(text)
  if (match === undefined) {
    throw new AgentFileError([`${text}: no reference; write registry/name:tag in lower case`])
  }
  const name = `${text.replace(/[/:@\\*?"<>|]/g, '_')}.yaml`
  if (!agentNamePattern.test(name)) {
    throw new AgentFileError([`${text}: ${name} would be its name, and cannot be one in URLs`])
  }
  return { text, name, ...match }
}

const agentExtensions = new Set(['.yaml', '.yml', '.json', '.toml'])
/** The registry of references that name none, as Docker has it. */
export const usualRegistry = 'docker.io'
const repositoryPattern = /^[a-z0-9]+(?:[._-]+[a-z0-9]+)*(?:\/[a-z0-9]+(?:[._-]+[a-z0-9]+)*)*$/
const tagPattern = /^\w[\w.-]{0,127}$/
export const digestPattern = /^sha256:[0-9a-f]{64}$/
const hostPattern = /^[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?(?::\d{1,5})?$/

function matchReference(
  text: string,
): Pick<RegistryReference, 'registry' | 'repository' | 'version' | 'digest'> | undefined {
  if (text.length > 255) return undefined
  const [before = '', digest = null, ...rest] = text.split('@')
  const slash = before.indexOf('/')
  const first = before.slice(0, Math.max(0, slash))
  const hasHost = /[.:]/.test(first) || first === 'localhost'
  const path = hasHost ? before.slice(slash + 1) : before
  const [named = '', tag = 'latest', ...tags] = path.split(':')
  const registry = hasHost ? first.toLowerCase() : usualRegistry
  const isOfficial = registry === usualRegistry && !named.includes('/')
  const repository = isOfficial ? `library/${named}` : named
  const isRight =
    rest.length + tags.length === 0 &&
    hostPattern.test(registry) &&
    repositoryPattern.test(repository) &&
    tagPattern.test(tag) &&
    (digest === null || digestPattern.test(digest))
  return isRight ? { registry, repository, version: digest ?? tag, digest } : undefined
}
