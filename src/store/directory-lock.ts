import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { rm, stat } from 'node:fs/promises'
import { connect, createServer, type Server } from 'node:net'
import { join } from 'node:path'

export type DirectoryLock = { release(): Promise<void> }

/**
 * Makes this process the only one that uses a directory, until it releases it or dies: the kernel
 * frees the lock, also after `kill -9`. Throws at once when another process holds it.
 *
 * On Linux the lock is an abstract socket, which exists only as long as it is listened to, and only
 * inside one network namespace; containers that share a volume meet at the socket file. Elsewhere
 * there is the file alone, which a killed process leaves behind: then nobody answers at it.
 */
export async function lockDirectory(directory: string): Promise<DirectoryLock> {
  const servers: Server[] = []
  const release = async () => {
    // The file goes first, while the other lock still keeps newcomers from making theirs.
    for (const server of servers.toReversed()) await close(server)
  }
  try {
    if (process.platform === 'linux') {
      servers.push(await listen({ path: await abstractName(directory), directory }))
    }
    const server = await listenAtFile(directory)
    if (server !== undefined) servers.push(server)
  } catch (error) {
    await release()
    throw error
  }
  return { release }
}

async function abstractName(directory: string): Promise<string> {
  const { dev, ino } = await stat(directory)
  const identity = createHash('sha256').update(`${directory}\n${dev}\n${ino}`).digest('hex')
  return `\0parley-${identity}`
}

async function listenAtFile(directory: string): Promise<Server | undefined> {
  const path = join(directory, 'lock')
  // The longest path of a socket that every platform takes.
  if (path.length > 100) return fileIsNeeded(`its path is ${path.length} characters long`)
  if (await answers(path)) throw inUse(directory)
  await rm(path, { force: true })
  try {
    return await listen({ path, directory })
  } catch (error) {
    if (error instanceof LockedError) throw error
    return fileIsNeeded(String(error))
  }
}

// A file system without sockets: the abstract one is enough, where there is one.
function fileIsNeeded(reason: string): undefined {
  if (process.platform === 'linux') return undefined
  throw new Error(`The data directory cannot be locked (${reason}); choose another directory`)
}

async function answers(path: string): Promise<boolean> {
  const socket = connect(path)
  try {
    await once(socket, 'connect')
    return true
  } catch {
    return false
  } finally {
    socket.destroy()
  }
}

async function listen({ path, directory }: { path: string; directory: string }): Promise<Server> {
  const server = createServer((socket) => socket.destroy())
  server.unref()
  server.listen(path)
  try {
    await once(server, 'listening')
    return server
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EADDRINUSE') {
      throw inUse(directory)
    }
    throw error
  }
}

class LockedError extends Error {
  override name = 'LockedError'
}

function inUse(directory: string): Error {
  return new LockedError(
    `The data directory ${directory} is in use by another process; stop it, or choose another directory`,
  )
}

function close(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve())
  })
}
