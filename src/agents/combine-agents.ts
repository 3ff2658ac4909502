import type { AgentCatalog, AgentSnapshot } from '#runtime/catalog.ts'
import type { FileCatalog } from './catalog.ts'
import { linkAgents } from './links.ts'
import { didYouMean } from './nearest.ts'
import { createOnce } from './once.ts'
import { AgentFileError } from './problem.ts'
import type { StoredAgents } from './stored-agents.ts'

/**
 * One name space over files and the database. A file wins over the database, because the operator
 * put it there; a clash is reported with both. Throws an `AgentFileError` when there is no
 * `defaultAgent`, or when a file that was named itself names an agent that isn't there.
 */
export function combineAgents({
  files,
  stored,
  defaultAgent,
  onProblem,
}: {
  files: Pick<FileCatalog, 'list' | 'get' | 'close'> & Partial<Pick<FileCatalog, 'fileOf'>>
  stored: Pick<StoredAgents, 'list' | 'get' | 'close'>
  defaultAgent?: string | undefined
  onProblem: (line: string) => void
}): AgentCatalog & { reportClashes(): void } {
  const report = createOnce(onProblem)
  let linked = new Map<string, AgentSnapshot>()

  function read(): AgentSnapshot[] {
    const onlyStored = stored.list().filter(({ name }) => files.get(name) === undefined)
    return [...files.list(), ...onlyStored].sort((a, b) => (a.name < b.name ? -1 : 1))
  }

  /** What names agents of other sources is served as it was linked last. */
  function served(snapshot: AgentSnapshot | undefined): AgentSnapshot | undefined {
    return snapshot?.mentions ? linked.get(snapshot.name) : snapshot
  }

  function relink({ isStart = false } = {}): void {
    const { agents, faults } = linkAgents(read(), linked)
    const fatal = [...faults].flatMap(([name, lines]) =>
      isStart && files.fileOf?.(name)?.explicit ? lines : [],
    )
    if (fatal.length > 0) throw new AgentFileError(fatal)
    linked = agents
    report('links', [...faults.values()].flat())
  }

  function list(): AgentSnapshot[] {
    return read().flatMap((snapshot) => served(snapshot) ?? [])
  }

  function reportClashes(): void {
    relink()
    const clashes = stored.list().flatMap(({ name }) => {
      const file = files.get(name)
      if (file === undefined) return []
      return [`${file.source}: the database has an agent ${name} too, which is hidden; rename one`]
    })
    report('clashes', clashes)
  }

  const catalog = {
    list,
    get: (name: string) => served(files.get(name) ?? stored.get(name)),
    defaultName: () => defaultAgent ?? impliedDefault(list().map(({ name }) => name)),
    reportClashes,
    async close() {
      await Promise.all([files.close(), stored.close()])
    },
  }
  relink({ isStart: true })
  checkDefault(catalog, defaultAgent)
  reportClashes()
  return catalog
}

function checkDefault(
  { get, list }: Pick<AgentCatalog, 'get' | 'list'>,
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
