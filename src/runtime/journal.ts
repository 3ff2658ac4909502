import type { EventBody } from '#contract/event.ts'
import type { Committed, LogEntry } from '#store/log.ts'
import type { Clock } from './clock.ts'
import { toFrame } from './frame.ts'
import type { ObservedCommit } from './observer.ts'
import {
  addChange,
  addEvent,
  type Change,
  type CommitResult,
  emptyEntry,
  type Log,
  type PendingEntry,
  type Subject,
  toLogEntry,
} from './pending-entry.ts'
import type { Frame } from './runtime.ts'

/** The fence refused a write: another process owns the session's run now. */
export class FenceLost extends Error {
  override name = 'FenceLost'
}

/** Writes to one root session's log. */
export type LogWriter = {
  /**
   * Adds a delta. Nobody waits for it, unless the database is so far behind that the producer has
   * to: then the promise is to be awaited before more is read.
   */
  emit(subject: Subject, body: EventBody): Promise<void> | undefined
  /** Resolves after the commit; rejects with `FenceLost`. Events emitted before come before. */
  commit(change: Change): Promise<CommitResult>
}

export type Journal = {
  open(log: { sessionId: string; token: number | null }): LogWriter
  /** Resolves when everything emitted so far is committed or refused. */
  settled(): Promise<void>
  /** For the tests and the metrics. */
  counters(): { flushes: number; rows: number }
}

/** Sessions in one commit from which on it pays to wait for more. */
const crowd = 4

/** Milliseconds, and up to as many again: a database that is back is used within a second. */
const longestRetry = 500

type Commit = (entries: LogEntry[]) => Promise<(Committed | null)[]>

/**
 * The one writer of an instance: collects what its runs emit while a commit is in flight, then
 * commits the collection in one statement, and only then publishes. An idle journal commits at
 * once; deltas alone keep a floor between commits, so that load makes batches instead of commits.
 */
export function createJournal({
  commit,
  applied,
  publish,
  clock,
  floor = 12,
  highWater = 4 * 1024 * 1024,
  retryDelay = 100,
  onFenceLost,
  onCommitted,
  isPassing,
}: {
  commit: Commit
  /** After a broken connection: where the entry's events stand, when the commit had got through. */
  applied(entry: LogEntry, after: number): Promise<Committed | null>
  publish(sessionId: string, frames: Frame[]): void
  clock: Clock
  /** Milliseconds between two commits of deltas alone. */
  floor?: number
  /** Bytes that may wait before producers have to. */
  highWater?: number
  /** Milliseconds before a commit is tried again while the database is away. */
  retryDelay?: number
  onFenceLost(sessionId: string): void
  /** After a commit, with how long it took, tries that failed included. */
  onCommitted?: (commit: ObservedCommit) => void
  /** Tells a database that is away from a statement that can never succeed. */
  isPassing(error: unknown): boolean
}): Journal {
  let pending = new Map<string, PendingEntry>()
  let busy = false
  let timer: NodeJS.Timeout | undefined
  let scheduled = false
  let lastCommit = Number.NEGATIVE_INFINITY
  let lastSize = 0
  let bytes = 0
  let drained = deferred()
  let idle = deferred()
  idle.resolve()
  const counters = { flushes: 0, rows: 0 }

  function entryOf(log: Log): PendingEntry {
    const key = `${log.sessionId} ${log.token ?? ''}`
    const found = pending.get(key)
    if (found) return found
    const entry = emptyEntry(log)
    pending.set(key, entry)
    if (pending.size === 1 && !busy) idle = deferred()
    return entry
  }

  function schedule(urgent: boolean): void {
    if (busy || scheduled) return
    // One or two conversations alone are not load: they needn't wait for others.
    const wait = urgent || lastSize < crowd ? 0 : lastCommit + floor - performance.now()
    if (wait > 0) {
      timer ??= setTimeout(flush, Math.ceil(wait))
      return
    }
    clearTimeout(timer)
    timer = undefined
    scheduled = true
    // Everything that all sockets bring in this turn of the event loop belongs to one commit.
    setImmediate(flush)
  }

  function flush(): void {
    timer = undefined
    scheduled = false
    if (busy || pending.size === 0) return
    busy = true
    const batch = takeBatch()
    bytes = 0
    drained.resolve()
    void write(batch).then(() => {
      busy = false
      lastCommit = performance.now()
      lastSize = batch.length
      if (pending.size > 0) schedule(hasWaiter(pending))
      else idle.resolve()
    })
  }

  /** One entry for each session: two fences of one session can't be checked in one statement. */
  function takeBatch(): PendingEntry[] {
    const batch = new Map<string, PendingEntry>()
    const rest = new Map<string, PendingEntry>()
    for (const [key, entry] of pending) {
      if (batch.has(entry.log.sessionId)) rest.set(key, entry)
      else batch.set(entry.log.sessionId, entry)
    }
    pending = rest
    return [...batch.values()]
  }

  async function write(batch: PendingEntry[]): Promise<void> {
    const rows = batch.map(toLogEntry)
    const began = performance.now()
    const count = rows.reduce((sum, row) => sum + row.events.length, 0)
    counters.flushes += 1
    counters.rows += count
    try {
      const results = await commitWithRetry(rows, batch)
      const milliseconds = performance.now() - began
      onCommitted?.({ milliseconds, rows: count, sessions: batch.length })
      results.forEach((result, index) => {
        const entry = batch[index]
        const row = rows[index]
        if (entry && row) settle(entry, row, result)
      })
    } catch (error) {
      await isolate(batch, rows, error)
    }
  }

  function settle(entry: PendingEntry, row: LogEntry, result: Committed | null): void {
    if (!result) {
      for (const waiter of entry.waiters) {
        waiter.reject(new FenceLost(`another process writes to session ${row.sessionId}`))
      }
      onFenceLost(row.sessionId)
      return
    }
    clock.adjust(result.time)
    entry.log.head = result.base + row.events.length
    const timestamp = new Date(result.time).toISOString()
    const frames = row.events.map((event, index) =>
      toFrame(event, { seq: result.base + index + 1, timestamp }),
    )
    if (frames.length > 0) publish(row.sessionId, frames)
    for (const waiter of entry.waiters) {
      waiter.resolve({
        firstSeq: result.base + waiter.from + 1,
        lastSeq: result.base + waiter.to,
        settings: result.settings,
      })
    }
  }

  /** One entry that the database refuses must not take the others with it. */
  async function isolate(batch: PendingEntry[], rows: LogEntry[], error: unknown): Promise<void> {
    if (batch.length === 1) {
      for (const waiter of batch[0]?.waiters ?? []) waiter.reject(error)
      if (batch[0]) onFenceLost(batch[0].log.sessionId)
      return
    }
    for (const [index, entry] of batch.entries()) {
      const row = rows[index]
      if (!row) continue
      try {
        const [result] = await commitWithRetry([row], [entry])
        settle(entry, row, result ?? null)
      } catch (reason) {
        await isolate([entry], [row], reason)
      }
    }
  }

  async function commitWithRetry(
    rows: LogEntry[],
    batch: PendingEntry[],
  ): Promise<(Committed | null)[]> {
    let delay = retryDelay
    let broken = false
    const done: (Committed | null | undefined)[] = rows.map(() => undefined)
    for (;;) {
      try {
        if (broken) await findApplied(rows, batch, done)
        const open = rows.filter((_, index) => done[index] === undefined)
        const results = open.length > 0 ? await commit(open) : []
        return done.map((result) => (result === undefined ? (results.shift() ?? null) : result))
      } catch (error) {
        if (!isPassing(error)) throw error
        broken = true
        await sleep(delay + Math.random() * delay)
        delay = Math.min(delay * 2, longestRetry)
      }
    }
  }

  /** The connection broke after the statement was sent: it may have committed all the same. */
  async function findApplied(
    rows: LogEntry[],
    batch: PendingEntry[],
    done: (Committed | null | undefined)[],
  ): Promise<void> {
    for (const [index, row] of rows.entries()) {
      if (done[index] !== undefined) continue
      const found = await applied(row, batch[index]?.log.head ?? 0)
      if (found) done[index] = found
    }
  }

  return {
    open: ({ sessionId, token }) => writerOf({ sessionId, token, head: 0 }),
    settled: () => idle.promise,
    counters: () => ({ ...counters }),
  }

  function writerOf(log: Log): LogWriter {
    return {
      emit(subject, body) {
        const entry = entryOf(log)
        bytes += addEvent(entry, subject, body)
        schedule(entry.waiters.length > 0)
        if (bytes < highWater) return undefined
        if (drained.settled) drained = deferred()
        return drained.promise
      },
      commit(change) {
        const entry = entryOf(log)
        const from = entry.events.length
        for (const { subject, body } of change.events) addEvent(entry, subject, body)
        entry.mergeable = false
        addChange(entry, change)
        return new Promise((resolve, reject) => {
          entry.waiters.push({ from, to: entry.events.length, resolve, reject })
          schedule(true)
        })
      },
    }
  }
}

function hasWaiter(entries: Map<string, PendingEntry>): boolean {
  for (const entry of entries.values()) if (entry.waiters.length > 0) return true
  return false
}

function deferred() {
  let resolve: () => void = () => {}
  const promise = new Promise<void>((done) => {
    resolve = done
  })
  const state = {
    promise,
    settled: false,
    resolve() {
      state.settled = true
      resolve()
    },
  }
  return state
}

function sleep(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds))
}
