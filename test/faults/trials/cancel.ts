import type { Random } from '../../support/random.ts'
import { ask, textIn } from '../client.ts'
import type { Violation } from '../evidence.ts'
import { type House, openHouse } from '../house.ts'
import { answerFrom } from '../model.ts'
import { type Figure, percentile, postgresOf, type Trial } from '../trial.ts'
import { openViewer, type Viewer } from '../viewer.ts'
import { createSession, say } from '../visitor.ts'
import { inHouse, readRun } from './busy.ts'

const states = ['streaming', 'in a tool', 'waiting', 'just begun', 'queued'] as const
type State = (typeof states)[number]

/** A cancel in every state, from every instance. */
export const cancel: Trial = {
  name: 'cancel',
  promises: ['R3', 'R5', 'R16'],
  database: 'postgres',
  quick: 1,
  long: 50,
  async run(world) {
    const { random } = world
    const house = await openHouse({
      postgres: postgresOf(world),
      // So slow that no run is over before it is cancelled.
      script: (request) => ({ ...answerFrom(request), delayPerChunk: 200 }),
    })
    house.ledger.answerAfter(3000)
    return inHouse(house, async () => {
      const times: number[] = []
      const violations: Violation[] = []
      for (const [index, { name }] of house.instances.entries()) {
        for (const state of states) {
          const item = `${name}${states.indexOf(state)}`
          const session = await createSession(house, random, item)
          const viewer = openViewer(house, { session, random, cuts: false })
          const run = await reach(house, random, { state, session, item, viewer })
          const began = performance.now()
          const path = `/api/runs/${run}/cancel`
          const act = { type: 'cancel' as const, session, run }
          const door = house.doors[index] ?? house.instances[0]
          const answer = await ask(house, door, { act, method: 'POST', path })
          const executed = house.ledger.read().length
          const status = await untilTerminal(house, random, run)
          times.push(performance.now() - began)
          if (status !== 'cancelled' && state !== 'just begun') {
            violations.push({
              promise: 'R16',
              what: `${state}: answered ${answer?.status}, ${status}`,
            })
          }
          if (house.ledger.read().length > executed) {
            violations.push({ promise: 'R16', what: `${state}: a tool began after the answer` })
          }
          // A queued run that never began has no events; the one before it has.
          await viewer.until(({ type }) => type === 'stream_stopped')
          await viewer.stop()
        }
      }
      const figures: Figure[] = [
        {
          promise: 'R16',
          name: 'ended p99',
          value: percentile(times, 99),
          limit: 2000,
          unit: 'ms',
        },
      ]
      return { violations, fired: times.length, figures }
    })
  },
}

async function reach(
  house: House,
  random: Random,
  { state, session, item, viewer }: { state: State; session: string; item: string; viewer: Viewer },
): Promise<string> {
  const kinds = { 'in a tool': 'tool', waiting: 'ask' } as const
  const kind = state === 'in a tool' || state === 'waiting' ? kinds[state] : 'text'
  const run = (await say(house, random, { session, kind, item })) ?? ''
  if (state === 'streaming') await viewer.until(({ type }) => type === 'agent_choice')
  if (state === 'in a tool') await viewer.until(({ type }) => type === 'tool_call')
  if (state === 'waiting') await viewer.until(({ type }) => type === 'run_waiting')
  if (state !== 'queued') return run
  const options = { on_busy: 'enqueue' }
  return (await say(house, random, { session, kind, item: `${item}b`, options })) ?? ''
}

async function untilTerminal(house: House, random: Random, run: string): Promise<string> {
  const limit = performance.now() + 30_000
  for (;;) {
    const status = textIn(await readRun(house, random, run), 'status')
    if (['completed', 'failed', 'cancelled'].includes(status)) return status
    if (performance.now() > limit) return status
  }
}
