import type { AgentFile } from '#contract/agent-file.ts'
import type { AgentSnapshot } from '#runtime/catalog.ts'
import type { AgentRows, AgentScope, StoredAgent } from './agent-rows.ts'

/** The agents of the database, as this instance knows them. */
export type StoredAgents = {
  list(): AgentSnapshot[]
  get(name: string): AgentSnapshot | undefined
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
  scope,
  baseDirectory,
  problemsOf,
  listen,
  hears = () => false,
  pollInterval,
  onProblem,
  onChange,
}: {
  rows: Pick<AgentRows, 'heads' | 'read'>
  scope: AgentScope
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
  let known = new Map<string, Known>()
  let reading: Promise<void> = Promise.resolve()

  async function read(): Promise<void> {
    const heads = await rows.heads(scope)
    const changed = heads.filter(({ name, revision }) => known.get(name)?.revision !== revision)
    if (changed.length === 0 && heads.length === known.size) return
    const names = changed.map(({ name }) => name)
    const found = names.length > 0 ? await rows.read(scope, names) : []
    const next = new Map(known)
    const present = new Set(heads.map(({ name }) => name))
    for (const name of next.keys()) if (!present.has(name)) next.delete(name)
    for (const agent of found) next.set(agent.name, admit(agent))
    known = next
    onChange()
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
    list: () => [...known.values()].flatMap(({ snapshot }) => (snapshot ? [snapshot] : [])),
    get: (name) => known.get(name)?.snapshot,
    refresh,
    async close() {
      clearInterval(timer)
      await stop()
      await reading
    },
  }
}

/** Only every so many polls ask the database while hints arrive. */
const pollsWhileHearing = 12

type Known = { revision: number; snapshot: AgentSnapshot | undefined }

export function toSnapshot({ name, version, file }: StoredAgent, baseDirectory: string) {
  return { name, version, file, baseDirectory, source: 'database', writable: true }
}

function cannotRead(error: Error): string {
  return `The agents of the database cannot be read: ${error.message}`
}
