import { RunInterrupted } from './active-run.ts'
import type { LeaseLoss } from './observer.ts'

type HeldRun = { id: string; controller: AbortController }

const renewEvery = 5000
/** No renewal for so long: another instance may be about to take over, so write nothing more. */
const fenceAfter = 10_000
const lookEvery = 1000

/**
 * Renews the leases of the runs that this instance holds, all in one statement, and interrupts those
 * that it has lost, that were cancelled, or that it may lose because nothing could be renewed.
 */
export function createLeaseKeeper({
  held,
  renew,
  lose,
  log,
}: {
  held: ReadonlyMap<string, HeldRun>
  renew(runs: string[]): Promise<{ id: string; cancelled: boolean }[]>
  lose(run: HeldRun, reason: LeaseLoss): void
  log: { warn(message: string, fields?: object): void }
}): { start(): void; stop(): void } {
  const timers: NodeJS.Timeout[] = []
  let last = performance.now()
  let renewing = false

  async function renewAll(): Promise<void> {
    const asked = [...held.values()]
    if (asked.length === 0) {
      last = performance.now()
      return
    }
    const rows = await renew(asked.map((run) => run.id))
    last = performance.now()
    const kept = new Map(rows.map((row) => [row.id, row]))
    for (const run of asked) {
      // A run that has just ended doesn't come back either; its loop is past caring.
      if (held.get(run.id) !== run) continue
      if (!kept.has(run.id)) lose(run, 'taken_over')
      else if (kept.get(run.id)?.cancelled) run.controller.abort(new RunInterrupted('cancelled'))
    }
  }

  async function tryToRenew(): Promise<void> {
    if (renewing) return
    renewing = true
    try {
      await renewAll()
    } catch (error) {
      log.warn('could not renew the leases', { error: String(error) })
    }
    renewing = false
  }

  function look(): void {
    const age = performance.now() - last
    // The database is away: the first moment in which it is back is not to be missed.
    if (age > renewEvery + lookEvery) void tryToRenew()
    if (age < fenceAfter) return
    for (const run of held.values()) lose(run, 'not_renewed')
  }

  return {
    start() {
      timers.push(
        setInterval(() => void tryToRenew(), renewEvery),
        setInterval(look, lookEvery),
      )
      for (const timer of timers) timer.unref()
    },
    stop() {
      for (const timer of timers) clearInterval(timer)
    },
  }
}
