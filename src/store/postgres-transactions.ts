import type { Statements } from './database.ts'
import type { Deadlines } from './deadlines.ts'
import { unavailable } from './failures.ts'
import { createPool, type Pool, type PoolLoad } from './postgres-pool.ts'
import { runTransaction } from './transaction.ts'

/** Transactions, each on a connection of its own while it lasts. */
export type Transactions = {
  run<T>(work: (tx: Statements) => Promise<T>): Promise<T>
  load(): PoolLoad
  close(): Promise<void>
}

type Slot = { pool: Pool; lost: boolean }

/**
 * Each connection is a pool of one. The driver's own transactions send a rollback, and whatever the
 * work asks next, to a connection that was lost: that is an exception outside of any promise, which
 * ends the process. Here nothing is sent after the loss.
 */
export function createTransactions({
  url,
  size,
  deadlines,
}: {
  url: string
  size: number
  deadlines: Deadlines
}): Transactions {
  const idle = Array.from({ length: size }, () => createSlot({ url, deadlines }))
  const all = [...idle]
  const waiting = new Set<(slot: Slot) => void>()

  function take(): Promise<Slot> | Slot {
    const slot = idle.pop()
    if (slot !== undefined) return slot
    return new Promise((resolve, reject) => {
      const stop = deadlines.start(() => {
        waiting.delete(accept)
        reject(unavailable())
      })
      const accept = (freed: Slot) => {
        stop()
        resolve(freed)
      }
      waiting.add(accept)
    })
  }

  function giveBack(slot: Slot) {
    const [next] = waiting
    if (next === undefined) {
      idle.push(slot)
      return
    }
    waiting.delete(next)
    next(slot)
  }

  return {
    async run(work) {
      const slot = await take()
      try {
        return await runOn(slot, work)
      } finally {
        giveBack(slot)
      }
    },
    load: () => ({ inUse: size - idle.length, waiting: waiting.size }),
    async close() {
      await Promise.all(all.map((slot) => slot.pool.close()))
    },
  }
}

function createSlot({ url, deadlines }: { url: string; deadlines: Deadlines }): Slot {
  const slot: Slot = {
    lost: false,
    pool: createPool({
      url,
      size: 1,
      deadlines,
      onclose: () => {
        slot.lost = true
      },
    }),
  }
  return slot
}

function runOn<T>(slot: Slot, work: (tx: Statements) => Promise<T>): Promise<T> {
  let begun = false
  return runTransaction({
    work,
    async run(...statement) {
      // A connection that was lost before the transaction began is opened again by its `begin`.
      if (!begun) slot.lost = false
      if (slot.lost) throw unavailable()
      const rows = await slot.pool.run(...statement)
      begun = true
      return rows
    },
  })
}
