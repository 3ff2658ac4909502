import { setTimeout } from 'node:timers/promises'
import { createNotificationFilter } from '../../support/notification-filter.ts'
import type { Random } from '../../support/random.ts'
import { openTcpProxy, throughProxy } from '../../support/tcp-proxy.ts'
import { sentence } from '../model.ts'
import { createSession, say } from '../visitor.ts'
import {
  type BugTrial,
  expectSeen,
  inHouse,
  instanceOf,
  type Stage,
  startWithoutFault,
  untilFired,
  visitOnly,
} from './bug-trial.ts'

/** A server dies between what it has collected and the commit, while somebody watches. */
export const emitBeforeCommit: BugTrial = {
  bug: 'emit-before-commit',
  promise: 'R1',
  run: (world) => {
    const { random } = world
    const faults = { a: `journal.before-commit:kill:${3 + random.below(8)}` }
    return inHouse(world, { names: ['a'], faults }, async (house) => {
      const { run, viewer } = await begin(house, random, 'text one')
      await untilFired(house)
      await instanceOf(house, 'a').gone()
      await startWithoutFault(instanceOf(house, 'a'))
      const found = await expectSeen(viewer, { run, promise: 'R4', limit: 20_000 })
      return found
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
      const { session, run, viewer } = await begin(house, random, 'text page')
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
        begin(house, random, 'text one'),
        begin(house, random, 'text two'),
      ])
      const found = begun.map(async ({ viewer, run }) => {
        const violations = await expectSeen(viewer, { run, promise: 'R4', limit: 20_000 })
        return violations
      })
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
        const run = await begun(house, random, { session, message: 'text news' })
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

/** A conversation with its first message, and a page that shows it. */
export async function begin(house: Stage, random: Random, message: string) {
  const session = await createSession(house, random, message.replace(' ', '-'))
  const viewer = house.follow(session)
  const run = await begun(house, random, { session, message })
  return { session, viewer, run }
}

async function begun(
  house: Stage,
  random: Random,
  { session, message }: { session: string; message: string },
): Promise<string> {
  const [kind, item = ''] = message.split(' ')
  const known = kind === 'tool' || kind === 'ask' ? kind : 'text'
  const run = await say(house, random, { session, kind: known, item })
  if (run === null) throw new Error(`${session} is busy before anything was said in it`)
  return run
}
