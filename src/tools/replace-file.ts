import { createHash } from 'node:crypto'
import { constants, type Stats } from 'node:fs'
import { access, lstat, open, rename, unlink } from 'node:fs/promises'
import type { Directory } from './directory.ts'
import { codeOf, explained, WorkspaceError } from './workspace-error.ts'

/**
 * Puts `content` in place of a file, or makes it: all or nothing, its mode kept. `expected` is what
 * the file was when it was read; when it is another one by now, nothing is written.
 */
export async function replaceFile({
  directory,
  name,
  content,
  callId,
  shown,
  expected,
}: {
  directory: Directory
  name: string
  content: string | Uint8Array
  callId: string
  shown: string
  expected?: Stats
}): Promise<'created' | 'replaced'> {
  const standing = await regularFileAt(directory.at(name), shown)
  if (expected && !isSameFile(standing, expected)) {
    throw new WorkspaceError(`${shown} was changed meanwhile; read it again before editing it.`)
  }
  // Named after the call: when it runs again after a crash it clears up what it had left.
  const temporary = `.${createHash('sha256').update(`${callId}/${name}`).digest('hex').slice(0, 24)}.tmp`
  try {
    await writeNew(directory.at(temporary), content, standing?.mode)
    await rename(directory.at(temporary), directory.at(name))
  } catch (error) {
    await unlink(directory.at(temporary)).catch(() => {})
    throw explained(error, shown)
  }
  return standing ? 'replaced' : 'created'
}

async function regularFileAt(path: string, shown: string): Promise<Stats | null> {
  const stats = await lstat(path).catch((error: unknown) => {
    if (codeOf(error) === 'ENOENT') return null
    throw explained(error, shown)
  })
  if (!stats) return null
  if (stats.isDirectory()) throw new WorkspaceError(`${shown} is a directory, not a file.`)
  if (!stats.isFile())
    throw new WorkspaceError(`${shown} is not a regular file; it stays as it is.`)
  // A rename needs no permission on the file itself, so a protected one is asked about here.
  await access(path, constants.W_OK).catch((error: unknown) => {
    throw explained(error, shown)
  })
  return stats
}

function isSameFile(standing: Stats | null, expected: Stats): boolean {
  return (
    standing !== null &&
    standing.ino === expected.ino &&
    standing.size === expected.size &&
    standing.mtimeMs === expected.mtimeMs
  )
}

async function writeNew(
  path: string,
  content: string | Uint8Array,
  mode: number | undefined,
): Promise<void> {
  await unlink(path).catch(() => {})
  const handle = await open(path, 'wx')
  try {
    await handle.writeFile(content)
    if (mode !== undefined) await handle.chmod(mode & 0o7777)
    await handle.sync()
  } finally {
    await handle.close()
  }
}
