import { dirname, join, sep } from 'node:path'
import type { AgentSnapshot, TenantAgents } from '#runtime/catalog.ts'
import { loadAgent } from './load.ts'
import { createOnce } from './once.ts'
import { AgentFileError, problemLine } from './problem.ts'
import type { SourceReader, SourceState } from './source-reader.ts'
import { createSourceReader } from './source-reader.ts'
import type { Source, SourceFile } from './sources.ts'
import { directoryOf, listSource, resolveSource } from './sources.ts'
import type { WatchDirectory, Watcher } from './watcher.ts'
import { createWatcher } from './watcher.ts'

/** Names of agents. */
export type CatalogChange = { added: string[]; changed: string[]; removed: string[] }

export type FileCatalog = Pick<TenantAgents, 'list' | 'get'> & {
  close(): Promise<void>
  /** Looks at the files now; what they hold is served when it resolves. Never rejects. */
  refresh(): Promise<void>
  /** The file that an agent is read from, also one that never was right. */
  fileOf(name: string): SourceFile | undefined
  /** Reads one agent again. The lines say what is wrong; then the version before stays in use. */
  reload(name: string): Promise<string[]>
}

export type CatalogOptions = {
  sources: readonly string[]
  /** Files that are served beside them, and that somebody else keeps up to date. */
  pulled?: readonly SourceFile[] | undefined
  /** Where relative sources start. */
  directory: string
  environment: Record<string, string | undefined>
  /** Agents in this directory may be changed over the API; absolute. */
  writableDirectory?: string | undefined
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
  pulled = [],
  directory,
  environment,
  writableDirectory,
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
    onNote: onProblem,
  })

  async function look(): Promise<void> {
    const { settled } = await readAll(await listAll(), reader, { patient: !isStarting })
    const { byName, clashes } = nameAgents(reader.states())
    if (isStarting) fatal.push(...clashes)
    else report('clashes', clashes)
    const change = changeBetween(agents, byName)
    agents = byName
    watcher?.watch(watchedDirectories(sources, reader.states()))
    if (!settled) watcher?.lookAgain()
    if (change && !isStarting) onChange(change)
  }

  async function listAll(): Promise<SourceFile[]> {
    const files = (await Promise.all(sources.map(listSource))).flat()
    const own = files.map((file) => ({
      ...file,
      writable: isBelow(writableDirectory, file.path),
    }))
    return [...pulled, ...own]
  }

  function fileOf(name: string): SourceFile | undefined {
    return reader.states().find((state) => nameOf(state) === name)?.file
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
    refresh,
    fileOf,
    async reload(name) {
      const file = fileOf(name)
      if (file === undefined) return []
      const loaded = await loadAgent(file, environment)
      await refresh()
      if (!('problems' in loaded)) return []
      return loaded.problems.map((problem) => problemLine(file.source, problem))
    },
    async close() {
      watcher?.close()
      await looking
    },
  }
}

async function readAll(
  listed: SourceFile[],
  reader: SourceReader,
  options: { patient: boolean },
): Promise<{ settled: boolean }> {
  // A file that is named itself and stands in a named directory too is one agent.
  const files = new Map<string, SourceFile>()
  for (const file of listed) {
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
    const name = nameOf(state)
    const other = taken.get(name)
    if (other === undefined) taken.set(name, state)
    else {
      const { source } = state.file
      clashes.push(`${source}: ${other.file.source} is already the agent ${name}; rename one`)
    }
  }
  const snapshots = [...taken.values()].flatMap(({ snapshot }) => (snapshot ? [snapshot] : []))
  snapshots.sort((a, b) => (a.name < b.name ? -1 : 1))
  return { byName: new Map(snapshots.map((snapshot) => [snapshot.name, snapshot])), clashes }
}

function nameOf({ file, snapshot }: SourceState): string {
  return snapshot?.name ?? file.name
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
  const files = states.flatMap(({ file, dependencies }) => [file.path, ...dependencies])
  return new Set([...sources.map(directoryOf), ...files.map((path) => dirname(path))])
}

function isBelow(directory: string | undefined, path: string): boolean {
  return directory !== undefined && path.startsWith(join(directory, sep))
}
