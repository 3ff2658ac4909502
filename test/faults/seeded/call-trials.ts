import {
  type BugTrial,
  expectSeen,
  inHouse,
  instanceOf,
  startWithoutFault,
  untilFired,
} from './bug-trial.ts'
import { begin } from './log-trials.ts'

/** A server dies when a tool has acted and nothing of it is written down. */
export const recoveryRepeatsStarted: BugTrial = {
  bug: 'recovery-repeats-started',
  promise: 'R5',
  run: (world) => {
    const { random } = world
    const faults = { a: 'call.executed:kill:1' }
    return inHouse(world, { names: ['a'], faults }, async (house) => {
      const { run, viewer } = await begin(house, random, 'tool once')
      await untilFired(house)
      await instanceOf(house, 'a').gone()
      await startWithoutFault(instanceOf(house, 'a'))
      const found = await expectSeen(viewer, { run, promise: 'R4', limit: 20_000 })
      return found
    })
  },
}
