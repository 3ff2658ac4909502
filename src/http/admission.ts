import type { StartedRun } from '#runtime/runtime.ts'
import type { AppContext } from './env.ts'
import type { RunAdmission } from './limits-runs.ts'
import type { StreamSeats } from './limits-streams.ts'

/** What a request must be let in to, before anything is done for it. */
export type Admission = {
  /** The response stays open. Throws a `Problem` when too many do. */
  stream(c: AppContext): void
  /** Starts a run. Throws a `Problem` when too many run. */
  run(c: AppContext, start: () => Promise<StartedRun>): Promise<StartedRun>
}

export function createAdmission({
  seats,
  admitRun,
}: {
  seats: StreamSeats
  admitRun: RunAdmission
}): Admission {
  return {
    stream(c) {
      seats.take(c.env.outgoing, c.get('principal').keyId)
      c.set('staysOpen', true)
    },
    async run(c, start) {
      const started = await admitRun(c.get('principal'), start)
      c.set('runId', started.run.id)
      return started
    },
  }
}
