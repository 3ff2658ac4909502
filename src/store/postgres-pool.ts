import type { Deadlines } from './deadlines.ts'
import { toProblem, unavailable } from './failures.ts'
import { type Client, connectPostgres, preparedStatement } from './postgres-client.ts'
import type { RunStatement } from './statements.ts'
import { toText } from './wire.ts'

// The server gives up on a slow statement before we give up on the server.
const statementTimeout = 3500

/** Single statements on any of several connections. */
export type Pool = { run: RunStatement; load(): PoolLoad; close(): Promise<void> }

export type PoolLoad = { inUse: number; waiting: number }

/**
 * A pool that begins anew when a connection was lost or does not answer. After a network or a server
 * went away without a word the old ones would stay silent for as long as TCP believes in them, and
 * the driver hands the error that ended a connection to the first statement of the next one.
 */
export function createPool({
  url,
  size,
  deadlines,
  onclose,
}: {
  url: string
  size: number
  deadlines: Deadlines
  onclose?: () => void
}): Pool {
  const connect = () =>
    connectPostgres({ url, size, statementTimeout, ...(onclose === undefined ? {} : { onclose }) })
  let client = connect()
  let closed = false
  let pending = 0

  function replace(failed: Client) {
    if (client !== failed || closed) return
    client = connect()
    // What the other connections still do may take as long as any statement.
    void failed.end({ timeout: statementTimeout / 1000 })
  }

  return {
    run(text, parameters, shape) {
      const current = client
      const query = current.unsafe(text, parameters.map(toText), preparedStatement)
      pending += 1
      const statement: Promise<unknown[]> = shape === 'values' ? query.values() : query
      return new Promise((resolve, reject) => {
        const stop = deadlines.start(() => {
          reject(unavailable())
          replace(current)
        })
        statement.then(
          (rows) => {
            pending -= 1
            stop()
            resolve(rows)
          },
          (error) => {
            pending -= 1
            stop()
            if (isLoss(error)) replace(current)
            reject(toProblem(error))
          },
        )
      })
    },
    load: () => ({ inUse: Math.min(pending, size), waiting: Math.max(0, pending - size) }),
    close() {
      closed = true
      return client.end({ timeout: 1 })
    },
  }
}

function isLoss(error: unknown): boolean {
  if (!(error instanceof Error) || !('code' in error)) return false
  return lossCodes.has(String(error.code))
}

// The driver's two, then: shut down, crashed, and ended for being idle in a transaction.
const lossCodes = new Set(['CONNECT_TIMEOUT', 'CONNECTION_CLOSED', '57P01', '57P02', '25P03'])
