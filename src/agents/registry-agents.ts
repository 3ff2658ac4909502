import { mkdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import type { ApiRules } from './api-rules.ts'
import { loadAgent } from './load.ts'
import { createOnce } from './once.ts'
import { AgentFileError, problemLine } from './problem.ts'
import { pullArtifact } from './registry-artifact.ts'
import { createRegistryConnection, type RegistryFetch } from './registry-connection.ts'
import { readCredentials } from './registry-credentials.ts'
import { parseReference, type RegistryReference } from './registry-reference.ts'
import type { SourceFile } from './sources.ts'
import { readTextFile } from './text-file.ts'
import { replaceText } from './write-files.ts'

export type RegistryAgents = {
  /** The file that each reference is kept in; holds the newest version that was pulled and right. */
  files: SourceFile[]
  /** Looks at the registries now. Never rejects. */
  pull(): Promise<void>
  close(): Promise<void>
}

export type RegistryAgentsOptions = {
  references: readonly string[]
  /** Where pulled agents are kept, for starts without a network; absolute. */
  cacheDirectory: string
  /** Where relative paths in them start; absolute. */
  baseDirectory: string
  /** What they may hold; null lets them do what files of the operator may. */
  rules: ApiRules | null
  insecureRegistries: readonly string[]
  environment: Record<string, string | undefined>
  /** Milliseconds between pulls; null pulls only at start. */
  pullInterval: number | null
  fetch: RegistryFetch
  onProblem: (line: string) => void
  /** The files have been written anew. */
  onPulled: () => void
}

/**
 * Pulls agents from registries into files, at start and every `pullInterval`. A pull that fails, or
 * brings a file that is wrong, leaves the version before and is told once; without one, opening
 * throws an `AgentFileError`.
 */
export async function openRegistryAgents({
  references: named,
  cacheDirectory,
  baseDirectory,
  rules,
  insecureRegistries,
  environment,
  pullInterval,
  fetch,
  onProblem,
  onPulled,
}: RegistryAgentsOptions): Promise<RegistryAgents> {
  const references = [...new Set(named)].map(parseReference)
  refuseClashes(references)
  refuseSharedToken(references, environment)
  const report = createOnce(onProblem)
  const closing = new AbortController()
  const sources = references.map((reference) => ({ reference, file: toFile(reference) }))
  let pulling: Promise<void> = Promise.resolve()

  function toFile({ name, text }: RegistryReference): SourceFile {
    const path = join(cacheDirectory, name)
    const registry = { baseDirectory, rules }
    return { name, path, source: text, explicit: true, writable: false, registry }
  }

  /** Whether there is a new version. */
  async function pullOne(reference: RegistryReference, file: SourceFile): Promise<boolean> {
    const kept = await readTextFile(file.path)
    const known = typeof kept === 'string' ? kept : undefined
    const connection = createRegistryConnection({
      reference,
      insecureRegistries,
      credentials: await readCredentials(reference.registry, environment),
      fetch,
      signal: closing.signal,
    })
    const text = await pullArtifact(connection, reference, known)
    if (text === known) return false
    const loaded = await loadAgent(file, environment, async (path) =>
      path === file.path ? text : await readTextFile(path),
    )
    if ('problems' in loaded) {
      throw new AgentFileError(loaded.problems.map((problem) => problemLine(file.source, problem)))
    }
    await replaceText(file.path, text)
    return true
  }

  /** The lines say why there is no new version. */
  async function tryPull(reference: RegistryReference, file: SourceFile): Promise<string[]> {
    try {
      if (await pullOne(reference, file)) onPulled()
      return []
    } catch (error) {
      if (closing.signal.aborted) return []
      const reason = error instanceof Error ? error.message : String(error)
      if (error instanceof AgentFileError) return error.lines
      return [`${reference.text}: it cannot be pulled: ${reason}`]
    }
  }

  async function pullAll({ isStart }: { isStart: boolean }): Promise<void> {
    const fatal: string[] = []
    const pulls = sources.map(async ({ reference, file }) => {
      const lines = await tryPull(reference, file)
      const since = lines.length > 0 ? await pulledAt(file.path) : undefined
      if (lines.length === 0) report(reference.text, [])
      else if (since === undefined && isStart) fatal.push(...lines)
      else if (since === undefined) report(reference.text, lines)
      else report(reference.text, [`${lines.join('; ')}; the version pulled ${since} is served`])
    })
    await Promise.all(pulls)
    if (fatal.length > 0) throw new AgentFileError(fatal)
  }

  await mkdir(cacheDirectory, { recursive: true, mode: 0o700 })
  await pullAll({ isStart: true })

  function pull(): Promise<void> {
    pulling = pulling.then(() => pullAll({ isStart: false }))
    return pulling
  }
  const timer =
    pullInterval === null ? undefined : setInterval(() => void pull(), pullInterval).unref()
  return {
    files: sources.map(({ file }) => file),
    pull,
    async close() {
      clearInterval(timer)
      closing.abort()
      await pulling
    },
  }
}

async function pulledAt(path: string): Promise<string | undefined> {
  const found = await stat(path).catch(() => undefined)
  return found?.mtime.toISOString()
}

function refuseClashes(references: RegistryReference[]): void {
  const taken = new Map<string, string>()
  for (const { name, text } of references) {
    const other = taken.get(name)
    if (other !== undefined) {
      throw new AgentFileError([`${text}: ${other} is already the agent ${name}; name one of them`])
    }
    taken.set(name, text)
  }
}

/** One token is for one registry: another one would learn it. */
function refuseSharedToken(
  references: RegistryReference[],
  { PARLEY_REGISTRY_TOKEN }: Record<string, string | undefined>,
): void {
  const registries = [...new Set(references.map(({ registry }) => registry))]
  if (!PARLEY_REGISTRY_TOKEN || registries.length < 2) return
  throw new AgentFileError([
    `PARLEY_REGISTRY_TOKEN is for one registry, and these are named: ${registries.join(', ')}; use docker login`,
  ])
}
