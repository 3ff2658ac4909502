import type { AgentCatalog, AgentSnapshot, TenantAgents } from '#runtime/catalog.ts'
import type { FileCatalog } from './catalog.ts'
import { linkAgents } from './links.ts'
import { didYouMean } from './nearest.ts'
import { createOnce } from './once.ts'
import { AgentFileError } from './problem.ts'
import type { StoredAgents } from './stored-agents.ts'

/**
 * One name space for each tenant, over files and its agents in the database. A file is everybody's
 * and wins over the database, because the operator put it there; a clash is reported with both. Throws an `AgentFileError` when there is no
 * `defaultAgent`, or when a file that was named itself names an agent that isn't there.
 */
export function combineAgents({
  files,
  stored,
  defaultAgent,
  onProblem,
}: {
  files: Pick<FileCatalog, 'list' | 'get' | 'close'> & Partial<Pick<FileCatalog, 'fileOf'>>
  stored: Pick<StoredAgents, 'list' | 'tenants' | 'close'>
  defaultAgent?: string | undefined
  onProblem: (line: string) => void
}): AgentCatalog & { reportClashes(): void } {
  const report = createOnce(onProblem)
  const spaces = new Map<string, TenantAgents>()
  const linked = new Map<string, Map<string, AgentSnapshot>>()

  /** What a tenant sees. Linked when it is first asked for after a change. */
  function of(tenant: string): TenantAgents {
    const known = spaces.get(tenant)
    if (known) return known
    const agents = createSpace(tenant)
    spaces.set(tenant, agents)
    return agents
  }

  function createSpace(tenant: string, { isStart = false } = {}): TenantAgents {
    const own = stored.list(tenant).filter(({ name }) => files.get(name) === undefined)
    const all = [...files.list(), ...own].sort((a, b) => (a.name < b.name ? -1 : 1))
    const { agents, faults } = linkAgents(all, linked.get(tenant))
    const fatal = [...faults].flatMap(([name, lines]) =>
      isStart && files.fileOf?.(name)?.explicit ? lines : [],
    )
    if (fatal.length > 0) throw new AgentFileError(fatal)
    linked.set(tenant, agents)
    // Only files name agents of other sources, and they are the same for all.
    if (tenant === operatorTenant) report('links', [...faults.values()].flat())
    // What names agents of other sources is served as it was linked last.
    const served = (snapshot: AgentSnapshot | undefined) =>
      snapshot?.mentions ? agents.get(snapshot.name) : snapshot
    const list = () => all.flatMap((snapshot) => served(snapshot) ?? [])
    const byName = new Map(all.map((snapshot) => [snapshot.name, snapshot]))
    return {
      list,
      get: (name) => served(byName.get(name)),
      defaultName: () => defaultAgent ?? impliedDefault(list().map(({ name }) => name)),
    }
  }

  function reportClashes(): void {
    spaces.clear()
    of(operatorTenant)
    const clashes = stored.tenants().flatMap((tenant) =>
      stored.list(tenant).flatMap(({ name }) => {
        const file = files.get(name)
        if (file === undefined) return []
        const place = tenant === operatorTenant ? 'the database' : `the tenant ${tenant}`
        return [`${file.source}: ${place} has an agent ${name} too, which is hidden; rename one`]
      }),
    )
    report('clashes', clashes)
  }

  spaces.set(operatorTenant, createSpace(operatorTenant, { isStart: true }))
  checkDefault(of(operatorTenant), defaultAgent)
  reportClashes()
  return {
    of,
    reportClashes,
    async close() {
      await Promise.all([files.close(), stored.close()])
    },
  }
}

/** The tenant of callers that name none: keys of the operator, and everybody without keys. */
const operatorTenant = 'default'

function checkDefault(
  { get, list }: Pick<TenantAgents, 'get' | 'list'>,
  name: string | undefined,
): void {
  if (name === undefined || get(name)) return
  const names = list().map((agent) => agent.name)
  const hint = didYouMean(name, names) || `; there are ${names.join(', ') || 'none'}`
  throw new AgentFileError([`--agent ${name}: there is no such agent${hint}`])
}

function impliedDefault(names: string[]): string | undefined {
  return names.includes('default') ? 'default' : names[0]
}
