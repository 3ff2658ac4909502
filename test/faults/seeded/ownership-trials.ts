import type { RecordedRequest, ScriptedAnswer } from '../../support/model-server.ts'
import type { Violation } from '../evidence.ts'
import type { House } from '../house.ts'
import { answerFrom, sentence } from '../model.ts'
import {
  type BugTrial,
  endLeases,
  inHouse,
  instanceOf,
  untilFired,
  visitOnly,
} from './bug-trial.ts'
import { begin, decideFor, expectSeen } from './conversation.ts'

/** An owner stops with a commit in its hands, and hands it in while its successor writes. */
export const dropFence: BugTrial = {
  bug: 'drop-fence',
  promise: 'R6',
  run: (world) => {
    const { random } = world
    const script = () => ({ text: sentence('word', 60), delayPerChunk: 15 })
    const faults = { a: `journal.before-commit:stop:${2 + random.below(6)}` }
    return inHouse(world, { names: ['a', 'b'], script, faults }, async (house) => {
      const old = instanceOf(house, 'a')
      visitOnly(house, 'a')
      const {
        session,
        run,
        viewer: left,
      } = await begin(house, random, { kind: 'text', item: 'word' })
      await untilFired(house)
      await left.stop()
      visitOnly(house, 'b')
      const viewer = house.follow(session)
      await endLeases(house)
      // The successor says first that it begins the step again.
      const [restarted] = await expectSeen(viewer, {
        run,
        type: 'step_restarted',
        promise: 'R4',
        limit: 15_000,
      })
      if (!restarted) await viewer.until(({ type, seq }) => type === 'agent_choice' && seq > 20)
      process.kill(old.pid(), 'SIGCONT')
      // What it has in hand is committed or refused before it is gone.
      await old.kill('SIGTERM')
      const ended = await expectSeen(viewer, { run, promise: 'R4', limit: 15_000 })
      return restarted ? [restarted, ...ended] : ended
    })
  },
}

/** One instance's calendar is ahead by an hour or a day while another one works. */
export const leasesOnInstanceClock: BugTrial = {
  bug: 'leases-on-instance-clock',
  promise: 'R18',
  run: (world) => {
    const { random } = world
    const { promise: hold, resolve: release } = Promise.withResolvers<void>()
    const script = (request: RecordedRequest): ScriptedAnswer => {
      const answer = answerFrom(request)
      const isLong = request.body.messages.some(({ content }) => content === 'text long')
      return isLong ? { ...answer, hold } : answer
    }
    const hour = 60 * 60 * 1000
    const clockOffsets = { b: random.pick([hour, 24 * hour]) }
    return inHouse(world, { names: ['a', 'b'], script, clockOffsets }, async (house) => {
      visitOnly(house, 'a')
      const long = await begin(house, random, { kind: 'text', item: 'long' })
      const asked = await begin(house, random, { kind: 'ask', item: 'soon' })
      const { approval_id } = await asked.viewer.until(isQuestion)
      visitOnly(house, 'b')
      // Whoever decides looks for runs to take, and takes the oldest first.
      const approval = String(approval_id)
      const { session } = asked
      await decideFor(house, { random, session, approval, decision: 'approve' })
      const limit = 20_000
      const first = await expectSeen(asked.viewer, { run: asked.run, promise: 'R4', limit })
      release()
      const last = await expectSeen(long.viewer, { run: long.run, promise: 'R4', limit })
      return [...first, ...last, ...(await findTakenOver(house))]
    }).finally(release)
  },
}

/** An instance dies, and another one was there before. */
export const reaperOnlyAtBoot: BugTrial = {
  bug: 'reaper-only-at-boot',
  promise: 'R4',
  run: (world) => {
    const { random } = world
    const { promise: never, resolve: release } = Promise.withResolvers<void>()
    let asked = 0
    const script = (): ScriptedAnswer => {
      asked += 1
      const text = sentence('left', 24)
      return asked === 1 ? { text, hold: never, holdAfter: 1 + random.below(10) } : { text }
    }
    return inHouse(world, { names: ['a', 'b'], script }, async (house) => {
      visitOnly(house, 'a')
      const {
        session,
        run,
        viewer: left,
      } = await begin(house, random, { kind: 'text', item: 'left' })
      await left.until(({ type }) => type === 'agent_choice')
      await left.stop()
      await instanceOf(house, 'a').kill()
      visitOnly(house, 'b')
      const viewer = house.follow(session)
      await endLeases(house)
      return expectSeen(viewer, { run, promise: 'R4', limit: 10_000 })
    }).finally(release)
  },
}

const isQuestion = ({ type }: { type: string }) => type === 'tool_call_confirmation'

/** Runs that changed hands although nobody had let go of them. */
async function findTakenOver(house: House): Promise<Violation[]> {
  const { runs } = await house.contents()
  return runs
    .filter(({ attempt }) => attempt > 1)
    .map(({ id, attempt }) => ({
      promise: 'R18',
      what: `a run stays with an owner that is alive: ${id} was taken ${attempt - 1} times`,
    }))
}
