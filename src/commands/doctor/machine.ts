import { constants } from 'node:fs'
import { access, readFile, stat, statfs } from 'node:fs/promises'
import { createServer } from 'node:net'
import { dirname } from 'node:path'
import type { Config } from '../../config.ts'
import { formatListenAddress, type ListenAddress } from '../../listen-address.ts'
import type { Check, Finding } from './check.ts'

type Found = Omit<Finding, 'name'>

const gibibyte = 1024 ** 3
/** Open files that some thousand streams and their calls need. */
const enoughFiles = 8192

export function checkNode(version: string): Check {
  return {
    name: 'program',
    async look() {
      const detail = `parley ${version} on Node ${process.versions.node}`
      const isNew = Number(process.versions.node.split('.')[0]) >= 24
      if (isNew) return [{ status: 'ok', detail }]
      return [{ status: 'failed', detail, remedy: 'run it with Node 24 or newer' }]
    },
  }
}

/** Room for the embedded database and for what agents write. */
export function checkDisk({ database, workspace }: Pick<Config, 'database' | 'workspace'>): Check {
  return {
    name: 'disk',
    async look() {
      const places =
        database.kind === 'embedded' ? [database.dataDirectory, workspace] : [workspace]
      return Promise.all([...new Set(places)].map(lookAtDisk))
    },
  }
}

async function lookAtDisk(path: string): Promise<Found> {
  const directory = await nearest(path)
  const { bavail, bsize } = await statfs(directory)
  const free = bavail * bsize
  const detail = `${(free / gibibyte).toFixed(1)} GiB are free at ${path}`
  const isWritable = await access(directory, constants.W_OK).then(
    () => true,
    () => false,
  )
  if (free < gibibyte / 10) return { status: 'failed', detail, remedy: 'make room there' }
  if (!isWritable) {
    const remedy = 'agents can only read there; let this user write, or name another --workspace'
    return { status: 'warning', detail: `${detail}, and this user may not write`, remedy }
  }
  return free < gibibyte
    ? { status: 'warning', detail, remedy: 'make room there' }
    : { status: 'ok', detail }
}

async function nearest(path: string): Promise<string> {
  const isThere = await stat(path).then(
    () => true,
    () => false,
  )
  return isThere ? path : nearest(dirname(path))
}

/** Each stream and each model call takes one. */
export function checkOpenFiles(): Check {
  return {
    name: 'files',
    async look() {
      const limits = await readFile('/proc/self/limits', 'utf8').catch(() => '')
      const soft = /^Max open files\s+(\d+|unlimited)/m.exec(limits)?.[1]
      if (soft === undefined) return []
      const detail = `${soft} files may be open at once`
      if (soft === 'unlimited' || Number(soft) >= enoughFiles) return [{ status: 'ok', detail }]
      const remedy = `each stream takes one: raise it (ulimit -n ${enoughFiles}, LimitNOFILE=)`
      return [{ status: 'warning', detail, remedy }]
    },
  }
}

/** Whether the address is free that would be listened on, or Parley has it already. */
export function checkPort(address: ListenAddress): Check {
  const shown = formatListenAddress(address)
  return {
    name: 'port',
    async look() {
      const code = await tryListen(address)
      if (code === undefined) return [{ status: 'ok', detail: `${shown} is free` }]
      if (code !== 'EADDRINUSE') {
        return [{ status: 'failed', detail: `${shown} cannot be had: ${code}` }]
      }
      const version = await askForParley(address)
      if (version !== undefined) {
        return [{ status: 'ok', detail: `Parley ${version} listens on ${shown} now` }]
      }
      const remedy = 'stop it, or choose another address with --listen'
      return [{ status: 'failed', detail: `another program listens on ${shown}`, remedy }]
    },
  }
}

function tryListen({ host, port }: ListenAddress): Promise<string | undefined> {
  return new Promise((resolve) => {
    const server = createServer()
    server.once('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message))
    server.listen({ host, port }, () => server.close(() => resolve(undefined)))
  })
}

async function askForParley({ host, port }: ListenAddress): Promise<string | undefined> {
  const named = { '0.0.0.0': '127.0.0.1', '::': '::1' }[host] ?? host
  const url = `http://${named.includes(':') ? `[${named}]` : named}:${port}/health`
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(2000) })
    const health: unknown = await response.json()
    const isParley = typeof health === 'object' && health !== null && 'agent_id' in health
    return isParley && 'version' in health ? String(health.version) : undefined
  } catch {
    return undefined
  }
}
