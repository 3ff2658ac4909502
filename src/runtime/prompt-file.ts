import { constants } from 'node:fs'
import { open, readlink, realpath } from 'node:fs/promises'
import { isAbsolute, relative, resolve, sep } from 'node:path'

/** Bytes of a prompt file; more does not fit a model's window. */
const largest = 1024 * 1024

/**
 * The text of a file that an agent's prompt takes in; null when there is none. `within`: a file that
 * is not in the directory, wherever its links lead, is none. Only a regular file is read, and what
 * is beyond 1 MiB of it is left out.
 */
export async function readPromptFile(
  path: string,
  { directory, within }: { directory: string; within: boolean },
): Promise<string | null> {
  try {
    const real = await realpath(resolve(directory, path))
    if (within && !contains(await realpath(directory), real)) return null
    // O_NONBLOCK: opening a fifo must not wait for somebody who writes.
    const flags = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK
    const handle = await open(real, flags)
    try {
      // What was swapped in since it was looked at is another file, or in another place.
      const opened = await readlink(`/proc/self/fd/${handle.fd}`).catch(() => real)
      const stats = await handle.stat()
      if (!stats.isFile() || (within && opened !== real)) return null
      const { buffer, bytesRead } = await handle.read(Buffer.alloc(largest), 0, largest, 0)
      return buffer.toString('utf8', 0, bytesRead)
    } finally {
      await handle.close()
    }
  } catch {
    return null
  }
}

function contains(directory: string, path: string): boolean {
  const way = relative(directory, path)
  return way !== '..' && !way.startsWith(`..${sep}`) && !isAbsolute(way)
}
