import type { BugTrial } from './bug-trial.ts'
import { recoveryRepeatsStarted } from './call-trials.ts'
import { acknowledgeBeforeCommit, approveWithoutCompare } from './decision-trials.ts'
import { emitBeforeCommit, globalSequence, pollRemoved, replayThenSubscribe } from './log-trials.ts'
import { dropFence, leasesOnInstanceClock, reaperOnlyAtBoot } from './ownership-trials.ts'

/** For each seeded bug the trial that has to find it, in the order of seeded-bugs.ts. */
export const bugTrials: readonly BugTrial[] = [
  dropFence,
  emitBeforeCommit,
  replayThenSubscribe,
  acknowledgeBeforeCommit,
  leasesOnInstanceClock,
  pollRemoved,
  approveWithoutCompare,
  reaperOnlyAtBoot,
  recoveryRepeatsStarted,
  globalSequence,
]
