import { createRandom } from '../../support/random.ts'
import type { Violation } from '../evidence.ts'
import type { BugTrial, BugWorld } from './bug-trial.ts'

export type Verdict =
  /** `check` is the rule that found it. */
  | { type: 'caught'; check: string; trials: number; seed: number }
  /** `other`: what the trials found instead. */
  | { type: 'survived'; trials: number; seed: number; other: string | undefined }
  /** The trial fails with servers that have no bug, or could not be made. */
  | { type: 'broken'; seed: number; withBug: boolean; reason: string }

/** What all trials of a hunt share; `most`: so many trials before a bug has survived. */
export type Hunt = { seed: number; most: number } & Pick<BugWorld, 'postgres' | 'signal'>

/** Makes each trial without its bug and with it, until the bug is caught or `most` were made. */
export async function hunt(trial: BugTrial, { seed, most, ...world }: Hunt): Promise<Verdict> {
  let other: string | undefined
  for (let index = 0; index < most; index += 1) {
    const own = seed + index
    for (const bug of [undefined, trial.bug]) {
      const found = await attempt(trial, { ...world, bug, random: createRandom(own) })
      if (found instanceof Error) {
        return { type: 'broken', seed: own, withBug: bug !== undefined, reason: found.message }
      }
      if (bug === undefined && found[0]) {
        return { type: 'broken', seed: own, withBug: false, reason: toLine(found[0]) }
      }
      const proof = found.find(({ promise }) => promise === trial.promise)
      if (proof) return { type: 'caught', check: checkOf(proof), trials: index + 1, seed: own }
      if (found[0]) other = toLine(found[0])
    }
  }
  return { type: 'survived', trials: most, seed, other }
}

async function attempt(trial: BugTrial, world: BugWorld): Promise<Violation[] | Error> {
  try {
    return await trial.run(world)
  } catch (error) {
    return error instanceof Error ? error : new Error(String(error))
  }
}

/** The rule's name, which begins what it found. */
function checkOf({ what }: Violation): string {
  return what.split(':')[0] ?? what
}

function toLine({ promise, what }: Violation): string {
  return `${promise} ${what}`
}
