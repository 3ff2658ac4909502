import type { McpConnection } from './mcp-connection.ts'

export type McpConnections = {
  /**
   * The connection of a key, opened when there is none. Rejects when it cannot be opened, and at
   * once while it is too early to try again.
   */
  get(key: string): Promise<McpConnection>
  close(): Promise<void>
}

/** What becomes of a connection: `signal` aborts when it is not wanted any more while it is opened. */
export type ConnectionHold = { onClose: () => void; signal: AbortSignal }

type Entry = {
  connection: Promise<McpConnection>
  opened: McpConnection | null
  usedAt: number
}

type Trouble = { failures: number; retryAt: number; message: string }

const mostConnections = 32
/** Milliseconds that an unused connection is kept. */
const idleLimit = 30 * 60_000
/** A connection that held this long was a good one: its end is no reason to wait. */
const goodWhile = 10_000
const longestWait = 60_000

/**
 * Keeps connections open between calls. One that ends is opened again when it is asked for, first at
 * once, then after waits that double up to a minute.
 */
export function createMcpConnections({
  connect,
  now,
}: {
  connect: (key: string, hold: ConnectionHold) => Promise<McpConnection>
  /** Milliseconds of a clock that only goes forward. */
  now: () => number
}): McpConnections {
  const entries = new Map<string, Entry>()
  const troubles = new Map<string, Trouble>()
  const closing = new AbortController()
  const { signal } = closing
  let sweeper: NodeJS.Timeout | undefined

  function start(key: string): Entry {
    const began = now()
    const isCurrent = () => entries.get(key) === entry
    const onClose = () => {
      if (!entry.opened || !isCurrent()) return
      entries.delete(key)
      if (now() - began >= goodWhile) troubles.delete(key)
      addTrouble(key, 'it ended soon after it was started', began)
    }
    const entry: Entry = {
      opened: null,
      usedAt: began,
      connection: connect(key, { onClose, signal }),
    }
    entries.set(key, entry)
    entry.connection.then(
      (connection) => {
        entry.opened = connection
        if (signal.aborted || !isCurrent()) void connection.close()
      },
      (error: Error) => {
        if (isCurrent()) entries.delete(key)
        addTrouble(key, error.message, began)
      },
    )
    return entry
  }

  function addTrouble(key: string, message: string, began: number): void {
    const failures = (troubles.get(key)?.failures ?? 0) + 1
    const wait = failures === 1 ? 0 : Math.min(1000 * 2 ** (failures - 2), longestWait)
    // What takes long to fail is not tried again sooner than it takes.
    const elapsed = failures === 1 ? 0 : now() - began
    troubles.set(key, { failures, message, retryAt: now() + Math.max(wait, elapsed) })
  }

  /** Makes room by closing what is idle longest; what is in use stays. */
  async function makeRoom(): Promise<void> {
    if (entries.size < mostConnections) return
    const idle = [...entries].filter(([, entry]) => entry.opened?.openCalls() === 0)
    idle.sort(([, a], [, b]) => a.usedAt - b.usedAt)
    const [oldest] = idle
    if (!oldest) throw new Error(`all ${mostConnections} connections are in use; try again later`)
    await drop(oldest)
  }

  async function drop([key, entry]: [string, Entry]): Promise<void> {
    entries.delete(key)
    troubles.delete(key)
    await entry.opened?.close()
  }

  function sweep(): void {
    for (const [key, entry] of entries) {
      const isIdle = entry.opened?.openCalls() === 0 && now() - entry.usedAt > idleLimit
      if (isIdle) void drop([key, entry])
    }
  }

  return {
    async get(key) {
      signal.throwIfAborted()
      const known = entries.get(key)
      if (known) {
        known.usedAt = now()
        return known.connection
      }
      const trouble = troubles.get(key)
      const wait = trouble ? trouble.retryAt - now() : 0
      if (trouble && wait > 0) {
        throw new Error(`${trouble.message}; it is tried again in ${Math.ceil(wait / 1000)} s`)
      }
      await makeRoom()
      sweeper ??= setInterval(sweep, idleLimit / 10).unref()
      return (entries.get(key) ?? start(key)).connection
    },
    async close() {
      closing.abort(new Error('the server is stopping'))
      clearInterval(sweeper)
      const closed = [...entries.values()].map(async ({ connection }) => {
        const opened = await connection.catch(() => null)
        await opened?.close()
      })
      entries.clear()
      await Promise.all(closed)
    },
  }
}
