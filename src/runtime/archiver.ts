import type { FinishedTurn } from '#contract/finished-turn.ts'
import type { Deliveries, Delivery } from '#store/deliveries.ts'

/** What the archive made of a turn. `retryAfter` is in seconds, when it said so. */
export type ArchiveAnswer =
  | { type: 'taken' }
  | { type: 'gone' }
  | { type: 'failed'; reason: string; retryAfter?: number }

/** Rejects only when the signal is aborted. */
export type SendTurn = (turn: FinishedTurn, signal: AbortSignal) => Promise<ArchiveAnswer>

export type Archiver = {
  /** A turn has ended: there is something to send. */
  wake(): void
  start(): void
  /** Sends nothing more; what is under way gets `grace` ms. The rest stays for the next start. */
  stop(grace: number): Promise<void>
}

/** Turns that are on their way at once. */
const mostAtOnce = 8
/** Seconds that a turn belongs to the instance that took it; longer than a request may last. */
const hold = 20
/** Seconds between looks for what other instances left behind. */
const lookEvery = 30
/** Seconds after its end from which on a turn that was refused is not tried again. */
const longestTry = 24 * 60 * 60
const shortestDelay = 5
const longestDelay = 60 * 60

/**
 * Sends finished turns to the archive in the background, each until it was taken: at least once,
 * in no promised order. Says in the log when the archive stops taking turns and when it takes them
 * again, not for every try.
 */
export function createArchiver({
  rows,
  read,
  send,
  log,
  random = Math.random,
}: {
  rows: Deliveries
  /** null when the turn's session was deleted. */
  read(delivery: Delivery): Promise<FinishedTurn | null>
  send: SendTurn
  log: {
    info(message: string, fields?: object): void
    warn(message: string, fields?: object): void
    error(message: string, fields?: object): void
  }
  random?: () => number
}): Archiver {
  const sending = new Set<Promise<void>>()
  const stopping = new AbortController()
  const report = createReport(log)
  let timer: NodeJS.Timeout | undefined
  let looking: Promise<void> | undefined
  let again = false
  let stopped = false
  /** The archive asked not to be called before, on the clock of `performance`. */
  let quietUntil = 0

  function look(): void {
    if (stopped) return
    if (looking) {
      again = true
      return
    }
    looking = fill().then(() => {
      looking = undefined
      if (again) {
        again = false
        look()
      }
    })
  }

  /** Takes turns until there is none, or as many are on their way as may be. */
  async function fill(): Promise<void> {
    try {
      while (!stopped && sending.size < mostAtOnce) {
        const quiet = (quietUntil - performance.now()) / 1000
        if (quiet > 0) return lookIn(quiet)
        const taken = await rows.take({ limit: mostAtOnce - sending.size, hold })
        if (taken.length === 0) return lookIn((await rows.nextDue()) ?? lookEvery)
        for (const delivery of taken) track(deliver(delivery))
      }
    } catch (error) {
      report('unknown', { error: String(error) })
      lookIn(shortestDelay)
    }
  }

  function lookIn(seconds: number): void {
    clearTimeout(timer)
    const wait = Math.min(Math.max(seconds, 0.1), lookEvery * (0.75 + random() / 2))
    timer = setTimeout(look, wait * 1000).unref()
  }

  function track(work: Promise<void>): void {
    const tracked = work
      .catch((error: unknown) => report('unknown', { error: String(error) }))
      .finally(() => {
        sending.delete(tracked)
        look()
      })
    sending.add(tracked)
  }

  async function deliver(delivery: Delivery): Promise<void> {
    const turn = await read(delivery).catch(unreadable)
    if (!turn) return rows.remove(delivery.id)
    if (turn.type === 'failed') return retry(delivery, turn)
    const answer = await send(turn, stopping.signal).catch((error: unknown) => {
      if (stopping.signal.aborted) return null
      throw error
    })
    // Another instance may take it at once.
    if (!answer) return rows.postpone({ ...delivery, delay: 0, reason: null })
    await settle(delivery, answer)
  }

  function settle(delivery: Delivery, answer: ArchiveAnswer): Promise<void> {
    if (answer.type === 'failed') return retry(delivery, answer)
    report(answer.type)
    return rows.remove(delivery.id)
  }

  async function retry(
    delivery: Delivery,
    { reason, retryAfter }: ArchiveAnswer & { type: 'failed' },
  ): Promise<void> {
    report('failed', { reason })
    if (delivery.age >= longestTry) {
      const { id, sessionId: session_id, runId: run_id, attempt: attempts } = delivery
      log.error('the archive never took a turn; it is given up', {
        id,
        session_id,
        run_id,
        attempts,
        reason,
      })
      return rows.remove(id)
    }
    const delay = delayOf({ attempt: delivery.attempt, retryAfter, random })
    if (retryAfter !== undefined) quietUntil = performance.now() + delay * 1000
    await rows.postpone({ ...delivery, delay, reason })
  }

  return {
    wake: look,
    start: look,
    async stop(grace) {
      stopped = true
      clearTimeout(timer)
      await looking
      const cut = setTimeout(() => stopping.abort(), grace)
      await Promise.all(sending)
      clearTimeout(cut)
    },
  }
}

/** One turn that cannot be read must not be looked at for ever. */
function unreadable(error: unknown): ArchiveAnswer & { type: 'failed' } {
  return { type: 'failed', reason: `it could not be read here: ${String(error)}` }
}

/** Seconds until the next try: what the archive asked for, else twice as long each time. */
function delayOf({
  attempt,
  retryAfter,
  random,
}: {
  attempt: number
  retryAfter: number | undefined
  random: () => number
}): number {
  if (retryAfter !== undefined) return Math.min(Math.max(retryAfter, 1), longestDelay)
  const delay = Math.min(shortestDelay * 2 ** Math.min(attempt - 1, 20), longestDelay)
  return delay * (0.75 + random() / 2)
}

type State = 'taken' | 'failed' | 'unknown'

/** One line when things become different, none while they stay as they are. */
function createReport(log: {
  info(message: string, fields?: object): void
  warn(message: string, fields?: object): void
}) {
  let last: State = 'taken'
  let wasDropped = false
  return (state: State | 'gone', fields: object = {}): void => {
    if (state === last || (state === 'gone' && wasDropped)) return
    if (state === 'gone') wasDropped = true
    else last = state
    if (state === 'taken') log.info('the archive takes turns again', fields)
    else log.warn(sentences[state], fields)
  }
}

const sentences = {
  failed: 'the archive does not take turns; they are kept and sent again for a day',
  gone: 'the archive answers 410 Gone; turns that are answered so are dropped',
  unknown: 'turns for the archive could not be looked up; they are kept and sent later',
}
