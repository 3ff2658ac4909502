import type { Notice, Notices } from '#store/notices.ts'

/** What the other instances may have done, read from the tables. */
export type ClusterRows = {
  heads(sessionIds: string[]): Promise<{ sessionId: string; head: number }[]>
  /** Those of the runs that were asked to end. */
  cancelRequests(runIds: string[]): Promise<string[]>
}

/** Begins the exchange of notices. */
export type OpenNotices = (handlers: {
  onNotice(notice: Notice): void
  onGap(): void
}) => Promise<Notices>

export type Cluster = {
  tell(notice: Notice): void
  start(): Promise<void>
  stop(): Promise<void>
}

/** Milliseconds between looks at the logs that are followed here and written elsewhere. */
const readHeadsEvery = { hearing: 1000, deaf: 200 }
/** Milliseconds between looks for cancels of runs that are held here. */
const readCancelsEvery = { hearing: 1000, deaf: 500 }
/** Reads of heads without hearing anything before it is said: a new connection takes a moment. */
const deafReads = 25

/**
 * This instance among the others on its database. What they tell is a hint that makes it look at
 * once; what they tell and is lost is found by polls, which send nothing while there is nothing to
 * ask for.
 */
export function createCluster({
  open,
  rows,
  feed,
  runs,
  answered,
  log,
}: {
  open: OpenNotices
  rows: ClusterRows
  feed: {
    hint(sessionId: string, head: number): void
    end(sessionId: string): void
    followedElsewhere(): string[]
  }
  runs: { look(): void; interrupt(runId: string): boolean; held(): string[] }
  answered(elicitationId: string): void
  log: { warn(message: string, fields?: object): void }
}): Cluster {
  let notices: Notices | undefined
  let silence = 0
  const polls = [
    createPoll({ work: readHeads, wait: () => readHeadsEvery[hearing()], log }),
    createPoll({ work: readCancels, wait: () => readCancelsEvery[hearing()], log }),
  ]

  // A connection that has gone silent counts as hearing until a beat is missed, so that the slower
  // polls have to be quick enough on their own.
  function hearing(): 'hearing' | 'deaf' {
    return notices?.hears() ? 'hearing' : 'deaf'
  }

  function noteHearing(): void {
    silence = hearing() === 'deaf' ? silence + 1 : 0
    if (silence !== deafReads) return
    log.warn('notifications of the database do not arrive; what others did is looked for instead')
  }

  async function readHeads(): Promise<void> {
    noteHearing()
    const sessions = feed.followedElsewhere()
    if (sessions.length === 0) return
    const removed = new Set(sessions)
    for (const { sessionId, head } of await rows.heads(sessions)) {
      removed.delete(sessionId)
      feed.hint(sessionId, head)
    }
    for (const sessionId of removed) feed.end(sessionId)
  }

  async function readCancels(): Promise<void> {
    const held = runs.held()
    if (held.length === 0) return
    for (const runId of await rows.cancelRequests(held)) runs.interrupt(runId)
  }

  function onNotice(notice: Notice): void {
    switch (notice.type) {
      case 'head':
        feed.hint(notice.sessionId, notice.head)
        break
      case 'queued':
        runs.look()
        break
      case 'cancelled':
        runs.interrupt(notice.runId)
        break
      case 'answered':
        answered(notice.elicitationId)
        break
    }
  }

  function onGap(): void {
    runs.look()
    for (const poll of polls) poll.now()
  }

  return {
    tell: (notice) => notices?.tell(notice),
    async start() {
      notices = await open({ onNotice, onGap })
      for (const poll of polls) poll.start()
    },
    async stop() {
      for (const poll of polls) poll.stop()
      await notices?.close()
    },
  }
}

/** Does some work again and again, `wait` after it was done. */
function createPoll({
  work,
  wait,
  log,
}: {
  work: () => Promise<void>
  wait: () => number
  log: { warn(message: string, fields?: object): void }
}) {
  let timer: NodeJS.Timeout | undefined
  let working = false
  let stopped = false
  let failing = false

  async function look(): Promise<void> {
    if (working || stopped) return
    working = true
    try {
      await work()
      failing = false
    } catch (error) {
      if (!failing) log.warn('could not look at what others did', { error: String(error) })
      failing = true
    }
    working = false
    schedule()
  }

  function schedule(): void {
    clearTimeout(timer)
    if (!stopped) timer = setTimeout(() => void look(), wait()).unref()
  }

  return {
    start: schedule,
    now: () => void look(),
    stop() {
      stopped = true
      clearTimeout(timer)
    },
  }
}
