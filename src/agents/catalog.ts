import { dirname } from 'node:path'
import type { AgentCatalog, AgentSnapshot } from '#runtime/catalog.ts'
import { didYouMean } from './nearest.ts'
import { AgentFileError } from './problem.ts'
import type { SourceReader, SourceState } from './source-reader.ts'
import { createSourceReader } from './source-reader.ts'
import type { Source, SourceFile } from './sources.ts'
import { directoryOf, listSource, resolveSource } from './sources.ts'
import type { WatchDirectory, Watcher } from './watcher.ts'
import { createWatcher } from './watcher.ts'

/** Names of agents. */
export type CatalogChange = { added: string[]; changed: string[]; removed: string[] }

export type FileCatalog = AgentCatalog & {
  /** Looks at the files now; what they hold is served when it resolves. Never rejects. */
  refresh(): Promise<void>
}

export type CatalogOptions = {
  sources: readonly string[]
  /** Where relative sources start. */
  directory: string
  environment: Record<string, string | undefined>
  defaultAgent?: string | undefined
  watch: boolean
  onProblem: (line: string) => void
  onChange: (change: CatalogChange) => void
  now?: () => number
  /** Milliseconds between looks when the file system says nothing. */
  pollInterval?: number
  /** Milliseconds from a hint of the file system to the look. */
  debounce?: number
  watchDirectory?: WatchDirectory
}

/**
 * Opens the agents of files and directories. At start a file that is named itself must be right,
 * else an `AgentFileError` says all that is wrong; a broken file in a directory is only reported.
 * Later a broken file keeps its old version. `onProblem` gets lines for people, each fault once;
 * `onChange` is called after the catalog answers with the change.
 */
export async function openCatalog({
  sources: named,
  directory,
  environment,
  defaultAgent,
  watch,
  onProblem,
  onChange,
  now = Date.now,
  pollInterval = 2000,
  debounce = 40,
  watchDirectory,
}: CatalogOptions): Promise<FileCatalog> {
  const sources = await Promise.all(named.map((source) => resolveSource(source, directory)))
  const fatal: string[] = []
  let isStarting = true
  let watcher: Watcher | undefined
  let agents = new Map<string, AgentSnapshot>()
  let looking: Promise<void> = Promise.resolve()
  const report = createOnce(onProblem)

  const reader = createSourceReader({
    environment,
    now,
    onBroken(file, lines, { served }) {
      if (isStarting && file.explicit) fatal.push(...lines)
      else for (const line of lines) onProblem(line)
      if (served) onProblem(`${file.source}: the version before stays in use`)
    },
  })

  async function look(): Promise<void> {
    const { settled } = await readAll(sources, reader, { patient: !isStarting })
    const { byName, clashes } = nameAgents(reader.states())
    if (isStarting) fatal.push(...clashes)
    else report('clashes', clashes)
    const change = changeBetween(agents, byName)
    agents = byName
    watcher?.watch(watchedDirectories(sources, reader.states()))
    if (!settled) watcher?.lookAgain()
    if (change && !isStarting) onChange(change)
  }

  function refresh(): Promise<void> {
    looking = looking.then(look).then(
      () => report('look', []),
      // The agents stay as they are; the next look may fare better.
      (error: Error) => report('look', [`The agent files cannot be listed: ${error.message}`]),
    )
    return looking
  }

  await look()
  if (fatal.length > 0) throw new AgentFileError(fatal)
  checkDefault(agents, defaultAgent)
  if (agents.size === 0) onProblem(`No agents in ${named.join(', ')}; add a YAML file to serve one`)
  isStarting = false
  if (watch) {
    const onHint = () => void refresh()
    watcher = createWatcher({
      onHint,
      pollInterval,
      debounce,
      ...(watchDirectory && { watchDirectory }),
    })
    watcher.watch(watchedDirectories(sources, reader.states()))
    // What changed between the first look and the watch.
    watcher.lookAgain()
  }

  return {
    list: () => [...agents.values()],
    get: (name) => agents.get(name),
    defaultName: () => defaultAgent ?? impliedDefault([...agents.keys()]),
    refresh,
    async close() {
      watcher?.close()
      await looking
    },
  }
}

async function readAll(
  sources: Source[],
  reader: SourceReader,
  options: { patient: boolean },
): Promise<{ settled: boolean }> {
  const lists = await Promise.all(sources.map(listSource))
  // A file that is named itself and stands in a named directory too is one agent.
  const files = new Map<string, SourceFile>()
  for (const file of lists.flat()) {
    if (!files.get(file.path)?.explicit) files.set(file.path, file)
  }
  return reader.read([...files.values()], options)
}

/** Two files of one name: the one that was there first keeps it. */
function nameAgents(states: SourceState[]): {
  byName: Map<string, AgentSnapshot>
  clashes: string[]
} {
  const taken = new Map<string, SourceState>()
  const clashes: string[] = []
  for (const state of states) {
    const other = taken.get(state.file.name)
    if (other === undefined) taken.set(state.file.name, state)
    else {
      const { name, source } = state.file
      clashes.push(`${source}: ${other.file.source} is already the agent ${name}; rename one`)
    }
  }
  const snapshots = [...taken.values()].flatMap(({ snapshot }) => (snapshot ? [snapshot] : []))
  snapshots.sort((a, b) => (a.name < b.name ? -1 : 1))
  return { byName: new Map(snapshots.map((snapshot) => [snapshot.name, snapshot])), clashes }
}

function changeBetween(
  before: Map<string, AgentSnapshot>,
  after: Map<string, AgentSnapshot>,
): CatalogChange | undefined {
  const added = [...after.keys()].filter((name) => !before.has(name))
  const removed = [...before.keys()].filter((name) => !after.has(name))
  const changed = [...after.values()].flatMap((snapshot) => {
    const old = before.get(snapshot.name)
    return old && old.version !== snapshot.version ? [snapshot.name] : []
  })
  const isSame = added.length + removed.length + changed.length === 0
  return isSame ? undefined : { added, changed, removed }
}

function watchedDirectories(sources: Source[], states: SourceState[]): Set<string> {
  const dependencies = states.flatMap((state) => state.dependencies)
  return new Set([...sources.map(directoryOf), ...dependencies.map((path) => dirname(path))])
}

function checkDefault(agents: Map<string, AgentSnapshot>, name: string | undefined): void {
  if (name === undefined || agents.has(name)) return
  const names = [...agents.keys()]
  const hint = didYouMean(name, names) || `; there are ${names.join(', ') || 'none'}`
  throw new AgentFileError([`--agent ${name}: there is no such agent${hint}`])
}

function impliedDefault(names: string[]): string | undefined {
  return names.includes('default') ? 'default' : names[0]
}

/** Passes lines on when they differ from what was said about the same matter last. */
function createOnce(onProblem: (line: string) => void) {
  const said = new Map<string, string>()
  return (matter: string, lines: string[]): void => {
    const text = lines.join('\n')
    if (said.get(matter) === text) return
    said.set(matter, text)
    for (const line of lines) onProblem(line)
  }
}
