import { setTimeout } from 'node:timers/promises'
import { createNotificationFilter } from '../../support/notification-filter.ts'
import { openTcpProxy, throughProxy } from '../../support/tcp-proxy.ts'
import { sentence } from '../model.ts'
import { createSession } from '../visitor.ts'
import {
  type BugTrial,
  inHouse,
  instanceOf,
  startWithoutFault,
  untilFired,
  visitOnly,
} from './bug-trial.ts'
import { begin, expectSeen, sayFirst } from './conversation.ts'

/** A server dies between what it has collected and the commit, while somebody watches. */
export const emitBeforeCommit: BugTrial = {
  bug: 'emit-before-commit',
  promise: 'R1',
  run: (world) => {
    const { random } = world
    const script = () => ({ text: sentence('one', 100), delayPerChunk: 10 })
    const faults = { a: `journal.before-commit:kill:${3 + random.below(6)}` }
    return inHouse(world, { names: ['a'], script, faults }, async (house) => {
      const { run, viewer } = await begin(house, random, { kind: 'text', item: 'one' })
      await untilFired(house)
      await instanceOf(house, 'a').gone()
      await startWithoutFault(instanceOf(house, 'a'))
      return expectSeen(viewer, { run, promise: 'R4', limit: 20_000 })
    })
  },
}

/** People come to a page, and lose it, all the time while it is written. */
export const replayThenSubscribe: BugTrial = {
  bug: 'replay-then-subscribe',
  promise: 'R2',
  run: (world) => {
    const { random } = world
    const script = () => ({ text: sentence('page', 120), delayPerChunk: 5 })
    const faults = { a: `follower.page-read:delay ${10 + random.below(20)}:*` }
    return inHouse(world, { names: ['a'], script, faults }, async (house) => {
      const { session, run, viewer } = await begin(house, random, { kind: 'text', item: 'page' })
      const viewers = [viewer]
      for (let count = 0; count < 8; count += 1) {
        await setTimeout(random.below(60))
        viewers.push(house.follow(session, { cuts: true }))
      }
      const found = viewers.map((each) => expectSeen(each, { run, promise: 'R2', limit: 15_000 }))
      return (await Promise.all(found)).flat()
    })
  },
}

/** Two conversations go on at the same time. */
export const globalSequence: BugTrial = {
  bug: 'global-sequence',
  promise: 'R2',
  run: (world) => {
    const { random } = world
    return inHouse(world, { names: ['a'] }, async (house) => {
      const begun = await Promise.all([
        begin(house, random, { kind: 'text', item: 'one' }),
        begin(house, random, { kind: 'text', item: 'two' }),
      ])
      const found = begun.map(({ viewer, run }) =>
        expectSeen(viewer, { run, promise: 'R4', limit: 20_000 }),
      )
      return (await Promise.all(found)).flat()
    })
  },
}

/** Somebody follows at an instance that never hears the others. */
export const pollRemoved: BugTrial = {
  bug: 'poll-removed',
  promise: 'R15',
  run: async (world) => {
    const { random, postgres } = world
    const silent = await openTcpProxy({
      target: postgres,
      createTransform: createNotificationFilter,
    })
    const { promise: hold, resolve: release } = Promise.withResolvers<void>()
    const script = () => ({ text: sentence('news', 24), hold, holdAfter: 8 })
    const flags = { b: (url: string) => ['--database-url', throughProxy(url, silent)] }
    try {
      return await inHouse(world, { names: ['a', 'b'], script, flags }, async (house) => {
        visitOnly(house, 'a')
        const session = await createSession(house, random, 'news')
        const run = await sayFirst(house, random, { session, kind: 'text', item: 'news' })
        visitOnly(house, 'b')
        const viewer = house.follow(session)
        const type = 'agent_choice'
        const first = await expectSeen(viewer, { run, type, promise: 'R15', limit: 8000 })
        release()
        const last = await expectSeen(viewer, { run, promise: 'R15', limit: 8000 })
        return [...first, ...last]
      })
    } finally {
      release()
      await silent.close()
    }
  },
}
