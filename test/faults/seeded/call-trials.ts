import { type BugTrial, inHouse, instanceOf, startWithoutFault, untilFired } from './bug-trial.ts'
import { begin, expectSeen } from './conversation.ts'

/** A server dies when a tool has acted and nothing of it is written down. */
export const recoveryRepeatsStarted: BugTrial = {
  bug: 'recovery-repeats-started',
  promise: 'R5',
  run: (world) => {
    const { random } = world
    const faults = { a: 'call.executed:kill:1' }
    return inHouse(world, { names: ['a'], faults }, async (house) => {
      const { run, viewer } = await begin(house, random, { kind: 'tool', item: 'once' })
      await untilFired(house)
      await instanceOf(house, 'a').gone()
      await startWithoutFault(instanceOf(house, 'a'))
      return expectSeen(viewer, { run, promise: 'R4', limit: 20_000 })
    })
  },
}
