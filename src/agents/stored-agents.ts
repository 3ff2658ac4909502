import type { AgentFile } from '#contract/agent-file.ts'
import type { AgentSnapshot } from '#runtime/catalog.ts'
import type { AgentRows, StoredAgent } from './agent-rows.ts'

/** The agents of the database, as this instance knows them. */
export type StoredAgents = {
  tenants(): string[]
  list(tenant: string): AgentSnapshot[]
  /** Reads what has changed; it is served when it resolves. */
  refresh(): Promise<void>
  close(): Promise<void>
}

/**
 * Follows the agents that were made over the API. Another instance's change is seen when its hint
 * comes, or else at a poll, which is rare while hints arrive; `pollInterval: null` is for a database
 * that nobody shares.
 */
export async function openStoredAgents({
  rows,
  readHeads,
  baseDirectory,
  problemsOf,
  listen,
  hears = () => false,
  pollInterval,
  onProblem,
  onChange,
}: {
  rows: Pick<AgentRows, 'read'>
  /** The newest revision of every agent of every tenant. */
  readHeads: () => Promise<(Head & { tenant: string })[]>
  /** Where relative paths in them start. */
  baseDirectory: string
  /** Why an agent that was saved once is not to be served now, say because a flag is gone. */
  problemsOf: (file: AgentFile) => string[]
  /** Calls back when agents may have changed; resolves to what stops it. */
  listen: (onHint: () => void) => Promise<() => Promise<void>>
  /** Whether hints arrive now. */
  hears?: () => boolean
  pollInterval: number | null
  onProblem: (line: string) => void
  onChange: () => void
}): Promise<StoredAgents> {
  let known = new Map<string, Map<string, Known>>()
  let reading: Promise<void> = Promise.resolve()

  async function read(): Promise<void> {
    const heads = Map.groupBy(await readHeads(), ({ tenant }) => tenant)
    const next = new Map<string, Map<string, Known>>()
    for (const [tenant, own] of heads) {
      next.set(tenant, await readTenant(tenant, own, known.get(tenant) ?? new Map()))
    }
    const isSame =
      next.size === known.size && [...next].every(([tenant, own]) => known.get(tenant) === own)
    if (isSame) return
    known = next
    onChange()
  }

  /** The same map when nothing has changed. */
  async function readTenant(
    tenant: string,
    heads: Head[],
    before: Map<string, Known>,
  ): Promise<Map<string, Known>> {
    const changed = heads.filter(({ name, revision }) => before.get(name)?.revision !== revision)
    if (changed.length === 0 && heads.length === before.size) return before
    const names = changed.map(({ name }) => name)
    const found = names.length > 0 ? await rows.read({ tenant, owner: null }, names) : []
    const present = new Set(heads.map(({ name }) => name))
    const kept = [...before].filter(([name]) => present.has(name))
    return new Map([...kept, ...found.map((agent) => [agent.name, admit(agent)] as const)])
  }

  function admit(agent: StoredAgent): Known {
    const { name, revision, file } = agent
    const problems = problemsOf(file)
    for (const problem of problems) onProblem(`database: agent ${name} is not served: ${problem}`)
    return problems.length > 0
      ? { revision, snapshot: undefined }
      : { revision, snapshot: toSnapshot(agent, baseDirectory) }
  }

  function refresh(): Promise<void> {
    const next = reading.then(read)
    reading = next.catch(() => {})
    return next
  }

  await refresh()
  // The store says itself when it is away; the next poll or hint reads what was missed.
  const look = () => void refresh().catch((error: Error) => onProblem(cannotRead(error)))
  const stop = await listen(look)
  let passed = 0
  function poll(): void {
    passed += 1
    if (hears() && passed < pollsWhileHearing) return
    passed = 0
    look()
  }
  const timer = pollInterval === null ? undefined : setInterval(poll, pollInterval).unref()
  return {
    tenants: () => [...known.keys()],
    list: (tenant) =>
      [...(known.get(tenant)?.values() ?? [])].flatMap(({ snapshot }) => snapshot ?? []),
    refresh,
    async close() {
      clearInterval(timer)
      await stop()
      await reading
    },
  }
}

/** Only every so many polls ask the database while hints arrive. */
const pollsWhileHearing = 38

type Head = { name: string; revision: number }
type Known = { revision: number; snapshot: AgentSnapshot | undefined }

export function toSnapshot({ name, version, file }: StoredAgent, baseDirectory: string) {
  return { name, version, file, baseDirectory, source: 'database', writable: true }
}

function cannotRead(error: Error): string {
  return `The agents of the database cannot be read: ${error.message}`
}
