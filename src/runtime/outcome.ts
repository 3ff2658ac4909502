import type { Message } from '#contract/message.ts'
import type { RunErrorCode } from '#contract/problem.ts'
import type { RunError, WaitingFor } from '#contract/run.ts'

/** What a run waits for, and when it goes on although nobody decided. */
export type Wait = { waitingFor: WaitingFor; wakeAt: string | null }

/** Where a run stands when its loop lets go of it. */
export type Outcome =
  | {
      type: 'finished'
      reason: 'completed' | 'failed' | 'cancelled' | 'max_iterations'
      /** Why it failed. */
      error?: RunErrorCode
    }
  /** Nothing of it stays in this process: its rows say all. */
  | ({ type: 'parked' } & Wait)

/** The run cannot go on, for a reason that its caller is told. */
export class RunFault extends Error {
  override name = 'RunFault'
  readonly failure: RunError
  readonly partial: Message | null

  constructor(
    failure: RunError,
    { partial = null, cause }: { partial?: Message | null; cause?: unknown } = {},
  ) {
    super(failure.message, { cause })
    this.failure = failure
    this.partial = partial
  }
}
