import { constants, type Dirent, existsSync } from 'node:fs'
import { type FileHandle, lstat, mkdir, open, opendir, realpath } from 'node:fs/promises'
import { join, relative, sep } from 'node:path'
import { codeOf, WorkspaceError } from './workspace-error.ts'

/** A directory inside a workspace, held open. Whoever opens it closes it. */
export type Directory = {
  /** Absolute, without symbolic links. */
  path: string
  /** A path that names the entry of this very directory, wherever it was moved meanwhile. */
  at(name: string): string
  /** A directory in this one; fails on a symbolic link. */
  enter(name: string): Promise<Directory>
  /** Throws when what was opened as `name` is not what stands there inside the workspace. */
  verify(handle: FileHandle, name: string): Promise<void>
  /** Sorted by name; at most `limit`, and whether there were more. */
  list(limit: number): Promise<{ entries: Dirent[]; more: boolean }>
  close(): Promise<void>
}

/**
 * Walks from `root` to `path`, which is inside it and without symbolic links as far as it exists;
 * fails on each link met on the way. Missing directories are made when `create` says so.
 */
export async function openDirectory({
  root,
  path,
  create = false,
}: {
  root: string
  path: string
  create?: boolean
}): Promise<Directory> {
  const names = relative(root, path).split(sep).filter(Boolean)
  if (names.includes('..')) throw new WorkspaceError('That directory is outside the workspace.')
  let directory = await openAt(root, root)
  for (const name of names) {
    const parent = directory
    try {
      directory = create ? await enterOrCreate(parent, name) : await parent.enter(name)
    } finally {
      await parent.close()
    }
  }
  return directory
}

const directoryFlags = constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW
const descriptors = '/proc/self/fd'

async function openAt(opened: string, path: string): Promise<Directory> {
  const handle = await open(opened, directoryFlags)
  // On Linux the descriptor is a path, so a name after it is resolved from the open directory.
  const isPinned = existsSync(descriptors)
  const base = isPinned ? `${descriptors}/${handle.fd}` : path
  const at = (name: string) => join(base, name)
  return {
    path,
    at,
    enter: async (name) => await openAt(at(name), join(path, name)),
    verify: async (file, name) => {
      if (!isPinned) await verifyByPath(file, join(path, name))
    },
    list: async (limit) => await listEntries(base, limit),
    close: async () => await handle.close(),
  }
}

/** Where no descriptor is a path, a swap can only be noticed afterwards. */
async function verifyByPath(handle: FileHandle, path: string): Promise<void> {
  const [opened, standing, real] = await Promise.all([handle.stat(), lstat(path), realpath(path)])
  if (real === path && opened.dev === standing.dev && opened.ino === standing.ino) return
  throw new WorkspaceError('The file was changed while it was opened; try again.')
}

async function enterOrCreate(parent: Directory, name: string): Promise<Directory> {
  try {
    return await parent.enter(name)
  } catch (error) {
    if (codeOf(error) !== 'ENOENT') throw error
  }
  await mkdir(parent.at(name)).catch((error: unknown) => {
    if (codeOf(error) !== 'EEXIST') throw error
  })
  return await parent.enter(name)
}

async function listEntries(
  path: string,
  limit: number,
): Promise<{ entries: Dirent[]; more: boolean }> {
  const entries: Dirent[] = []
  let more = false
  for await (const entry of await opendir(path)) {
    more = entries.length >= limit
    if (more) break
    entries.push(entry)
  }
  entries.sort((a, b) => (a.name < b.name ? -1 : 1))
  return { entries, more }
}
