import { setTimeout } from 'node:timers/promises'
import { createRandom, type Random } from '../support/random.ts'
import { checkEvidence } from './checker.ts'
import type { Violation } from './evidence.ts'
import { exchangesOf, streamsOf } from './history.ts'
import type { House } from './house.ts'
import type { Figure, Outcome } from './trial.ts'
import { openVisitor, type RoundKind, say, untilOver, type Visitor, within } from './visitor.ts'

/** What `disturb` calls when a fault has acted, and when what it took away is back. */
export type Disturbance = {
  fault(name: string): void
  restored(): void
}

/**
 * People use a house while something goes wrong in it. Afterwards each of them has to come to an
 * end, one more message has to work in each session, and the checker gets all that is known.
 */
export async function underLoad({
  house,
  random,
  people = 4,
  rounds,
  standstill,
  slowestAnswer,
  disturb,
  examine = () => [],
}: {
  house: House
  random: Random
  people?: number
  /** What they do; everything when it is left out. */
  rounds?: readonly RoundKind[]
  /** Milliseconds that a conversation may stand still, from the fault or from `restored` on. */
  standstill: number
  /** Milliseconds within which each answer has to come that comes. */
  slowestAnswer?: number
  disturb(disturbance: Disturbance): Promise<void>
  /** More that a trial looks at before the house is closed. */
  examine?(): Violation[]
}): Promise<Outcome> {
  const { history } = house
  let staying = true
  let fired = 0
  try {
    const opening = Promise.all(
      Array.from({ length: people }, (_, index) =>
        openVisitor(house, {
          name: `v${index}`,
          // Each has numbers of its own: how fast the others are changes nothing for it.
          random: createRandom(random.below(2 ** 31)),
          stays: () => staying,
          ...(rounds && { rounds }),
        }),
      ),
    )
    const disturbing = disturb({
      fault(name) {
        fired += 1
        history.add({ kind: 'fault', name })
      },
      restored: () => history.add({ kind: 'fault', name: 'restored' }),
    })
    const [visitors] = await Promise.all([opening, disturbing])
    // What was disturbed goes on for a moment before everybody leaves.
    await setTimeout(200)
    staying = false
    const violations = await endAll(house, visitors)
    const contents = await house.contents()
    const { ledger, model } = house
    const evidence = { history, contents, ledger: ledger.read(), requests: model.requests }
    return {
      violations: [...violations, ...checkEvidence(evidence), ...examine()],
      fired: fired + house.fired().length,
      figures: figuresOf(house, { standstill, slowestAnswer }),
    }
  } finally {
    await house.close()
  }
}

/** Everybody's last round ends, and each conversation takes one more message. */
async function endAll(house: House, visitors: readonly Visitor[]): Promise<Violation[]> {
  const found = await Promise.all(
    visitors.map(async ({ session, viewer, finished }, index): Promise<Violation[]> => {
      const random = createRandom(index)
      try {
        await finished
        // What was steered into a run that ended meanwhile may be a run of its own now.
        const run = await say(house, random, {
          session,
          kind: 'last',
          item: `v${index}last`,
          options: { on_busy: 'enqueue' },
        })
        if (run === null) return [{ promise: 'R4', what: `${session} takes no message` }]
        await within(`the last answer in ${session}`, untilOver({ house, random, viewer, run }))
        const last = viewer.seen().at(-1)
        if (last?.type === 'stream_stopped' && last.reason === 'completed') return []
        return [{ promise: 'R10', what: `one more message in ${session} ended ${last?.reason}` }]
      } catch (error) {
        return [{ promise: 'R4', what: error instanceof Error ? error.message : String(error) }]
      } finally {
        await viewer.stop()
      }
    }),
  )
  return found.flat()
}

function figuresOf(
  { history }: House,
  { standstill, slowestAnswer }: { standstill: number; slowestAnswer: number | undefined },
): Figure[] {
  const value = longestStandstill(history.entries)
  const figures: Figure[] = [
    { promise: 'R4', name: 'standstill', value, limit: standstill, unit: 'ms' },
  ]
  if (slowestAnswer === undefined) return figures
  const answers = exchangesOf(history).filter(({ status }) => status !== null)
  const slowest = Math.max(0, ...answers.map(({ milliseconds }) => milliseconds ?? 0))
  return [
    ...figures,
    { promise: 'R14', name: 'slowest answer', value: slowest, limit: slowestAnswer, unit: 'ms' },
  ]
}

/** Milliseconds after which it is noticed at the latest that something is back. */
const noticedWithin = 1000

/** How long a conversation stood still that had something to do; what `restored` ended counts anew. */
export function longestStandstill(entries: House['history']['entries']): number {
  const restored = entries.flatMap((entry) =>
    entry.kind === 'fault' && entry.name === 'restored' ? [entry.at] : [],
  )
  const arrivals = new Map<string, Map<number, { at: number; idle: boolean }>>()
  for (const { session, frames } of streamsOf({ entries })) {
    const first = arrivals.get(session) ?? new Map()
    for (const { seq, at, data } of frames) {
      if (!first.has(seq)) first.set(seq, { at, idle: isResting(data) })
    }
    arrivals.set(session, first)
  }
  let longest = 0
  for (const first of arrivals.values()) {
    const ordered = [...first.values()].toSorted((a, b) => a.at - b.at)
    for (const [index, { at }] of ordered.entries()) {
      const previous = ordered[index - 1]
      if (!previous || previous.idle) continue
      const from =
        restored.findLast((time) => time > previous.at && time < at + noticedWithin) ?? previous.at
      longest = Math.max(longest, at - from)
    }
  }
  return longest
}

/** After it a conversation waits for its person. */
function isResting(data: string): boolean {
  return /^\{"type":"(stream_stopped|tool_call_confirmation|run_waiting|session_title)"/.test(data)
}
