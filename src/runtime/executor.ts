import type { ClaimedRun } from '#store/run-claims.ts'
import type { LoadedRun } from '#store/run-loading.ts'
import { type ActiveRun, commitRun, RunInterrupted, toObservedRun } from './active-run.ts'
import { createBatcher } from './batcher.ts'
import { beginRun } from './begin-run.ts'
import type { LoopContext } from './context.ts'
import { type EndingRows, giveUp } from './give-up.ts'
import { FenceLost, type Journal, type LogWriter } from './journal.ts'
import { createLeaseKeeper } from './lease-keeper.ts'
import { advance } from './loop.ts'
import type { LeaseLoss } from './observer.ts'
import { isUnavailable } from './patience.ts'

/** The leases of an instance, as statements on the database's clock. */
export type Leases = {
  claim(request: {
    limit: number
    orphans: boolean
    held: string[]
    doubted: string[]
  }): Promise<ClaimedRun[]>
  renew(runs: string[]): Promise<{ id: string; cancelled: boolean }[]>
  release(run: { runId: string; token: number }): Promise<boolean>
  load(runId: string): Promise<LoadedRun | null>
  /** Queues a run that has just parked when it was decided, or cancelled, before it did. */
  requeueDecided(rootSessionId: string, wakeAt: string | null): Promise<string | null>
  /** Takes the next of the runs that wait in sessions that are idle; null: in all sessions. */
  takeQueued(request: { sessions: string[] | null; limit: number }): Promise<ClaimedRun[]>
}

export type Executor = {
  /** Runs what was just begun and claimed; `make` gets the log and the signal of the run. */
  launch(
    run: { id: string; sessionId: string; token: number },
    make: (hands: { log: LogWriter; signal: AbortSignal }) => Promise<ActiveRun> | ActiveRun,
  ): void
  /** The answer to the start of a run was lost: it may have begun all the same. */
  doubt(runId: string): void
  /** A run was queued: takes it now, or offers it to the other instances. */
  kick(): void
  /** Looks for runs to take over now instead of at the next tick. */
  look(): void
  /** The runs that this instance holds. */
  held(): string[]
  /** Interrupts a run of this instance. Answers whether it has it. */
  interrupt(runId: string): boolean
  /** Resolves when this instance lets go of the run; at once when it doesn't have it. */
  released(runId: string): Promise<void>
  lost(sessionId: string): void
  running(): number
  /** Stops claiming, hands runs over at their next step, and after `grace` ms wherever they are. */
  drain(grace: number): Promise<void>
}

type Held = {
  id: string
  sessionId: string
  token: number
  controller: AbortController
  done: Promise<void>
}

const claimEvery = 2000
const mostAttempts = 3
/** A run that was queued may be locked for a moment: so many more looks, so far apart. */
const moreLooks = 3
const lookAgainAfter = 100

/** Owns the runs that this instance executes: leases, takeover, interruption and hand-over. */
export function createExecutor({
  context,
  journal,
  leases,
  endings,
  restore,
  embedded,
  retain,
  offer,
  mostRuns = 1000,
  log,
}: {
  context: LoopContext
  journal: Journal
  leases: Leases
  endings: EndingRows
  restore(
    loaded: LoadedRun,
    hands: { log: LogWriter; signal: AbortSignal; recovered: boolean },
  ): Promise<ActiveRun>
  /** One process owns the database: what another has claimed has no owner. */
  embedded: boolean
  /** Keeps the newest frames of a session at hand until the returned function is called. */
  retain(sessionId: string): () => void
  /** A run is queued that this instance does not take. */
  offer(): void
  mostRuns?: number
  log: {
    warn(message: string, fields?: object): void
    error(message: string, fields?: object): void
  }
}): Executor & { start(): void } {
  const held = new Map<string, Held>()
  const following = new Set<Promise<void>>()
  const doubtful = new Set<string>()
  // Under load the runs that end at about the same time make one statement; who is first takes all.
  const findNext = createBatcher(async (sessions: string[]) => {
    const taken = await leases.takeQueued({ sessions: [...new Set(sessions)], limit: 200 })
    return sessions.map((_, index) => (index === 0 ? taken : []))
  })
  let draining = false
  let claiming: Promise<void> | undefined
  let again = false
  let looksLeft = 0
  let timer: NodeJS.Timeout | undefined
  const keeper = createLeaseKeeper({ held, renew: leases.renew, lose, log })

  function hold(
    run: { id: string; sessionId: string; token: number },
    work: (hands: { log: LogWriter; signal: AbortSignal }) => Promise<void>,
  ): void {
    const { id, sessionId, token } = run
    const controller = new AbortController()
    const release = retain(sessionId)
    const hands = { log: journal.open(run), signal: controller.signal }
    const done = work(hands)
      .catch((error: unknown) => letGo(run, error))
      .finally(() => {
        // It may have been lost and taken again meanwhile.
        if (held.get(id)?.token === token) held.delete(id)
        release()
      })
    held.set(id, { id, sessionId, token, controller, done })
    const next = done.then(() => takeNext(run.sessionId)).finally(() => following.delete(next))
    following.add(next)
  }

  /** The run that waits behind one that this instance has just let go of. */
  async function takeNext(sessionId: string): Promise<void> {
    if (draining) return offer()
    try {
      for (const run of await findNext(sessionId)) resume(run)
    } catch (error) {
      // The next look finds it.
      log.warn('could not look for runs that wait', { error: String(error) })
    }
  }

  /** Nothing more can be written by this process; whoever claims the run goes on from its rows. */
  async function letGo(run: { id: string; token: number }, error: unknown): Promise<void> {
    const away = isUnavailable(error)
    if (!away && !(error instanceof RunInterrupted) && !(error instanceof FenceLost)) {
      // Its lease runs out, which counts as an attempt.
      log.error('a run stopped unexpectedly', { run_id: run.id, error: String(error) })
      return
    }
    try {
      const released = await leases.release({ runId: run.id, token: run.token })
      if (released && (away || draining)) kick()
    } catch {
      // The lease runs out on its own.
    }
  }

  async function work(run: ActiveRun): Promise<void> {
    const outcome = await advance(context, run)
    if (outcome.type !== 'parked') return
    if (await leases.requeueDecided(run.rootSessionId, outcome.wakeAt)) kick()
  }

  function kick(): void {
    if (draining || held.size >= mostRuns) offer()
    looksLeft = moreLooks
    look()
  }

  function look(): void {
    if (draining) return
    if (claiming) {
      again = true
      return
    }
    claiming = claim()
      .catch((error: unknown) => log.warn('could not look for runs', { error: String(error) }))
      .finally(() => {
        claiming = undefined
        if (again) {
          again = false
          look()
        }
      })
  }

  async function claim(): Promise<void> {
    const limit = mostRuns - held.size
    if (limit <= 0) return
    const wasAsked = looksLeft > 0
    const doubted = [...doubtful]
    const claimed = await leases.claim({
      limit: Math.min(limit, 50),
      orphans: embedded,
      held: [...held.keys()],
      doubted,
    })
    for (const run of doubted) doubtful.delete(run)
    if (wasAsked && claimed.length === 0) {
      looksLeft -= 1
      setTimeout(look, lookAgainAfter).unref()
    } else looksLeft = 0
    for (const run of claimed) resume(run)
    const room = Math.min(limit - claimed.length, 50)
    if (room <= 0) return
    for (const run of await leases.takeQueued({ sessions: null, limit: room })) resume(run)
  }

  /** Held before it is loaded: from then on its lease is renewed. */
  function resume(claimed: ClaimedRun): void {
    if (claimed.recovered) context.observer.tookOver()
    hold(claimed, async (hands) => {
      if (claimed.attempt > mostAttempts) {
        const run = { runId: claimed.id, attempts: mostAttempts }
        return giveUp(context, { rows: endings, ...run, ...hands })
      }
      const loaded = await leases.load(claimed.id)
      if (!loaded) return
      const run = await restore(loaded, { ...hands, recovered: claimed.recovered })
      if (!loaded.begun) {
        await beginRun(context, run, loaded)
        context.observer.begun(toObservedRun(run))
      }
      if (loaded.cancelled) held.get(run.id)?.controller.abort(new RunInterrupted('cancelled'))
      else await announce(run, claimed)
      await work(run)
    })
  }

  async function announce(run: ActiveRun, { waited, recovered }: ClaimedRun): Promise<void> {
    // Inside a step that clients have seen part of, `step_restarted` says it.
    if (run.openStep) return
    const reason = waited ?? (recovered ? 'recovered' : 'handed_over')
    await commitRun(run, [{ type: 'run_resumed', reason }])
  }

  function lose({ controller }: Pick<Held, 'controller'>, reason: LeaseLoss): void {
    if (!controller.signal.aborted) context.observer.lost(reason)
    controller.abort(new RunInterrupted('lost'))
  }

  return {
    start() {
      look()
      keeper.start()
      timer = setInterval(look, claimEvery + Math.random() * 200).unref()
    },
    launch(run, make) {
      hold(run, async (hands) => work(await make(hands)))
    },
    doubt(runId) {
      doubtful.add(runId)
      look()
    },
    kick,
    look,
    held: () => [...held.keys()],
    interrupt(runId) {
      const run = held.get(runId)
      run?.controller.abort(new RunInterrupted('cancelled'))
      return run !== undefined
    },
    released: (runId) => held.get(runId)?.done ?? Promise.resolve(),
    lost(sessionId) {
      for (const run of held.values()) {
        if (run.sessionId === sessionId) lose(run, 'fenced')
      }
    },
    running: () => held.size,
    async drain(grace) {
      draining = true
      context.drain()
      clearInterval(timer)
      await claiming
      const all = Promise.all([...held.values()].map((run) => run.done))
      const late = setTimeout(() => {
        for (const run of held.values()) run.controller.abort(new RunInterrupted('lost'))
      }, grace)
      await all
      // A run that had just been taken lets go at its first step.
      await Promise.all(following)
      await Promise.all([...held.values()].map((run) => run.done))
      clearTimeout(late)
      keeper.stop()
      await journal.settled()
    },
  }
}
