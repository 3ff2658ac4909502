import { constants, type Dirent } from 'node:fs'
import { open } from 'node:fs/promises'
import { relative, sep } from 'node:path'
import { setImmediate } from 'node:timers/promises'
import type { Directory } from './directory.ts'
import { type IgnoreRules, isIgnored, parseIgnoreRules } from './ignore-rules.ts'
import type { Workspace } from './workspace.ts'

/** What a walk meets. `directory` is open until the walk goes on from it. */
export type WalkEntry = {
  /** Relative to the workspace, `/` between names. */
  path: string
  name: string
  /** 0 directly in the directory where the walk began. */
  depth: number
  kind: 'file' | 'directory' | 'link' | 'other'
  directory: Directory
}

/**
 * What stands in a directory of a workspace, and below it down to `depth` levels: parents before
 * children, sorted by name; no symbolic link is followed. With `ignoreVcs`, `.git` and what a
 * `.gitignore` names is left out. Closes what it opened when the caller stops early.
 */
export async function* walk({
  workspace,
  start,
  ignoreVcs,
  depth,
  signal,
}: {
  workspace: Workspace
  start: string
  ignoreVcs: boolean
  depth: number
  signal: AbortSignal
}): AsyncGenerator<WalkEntry> {
  const directory = await workspace.openDirectory(start)
  try {
    const levels = ignoreVcs ? await rulesAbove(workspace, directory.path) : []
    const walker: Walker = { workspace, ignoreVcs, deepest: Math.min(depth, deepestWalk), signal }
    yield* walkDirectory(walker, directory, 0, levels)
  } finally {
    await directory.close()
  }
}

const deepestWalk = 64
const mostEntries = 20_000
const entriesInATurn = 64
const largestIgnoreFile = 256 * 1024

type Walker = { workspace: Workspace; ignoreVcs: boolean; deepest: number; signal: AbortSignal }

async function* walkDirectory(
  walker: Walker,
  directory: Directory,
  depth: number,
  above: IgnoreRules[],
): AsyncGenerator<WalkEntry> {
  const base = pathOf(walker.workspace, directory.path)
  const levels = walker.ignoreVcs ? await withRulesOf(above, directory, base) : []
  const { entries } = await directory.list(mostEntries)
  for (const [index, entry] of entries.entries()) {
    if (index % entriesInATurn === 0) await nextTurn(walker.signal)
    const path = base === '' ? entry.name : `${base}/${entry.name}`
    const kind = kindOf(entry)
    if (walker.ignoreVcs && isLeftOut(levels, path, entry.name, kind)) continue
    yield { path, name: entry.name, depth, kind, directory }
    if (kind !== 'directory' || depth + 1 >= walker.deepest) continue
    // What vanished or may not be read is shown, and passed over.
    const child = await directory.enter(entry.name).catch(() => null)
    if (!child) continue
    try {
      yield* walkDirectory(walker, child, depth + 1, levels)
    } finally {
      await child.close()
    }
  }
}

/** A large directory with many rules is work; others run in between. */
async function nextTurn(signal: AbortSignal): Promise<void> {
  await setImmediate()
  signal.throwIfAborted()
}

function pathOf(workspace: Workspace, path: string): string {
  return relative(workspace.root, path).split(sep).join('/')
}

function kindOf(entry: Dirent): WalkEntry['kind'] {
  if (entry.isDirectory()) return 'directory'
  if (entry.isFile()) return 'file'
  return entry.isSymbolicLink() ? 'link' : 'other'
}

function isLeftOut(levels: IgnoreRules[], path: string, name: string, kind: string): boolean {
  return name === '.git' || isIgnored(levels, path, kind === 'directory')
}

/** The rules of the directories from the root to before `path`. */
async function rulesAbove(workspace: Workspace, path: string): Promise<IgnoreRules[]> {
  const names = pathOf(workspace, path).split('/').filter(Boolean)
  let levels: IgnoreRules[] = []
  for (const [index] of names.entries()) {
    const base = names.slice(0, index).join('/')
    const directory = await workspace.openDirectory(base || '.')
    try {
      levels = await withRulesOf(levels, directory, base)
    } finally {
      await directory.close()
    }
  }
  return levels
}

async function withRulesOf(
  levels: IgnoreRules[],
  directory: Directory,
  base: string,
): Promise<IgnoreRules[]> {
  const flags = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK
  const handle = await open(directory.at('.gitignore'), flags).catch(() => null)
  if (!handle) return levels
  try {
    const stats = await handle.stat()
    if (!stats.isFile() || stats.size > largestIgnoreFile) return levels
    return [...levels, parseIgnoreRules(base, await handle.readFile('utf8'))]
  } finally {
    await handle.close()
  }
}
