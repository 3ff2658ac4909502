import { constants } from 'node:fs'
import { type FileHandle, lstat, open, realpath } from 'node:fs/promises'
import { basename, dirname, isAbsolute, join, relative, resolve, sep } from 'node:path'
import { type Directory, openDirectory } from './directory.ts'
import { codeOf, explained, WorkspaceError } from './workspace-error.ts'

/**
 * A directory that nothing leaves. Every path that a tool is given goes through here: it may be
 * relative to the root or absolute inside it; `..`, absolute paths outside and symbolic links
 * that lead out are refused, and so is whatever is neither a file nor a directory. What is opened is
 * the very thing that was checked: the way down from the root is walked by handles that follow no
 * link (where the system lets a directory's handle be a path, as Linux does), so nothing that is
 * swapped in meanwhile can lead out.
 */
export type Workspace = {
  /** Absolute, without symbolic links. */
  root: string
  /** How a path is shown: relative to the root, `/` between names, `.` for the root. */
  show(path: string): string
  /** A regular file, open for reading; the caller closes it. */
  openFile(path: string): Promise<{ handle: FileHandle; path: string; size: number }>
  /** A directory that exists; the caller closes it. */
  openDirectory(path: string): Promise<Directory>
  /**
   * The directory in which the last name of `path` stands or would stand, and that name; directories
   * on the way are made when `create` says so. `refuse` sees the names from the root to it before
   * anything is made, and may say why not. The caller closes it.
   */
  openParent(
    path: string,
    options: { create: boolean; refuse(names: string[]): string | null },
  ): Promise<{ directory: Directory; name: string; path: string }>
}

/**
 * Throws a `WorkspaceError` when the root is not a directory, or not in `within`, wherever its links
 * lead.
 */
export async function openWorkspace(rootDirectory: string, within?: string): Promise<Workspace> {
  const root = await realpath(rootDirectory).catch((cause: unknown) => {
    throw new WorkspaceError('The workspace directory does not exist; create it first.', { cause })
  })
  if (within !== undefined && !isInside(await realpath(within), root)) {
    throw new WorkspaceError('The directory of this toolset leads out of the workspace.')
  }
  const show = (path: string) => relative(root, path).split(sep).join('/') || '.'

  return {
    root,
    show,

    async openFile(path) {
      const place = await findExisting(root, path)
      if (place === root) throw new WorkspaceError(`${show(place)} is a directory, not a file.`)
      const directory = await openDirectory({ root, path: dirname(place) })
      try {
        return { ...(await openRegularFile(directory, basename(place), show(place))), path: place }
      } finally {
        await directory.close()
      }
    },

    async openDirectory(path) {
      const place = await findExisting(root, path)
      return await openDirectory({ root, path: place }).catch((error: unknown) => {
        throw explained(error, show(place))
      })
    },

    async openParent(path, { create, refuse }) {
      const place = await findPlace(root, path)
      if (place === root) {
        throw new WorkspaceError('That is the workspace itself; name a path in it.')
      }
      const refusal = refuse(relative(root, place).split(sep))
      if (refusal !== null) throw new WorkspaceError(refusal)
      const directory = await openDirectory({ root, path: dirname(place), create }).catch(
        (error: unknown) => {
          throw explained(error, show(dirname(place)))
        },
      )
      return { directory, name: basename(place), path: place }
    },
  }
}

/** Where `path` points by its text alone. */
function lexicalPlace(root: string, path: string): string {
  const shown = path.length > 80 ? `${path.slice(0, 80)}…` : path
  if (path.includes('\0')) throw new WorkspaceError('A path cannot contain a NUL character.')
  if (Buffer.byteLength(path) > 4000) throw new WorkspaceError(`The path ${shown} is too long.`)
  if (path.split(/[\\/]/).some((name) => Buffer.byteLength(name) > 255)) {
    throw new WorkspaceError(`The path ${shown} has a name of more than 255 bytes.`)
  }
  const place = resolve(root, path)
  if (!isInside(root, place)) throw outside(shown)
  return place
}

async function findExisting(root: string, path: string): Promise<string> {
  const place = lexicalPlace(root, path)
  const real = await realpath(place).catch((error: unknown) => {
    throw explained(error, relative(root, place))
  })
  if (!isInside(root, real)) throw outside(relative(root, place))
  return real
}

/** Where something is, or where it would be made: the part that exists, without links, and the rest. */
async function findPlace(root: string, path: string): Promise<string> {
  const place = lexicalPlace(root, path)
  let existing = place
  for (;;) {
    const real = await realpath(existing).catch((error: unknown) => {
      if (codeOf(error) === 'ENOENT') return null
      throw explained(error, relative(root, existing))
    })
    if (real !== null) {
      if (!isInside(root, real)) throw outside(relative(root, place))
      return join(real, relative(existing, place))
    }
    await refuseDanglingLink(root, existing)
    if (existing === root) throw new WorkspaceError('The workspace directory is gone.')
    existing = dirname(existing)
  }
}

async function refuseDanglingLink(root: string, path: string): Promise<void> {
  const isLink = await lstat(path).then(
    (stats) => stats.isSymbolicLink(),
    () => false,
  )
  if (!isLink) return
  throw new WorkspaceError(
    `${relative(root, path)} is a symbolic link to nothing; remove it first.`,
  )
}

async function openRegularFile(
  directory: Directory,
  name: string,
  shown: string,
): Promise<{ handle: FileHandle; size: number }> {
  // O_NONBLOCK: a fifo that is swapped in must not hang the open.
  const flags = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK
  // Looked at before it is opened: opening some devices acts already.
  await refuseSpecial(directory.at(name), shown)
  const handle = await open(directory.at(name), flags).catch((error: unknown) => {
    throw explained(error, shown)
  })
  try {
    const stats = await handle.stat()
    if (!stats.isFile()) throw new WorkspaceError(`${shown} is not a regular file.`)
    await directory.verify(handle, name)
    return { handle, size: stats.size }
  } catch (error) {
    await handle.close()
    throw error
  }
}

async function refuseSpecial(path: string, shown: string): Promise<void> {
  const stats = await lstat(path).catch((error: unknown) => {
    throw explained(error, shown)
  })
  if (stats.isDirectory()) throw new WorkspaceError(`${shown} is a directory, not a file.`)
  if (stats.isFile()) return
  throw new WorkspaceError(`${shown} is neither a file nor a directory; it cannot be used.`)
}

function isInside(root: string, path: string): boolean {
  const way = relative(root, path)
  return way === '' || (way !== '..' && !way.startsWith(`..${sep}`) && !isAbsolute(way))
}

function outside(shown: string): WorkspaceError {
  return new WorkspaceError(
    `The path ${shown} is outside the workspace; use a path relative to it, such as notes/today.md.`,
  )
}
