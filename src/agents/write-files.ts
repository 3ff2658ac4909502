import { randomBytes } from 'node:crypto'
import { link, mkdir, open, rename, stat, unlink } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'

/** Puts a text in place of a file, or makes it: all of it or nothing, its mode kept. */
export async function replaceText(path: string, text: string): Promise<void> {
  await viaTemporary(path, text, (temporary) => rename(temporary, path))
}

/** Makes a file; false when there is one already. */
export async function createText(path: string, text: string): Promise<boolean> {
  try {
    await viaTemporary(path, text, (temporary) => link(temporary, path))
    return true
  } catch (error) {
    if (isTaken(error)) return false
    throw error
  }
}

/** Makes a directory; false when there is something of that name already. */
export async function createDirectory(path: string): Promise<boolean> {
  try {
    await mkdir(path)
    return true
  } catch (error) {
    if (isTaken(error)) return false
    throw error
  }
}

async function viaTemporary(
  path: string,
  text: string,
  finish: (temporary: string) => Promise<void>,
): Promise<void> {
  await mkdir(dirname(path), { recursive: true })
  // Agents' names do not begin with a dot, so that nobody reads it as one.
  const name = `.${basename(path)}.${randomBytes(6).toString('hex')}`
  const temporary = join(dirname(path), name)
  const mode = await stat(path).then(
    (found) => found.mode & 0o7777,
    () => 0o644,
  )
  try {
    const handle = await open(temporary, 'wx', mode)
    try {
      await handle.writeFile(text)
      await handle.sync()
    } finally {
      await handle.close()
    }
    await finish(temporary)
  } finally {
    await unlink(temporary).catch(() => {})
  }
}

function isTaken(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'EEXIST'
}
