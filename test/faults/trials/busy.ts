import type { Random } from '../../support/random.ts'
import { checkEvidence } from '../checker.ts'
import { type Answer, ask, codeOf, insist, textIn } from '../client.ts'
import { faultEnvironment } from '../environment.ts'
import type { Violation } from '../evidence.ts'
import { exchangesOf } from '../history.ts'
import { type House, openHouse } from '../house.ts'
import { type Figure, type Outcome, percentile, postgresOf, type Trial } from '../trial.ts'
import { openViewer } from '../viewer.ts'
import { createSession, say, untilOver, within } from '../visitor.ts'

/** Fifty clients want the same session at once, on three instances. */
export const rush: Trial = {
  name: 'rush',
  promises: ['R7'],
  database: 'postgres',
  quick: 2,
  long: 100,
  async run(world) {
    const { random } = world
    const house = await openHouse({ postgres: postgresOf(world) })
    return inHouse(house, async () => {
      const session = await createSession(house, random, 'rush')
      const answers = await Promise.all(
        Array.from({ length: 50 }, (_, index) => post(house, random, session, `text m${index}`)),
      )
      const accepted = answers.filter((answer) => answer?.status === 202)
      const violations: Violation[] = []
      for (const answer of answers) {
        if (answer?.status === 202 || codeOf(answer?.body) === 'session_busy') continue
        violations.push({ promise: 'R7', what: `a client was answered ${JSON.stringify(answer)}` })
      }
      if (accepted.length !== 1) {
        violations.push({ promise: 'R7', what: `${accepted.length} of 50 clients got the session` })
      }
      await finish(house, random, session, textIn(accepted[0]?.body, 'id'))
      // Fifty at once queue behind each other; what one waits for is measured on its own, while a
      // question holds the session.
      const run = await say(house, random, { session, kind: 'ask', item: 'held' })
      const from = house.history.entries.length
      for (let index = 0; index < 200; index += 1)
        await post(house, random, session, `text n${index}`)
      const refusals = exchangesOf({ entries: house.history.entries.slice(from) })
      await finish(house, random, session, run ?? '')
      const times = refusals.flatMap(({ status, milliseconds }) =>
        status === 409 && milliseconds !== null ? [milliseconds] : [],
      )
      const figures: Figure[] = [
        { promise: 'R7', name: '409 p99', value: percentile(times, 99), limit: 100, unit: 'ms' },
      ]
      return { violations, fired: answers.length, figures }
    })
  },
}

/** Fifty people decide about the same call at once, in both ways, on three instances. */
export const decisions: Trial = {
  name: 'decisions',
  promises: ['R5', 'R9'],
  database: 'postgres',
  quick: 2,
  long: 100,
  async run(world) {
    const { random } = world
    const house = await openHouse({ postgres: postgresOf(world) })
    return inHouse(house, async () => {
      const session = await createSession(house, random, 'decisions')
      const viewer = openViewer(house, { session, random })
      const run = await say(house, random, { session, kind: 'ask', item: 'once' })
      const { approval_id } = await viewer.until(({ type }) => type === 'tool_call_confirmation')
      const approval = String(approval_id)
      const answers = await Promise.all(
        Array.from({ length: 50 }, () => {
          const decision = random.pick(['approve', 'reject'] as const)
          return ask(house, random.pick(house.doors), {
            act: { type: 'decide', session, approval, decision },
            method: 'POST',
            path: `/api/approvals/${approval}`,
            body: { decision },
          })
        }),
      )
      const odd = answers.filter(
        (answer) => answer?.status !== 200 && codeOf(answer?.body) !== 'already_decided',
      )
      await untilOver({ house, random, viewer, run: run ?? '' })
      await viewer.stop()
      const approved = exchangesOf(house.history).some(
        ({ act, status }) => act.type === 'decide' && act.decision === 'approve' && status === 200,
      )
      const executions = house.ledger.read().length
      const violations: Violation[] = odd.map((answer) => ({
        promise: 'R9',
        what: `a decision was answered ${JSON.stringify(answer)}`,
      }))
      if (executions !== (approved ? 1 : 0)) {
        violations.push({ promise: 'R9', what: `the call ran ${executions} times` })
      }
      return { violations, fired: answers.length, figures: [] }
    })
  },
}

const moments = ['start.before-commit', 'start.committed', 'key.taken'] as const

/** Twenty twins of one request, and the instance that has the first of them dies. */
export const twins: Trial = {
  name: 'twins',
  promises: ['R3', 'R8'],
  database: 'postgres',
  quick: 3,
  long: 100,
  async run(world) {
    const { random, seed } = world
    const moment = moments[seed % moments.length] ?? moments[0]
    const fault = faultEnvironment({ fault: `${moment}:kill:${moment === 'key.taken' ? 2 : 1}` })
    const house = await openHouse({ postgres: postgresOf(world), environments: { a: fault } })
    return inHouse(house, async () => {
      const [a, ...others] = house.instances
      const act = { type: 'create' as const, session: 'twins', key: 'create-twins' }
      // On the instance that dies, so that its first key is behind it.
      const created = await ask(house, a, { act, method: 'POST', path: '/api/sessions', body: {} })
      const session = textIn(created?.body, 'id')
      const viewer = openViewer({ ...house, doors: others }, { session, random })
      await Promise.all(
        Array.from({ length: 20 }, (_, index) =>
          post(house, random, session, 'text twin', { key: 'twin', at: index % 3 }),
        ),
      )
      a.passedOver = true
      const run = await say(house, random, { session, kind: 'text', item: 'twin', key: 'twin' })
      await untilOver({ house, random, viewer, run: run ?? '' })
      await viewer.stop()
      return { violations: [], fired: house.fired().length, figures: [] }
    })
  },
}

/** Makes a trial in a house, holds the evidence against the rules, and closes the house. */
export async function inHouse(house: House, play: () => Promise<Outcome>): Promise<Outcome> {
  try {
    const { violations, fired, figures } = await play()
    const { history, ledger, model } = house
    const contents = await house.contents()
    const evidence = { history, contents, ledger: ledger.read(), requests: model.requests }
    return { violations: [...violations, ...checkEvidence(evidence)], fired, figures }
  } finally {
    await house.close()
  }
}

/** One try to say something. */
export function post(
  house: House,
  random: Random,
  session: string,
  message: string,
  { key = message.replaceAll(' ', '-'), at }: { key?: string; at?: number } = {},
): Promise<Answer | null> {
  const door = at === undefined ? random.pick(house.doors) : house.doors[at]
  return ask(house, door ?? house.instances[0], {
    act: { type: 'post', session, message, key },
    method: 'POST',
    path: `/api/sessions/${session}/agent/assistant`,
    body: { messages: [{ role: 'user', content: message }] },
  })
}

export async function finish(
  house: House,
  random: Random,
  session: string,
  run: string,
): Promise<void> {
  const viewer = openViewer(house, { session, random, cuts: false })
  try {
    await within(`${run} of ${session}`, untilOver({ house, random, viewer, run }))
  } finally {
    await viewer.stop()
  }
}

/** The run as it is now. */
export async function readRun(house: House, random: Random, run: string): Promise<unknown> {
  const path = `/api/runs/${run}`
  const { body } = await insist(house, random, { act: { type: 'read', path }, method: 'GET', path })
  return body
}
