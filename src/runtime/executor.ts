import type { ClaimedRun } from '#store/run-claims.ts'
import type { LoadedRun } from '#store/run-loading.ts'
import { type ActiveRun, commitRun, RunInterrupted, toObservedRun } from './active-run.ts'
import { createBatcher } from './batcher.ts'
import { beginRun } from './begin-run.ts'
import type { LoopContext } from './context.ts'
import { fail } from './endings.ts'
import { FenceLost, type Journal, type LogWriter } from './journal.ts'
import { advance } from './loop.ts'
import type { LeaseLoss } from './observer.ts'
import type { Outcome } from './outcome.ts'

/** The leases of an instance, as statements on the database's clock. */
export type Leases = {
  claim(request: { limit: number; orphans: boolean }): Promise<ClaimedRun[]>
  renew(runs: string[]): Promise<{ id: string; cancelled: boolean }[]>
  release(run: { runId: string; token: number }): Promise<boolean>
  load(runId: string): Promise<LoadedRun | null>
  /** Queues a run that has just parked when it was decided, or cancelled, before it did. */
  requeueDecided(rootSessionId: string): Promise<string | null>
  /** Takes the next of the runs that wait in sessions that are idle; null: in all sessions. */
  takeQueued(request: { sessions: string[] | null; limit: number }): Promise<ClaimedRun[]>
}

export type Executor = {
  /** Runs what was just begun and claimed; `make` gets the log and the signal of the run. */
  launch(
    run: { id: string; sessionId: string; token: number },
    make: (hands: { log: LogWriter; signal: AbortSignal }) => Promise<ActiveRun> | ActiveRun,
  ): void
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

const renewEvery = 5000
/** No renewal for so long: another instance may be about to take over, so write nothing more. */
const fenceAfter = 10_000
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
  // Under load the runs that end at about the same time make one statement; who is first takes all.
  const findNext = createBatcher(async (sessions: string[]) => {
    const taken = await leases.takeQueued({ sessions: [...new Set(sessions)], limit: 200 })
    return sessions.map((_, index) => (index === 0 ? taken : []))
  })
  let draining = false
  let claiming: Promise<void> | undefined
  let again = false
  let looksLeft = 0
  let lastRenewal = performance.now()
  const timers: NodeJS.Timeout[] = []

  function hold(
    run: { id: string; sessionId: string; token: number },
    work: (hands: { log: LogWriter; signal: AbortSignal }) => Promise<void>,
  ): void {
    const controller = new AbortController()
    const release = retain(run.sessionId)
    const hands = { log: journal.open(run), signal: controller.signal }
    const done = work(hands)
      .catch((error: unknown) => letGo(run, error))
      .finally(() => {
        held.delete(run.id)
        release()
      })
    held.set(run.id, { ...run, controller, done })
    const next = done.then(() => takeNext(run.sessionId)).finally(() => following.delete(next))
    following.add(next)
  }

  /** The run that waits behind one that this instance has just let go of. */
  async function takeNext(sessionId: string): Promise<void> {
    if (draining) return offer()
    try {
      for (const run of await findNext(sessionId)) await resume(run)
    } catch (error) {
      // The next look finds it.
      log.warn('could not look for runs that wait', { error: String(error) })
    }
  }

  /** Nothing more can be written by this process; whoever claims the run goes on from its rows. */
  async function letGo(run: { id: string; token: number }, error: unknown): Promise<void> {
    const expected = error instanceof RunInterrupted || error instanceof FenceLost
    if (!expected) {
      // Its lease runs out, which counts as an attempt.
      log.error('a run stopped unexpectedly', { run_id: run.id, error: String(error) })
      return
    }
    try {
      const released = await leases.release({ runId: run.id, token: run.token })
      if (released && draining) offer()
    } catch {
      // The lease runs out on its own.
    }
  }

  async function work(run: ActiveRun): Promise<void> {
    const outcome = await advance(context, run)
    if (outcome.type !== 'parked') return
    if (await leases.requeueDecided(run.rootSessionId)) kick()
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
    const claimed = await leases.claim({ limit: Math.min(limit, 50), orphans: embedded })
    if (wasAsked && claimed.length === 0) {
      looksLeft -= 1
      setTimeout(look, lookAgainAfter).unref()
    } else looksLeft = 0
    for (const run of claimed) await resume(run)
    const room = Math.min(limit - claimed.length, 50)
    if (room <= 0) return
    for (const run of await leases.takeQueued({ sessions: null, limit: room })) await resume(run)
  }

  async function resume(claimed: ClaimedRun): Promise<void> {
    const loaded = await leases.load(claimed.id)
    if (!loaded) return
    hold({ id: loaded.id, sessionId: loaded.sessionId, token: loaded.token }, async (hands) => {
      const run = await restore(loaded, { ...hands, recovered: claimed.recovered })
      if (claimed.recovered) context.observer.tookOver()
      if (!loaded.begun) {
        await beginRun(context, run, loaded)
        context.observer.begun(toObservedRun(run))
      }
      if (claimed.attempt > mostAttempts) {
        await context.observer.run(toObservedRun(run), () => giveUp(run))
        return
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

  function giveUp(run: ActiveRun): Promise<Outcome> {
    const message = `The run stopped ${mostAttempts} servers and is not tried again.`
    return fail(context, run, { code: 'too_many_attempts', message, retryable: false }, null)
  }

  async function renew(): Promise<void> {
    if (held.size === 0) {
      lastRenewal = performance.now()
      return
    }
    const asked = [...held.values()]
    const rows = await leases.renew(asked.map((run) => run.id))
    lastRenewal = performance.now()
    const kept = new Map(rows.map((row) => [row.id, row]))
    for (const run of asked) {
      if (!held.has(run.id)) continue
      // A run that has just ended doesn't come back either; its loop is past caring.
      if (!kept.has(run.id)) lose(run, 'taken_over')
      else if (kept.get(run.id)?.cancelled) run.controller.abort(new RunInterrupted('cancelled'))
    }
  }

  function fence(): void {
    if (performance.now() - lastRenewal < fenceAfter) return
    for (const run of held.values()) lose(run, 'not_renewed')
  }

  function lose({ controller }: Held, reason: LeaseLoss): void {
    if (!controller.signal.aborted) context.observer.lost(reason)
    controller.abort(new RunInterrupted('lost'))
  }

  async function tick(work: () => Promise<unknown>, what: string): Promise<void> {
    try {
      await work()
    } catch (error) {
      log.warn(what, { error: String(error) })
    }
  }

  return {
    start() {
      look()
      timers.push(
        setInterval(() => void tick(renew, 'could not renew the leases'), renewEvery),
        setInterval(fence, 1000),
        setInterval(look, claimEvery + Math.random() * 200),
      )
      for (const timer of timers) timer.unref()
    },
    launch(run, make) {
      hold(run, async (hands) => work(await make(hands)))
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
      for (const timer of timers) clearInterval(timer)
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
      await journal.settled()
    },
  }
}
