import { setImmediate } from 'node:timers/promises'
import { createDeadlines } from './deadlines.ts'
import { unavailable } from './failures.ts'

/** One connection for all: each piece of work waits for its turn. */
export type Turns = {
  take<T>(work: () => Promise<T>): Promise<T>
  load(): { inUse: number; waiting: number }
  /** Waits for the work that has its turn, then refuses all that is still to come. */
  close(): Promise<void>
}

export function createTurns({ limit }: { limit: number }): Turns {
  const waiting = new Set<{ start(): void; refuse(error: Error): void }>()
  const deadlines = createDeadlines({ limit })
  let taken = false
  let closed = false

  function wait(): Promise<void> {
    return new Promise((resolve, reject) => {
      const entry = { start: resolve, refuse: reject }
      waiting.add(entry)
      // Work that waits for a transaction that waits for this very work would wait forever.
      const stop = deadlines.start(() => {
        waiting.delete(entry)
        reject(unavailable())
      })
      entry.start = () => {
        stop()
        resolve()
      }
    })
  }

  function pass() {
    const [next] = waiting
    if (next === undefined) {
      taken = false
      return
    }
    waiting.delete(next)
    next.start()
  }

  return {
    async take(work) {
      if (closed) throw unavailable()
      if (taken) await wait()
      taken = true
      try {
        return await work()
      } finally {
        pass()
      }
    },
    load: () => ({ inUse: taken ? 1 : 0, waiting: waiting.size }),
    async close() {
      closed = true
      if (taken) await wait()
      taken = true
      for (const entry of waiting) entry.refuse(unavailable())
      deadlines.close()
    },
  }
}

/**
 * Lets timers and sockets have the event loop after some milliseconds of statements. They answer
 * within microtasks, so that without it a busy caller would starve everything else.
 */
export function createBreath({ longest }: { longest: number }) {
  let spent = 0
  let counting = false
  return {
    /** Before a statement. */
    async take(): Promise<void> {
      if (spent >= longest) await setImmediate()
    },
    /** After it. */
    add(milliseconds: number) {
      spent += milliseconds
      if (counting) return
      counting = true
      globalThis.setImmediate(() => {
        counting = false
        spent = 0
      })
    },
  }
}
