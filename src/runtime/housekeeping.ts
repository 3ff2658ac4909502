import type { RunStatements } from '#store/run-statements.ts'
import type { ExpiredSession } from '#store/session-expiry.ts'

/** How long things are kept. */
export type Retention = {
  /** Days that the events of a finished run are kept; 0 keeps them. */
  events: number
  /** Seconds without activity after which a session is removed; 0 keeps it. */
  sessions: number
}

type Chore = {
  /** What could not be done when it failed. */
  purpose: string
  /** Milliseconds from one look to the next. */
  every: number
  /** Does some of it. Answers whether there may be more. */
  work(): Promise<boolean>
}

/** Milliseconds after the start until the first look, so that it is not in the way of the start. */
const firstLook = 30_000
const lookEvery = 10 * 60 * 1000
/** Sessions are looked for several times in their timeout, within these milliseconds. */
const shortestLook = 500
const longestLook = 60_000

/**
 * Deletes what is past its time, some at a time, in the background. Every instance does it; what one
 * has in hand is passed over by the others.
 */
export function createHousekeeping({
  rows,
  retention,
  onExpired,
  log,
}: {
  rows: RunStatements['housekeeping']
  retention: Retention
  onExpired(session: ExpiredSession): void
  log: { warn(message: string, fields?: object): void }
}): { start(): void; stop(): Promise<void> } {
  const chores = choresOf({ rows, retention, onExpired })
  const timers = new Map<Chore, NodeJS.Timeout>()
  let working: Promise<void> = Promise.resolve()
  let stopped = false

  function schedule(chore: Chore, wait: number): void {
    const look = () => {
      working = working.then(() => sweep(chore))
    }
    timers.set(chore, setTimeout(look, wait).unref())
  }

  async function sweep(chore: Chore): Promise<void> {
    try {
      while (!stopped && (await chore.work()));
    } catch (error) {
      log.warn(`could not ${chore.purpose}`, { error: String(error) })
    }
    if (!stopped) schedule(chore, chore.every)
  }

  return {
    start() {
      for (const chore of chores) schedule(chore, Math.min(firstLook, chore.every))
    },
    async stop() {
      stopped = true
      for (const timer of timers.values()) clearTimeout(timer)
      await working
    },
  }
}

function choresOf({
  rows,
  retention,
  onExpired,
}: {
  rows: RunStatements['housekeeping']
  retention: Retention
  onExpired(session: ExpiredSession): void
}): Chore[] {
  const chores: Chore[] = [
    {
      purpose: 'delete old idempotency keys',
      every: lookEvery,
      work: async () => (await rows.removeExpiredKeys({ limit: 500 })) === 500,
    },
    {
      purpose: 'delete tokens that have expired',
      every: lookEvery,
      work: async () => (await rows.removeExpiredTokens({ limit: 500 })) === 500,
    },
  ]
  if (retention.events > 0) {
    const olderThan = retention.events * 24 * 60 * 60
    chores.push({
      purpose: 'delete old events',
      every: lookEvery,
      work: async () => (await rows.expireEvents({ olderThan, limit: 50 })) === 50,
    })
  }
  if (retention.sessions > 0) {
    const idleFor = retention.sessions
    chores.push({
      purpose: 'remove idle sessions',
      every: Math.min(longestLook, Math.max(shortestLook, idleFor * 250)),
      async work() {
        const removed = await rows.expireSessions({ idleFor, limit: 50 })
        for (const session of removed) onExpired(session)
        return removed.length > 0
      },
    })
  }
  return chores
}
