import { expect, test } from 'vitest'
import type { Violation } from '../evidence.ts'
import type { BugTrial, BugWorld } from './bug-trial.ts'
import { hunt } from './hunt.ts'

const own: Violation = { promise: 'R5', what: 'a call runs once at most: call_1 ran 2 times' }
const foreign: Violation = { promise: 'R2', what: 'a log has no gap: ses_1 has seq 3 at place 2' }
// The doubles start no server.
const postgres = { host: '', port: 0, url: '' } as BugWorld['postgres']
const all = { seed: 7, most: 3, postgres, signal: new AbortController().signal }

/** A trial that finds what it is told to, in a server with the bug or without it. */
function trialThat(find: (world: BugWorld, made: number) => Violation[]): BugTrial {
  let made = 0
  const run = async (world: BugWorld) => find(world, world.bug === undefined ? made : ++made)
  return { bug: 'recovery-repeats-started', promise: 'R5', run }
}

test('a bug is caught by the first trial whose own promise it breaks', async () => {
  const trial = trialThat(({ bug }, made) => (bug && made === 2 ? [foreign, own] : []))
  const caught = { type: 'caught', check: 'a call runs once at most', trials: 2, seed: 8 }
  expect(await hunt(trial, all)).toEqual(caught)
})

test('a bug that only other rules find has survived', async () => {
  const trial = trialThat(({ bug }) => (bug ? [foreign] : []))
  const other = `R2 ${foreign.what}`
  expect(await hunt(trial, all)).toEqual({ type: 'survived', trials: 3, seed: 7, other })
})

test('a trial that finds something without its bug is broken', async () => {
  const reason = `R5 ${own.what}`
  const broken = { type: 'broken', seed: 7, withBug: false, reason }
  expect(
    await hunt(
      trialThat(() => [own]),
      all,
    ),
  ).toEqual(broken)
})

test('a trial that cannot be made with its bug has caught nothing', async () => {
  const trial = trialThat(({ bug }) => {
    if (bug) throw new Error('The fault did not fire')
    return []
  })
  const reason = 'The fault did not fire'
  expect(await hunt(trial, all)).toEqual({ type: 'broken', seed: 7, withBug: true, reason })
})
