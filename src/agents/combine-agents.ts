import type { AgentCatalog, AgentSnapshot } from '#runtime/catalog.ts'
import type { FileCatalog } from './catalog.ts'
import { didYouMean } from './nearest.ts'
import { createOnce } from './once.ts'
import { AgentFileError } from './problem.ts'
import type { StoredAgents } from './stored-agents.ts'

/**
 * One name space over files and the database. A file wins over the database, because the operator
 * put it there; a clash is reported with both. Throws an `AgentFileError` when there is no
 * `defaultAgent`.
 */
export function combineAgents({
  files,
  stored,
  defaultAgent,
  onProblem,
}: {
  files: Pick<FileCatalog, 'list' | 'get' | 'close'>
  stored: Pick<StoredAgents, 'list' | 'get' | 'close'>
  defaultAgent?: string | undefined
  onProblem: (line: string) => void
}): AgentCatalog & { reportClashes(): void } {
  const report = createOnce(onProblem)

  function list(): AgentSnapshot[] {
    const onlyStored = stored.list().filter(({ name }) => files.get(name) === undefined)
    return [...files.list(), ...onlyStored].sort((a, b) => (a.name < b.name ? -1 : 1))
  }

  function reportClashes(): void {
    const clashes = stored.list().flatMap(({ name }) => {
      const file = files.get(name)
      if (file === undefined) return []
      return [`${file.source}: the database has an agent ${name} too, which is hidden; rename one`]
    })
    report('clashes', clashes)
  }

  const catalog = {
    list,
    get: (name: string) => files.get(name) ?? stored.get(name),
    defaultName: () => defaultAgent ?? impliedDefault(list().map(({ name }) => name)),
    reportClashes,
    async close() {
      await Promise.all([files.close(), stored.close()])
    },
  }
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
