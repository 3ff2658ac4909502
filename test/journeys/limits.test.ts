import { expect, test } from 'vitest'
import { startApp } from '../support/app.ts'
import { ask, expectGoesOn, newSession, ofType, resume, until } from './conversation.ts'

const app = await startApp({ lifetime: 'file' })
const { model, events } = app

const think = { toolCalls: [{ name: 'think', arguments: { thought: 'hm' } }] }
const once = { max_iterations: 1 }

/** A run that waits at its limit of one model call. */
async function atLimit() {
  const session = await newSession(app)
  model.push(think)
  const { run } = await ask(app, { session, options: once })
  return { session, run }
}

test('at the limit a run waits, and an approval allows ten more steps', async () => {
  const { session, run } = await atLimit()
  expect(run).toMatchObject({ status: 'waiting', iterations: 1 })
  expect(run.waiting_for).toMatchObject({ kind: 'max_iterations' })
  model.push(...Array.from({ length: 10 }, () => think))
  await resume(app, session, { confirmation: 'approve' })
  const log = await until(app, run.id, ({ type, seq }) => type === 'run_waiting' && seq > 20)
  expect(ofType(log, 'step_started').map(({ step }) => step)).toEqual(
    Array.from({ length: 11 }, (_, index) => index + 1),
  )
  expect(ofType(log, 'max_iterations_reached').map(({ limit }) => limit)).toEqual([1, 11])
  model.push({ text: 'At last.' })
  await resume(app, session, { confirmation: 'approve' })
  expect((await events(run.id)).at(-1)).toMatchObject({ reason: 'completed', completed: true })
  await expectGoesOn(app, session)
})

test('a rejection at the limit ends the run', async () => {
  const { session, run } = await atLimit()
  await resume(app, session, { confirmation: 'reject' })
  const log = await events(run.id)
  expect(log.at(-1)).toMatchObject({ reason: 'max_iterations', completed: false })
  await expectGoesOn(app, session)
})

test.each([{ on_max_iterations: 'answer' }, { force_answer: true }] as const)(
  'with %o the model is asked once more, without tools',
  async (option) => {
    const session = await newSession(app)
    model.push(think, { text: 'As far as I got.' })
    const { run, output } = await ask(app, { session, options: { ...once, ...option } })
    expect(run).toMatchObject({ status: 'completed', stop_reason: 'max_iterations' })
    expect({ output, completed: run.completed }).toEqual({
      output: 'As far as I got.',
      completed: false,
    })
    expect(model.requests.at(-1)?.body.tools).toBeUndefined()
    await events(run.id)
    await expectGoesOn(app, session)
  },
)

test('with on_max_iterations stop the run ends at once', async () => {
  const session = await newSession(app)
  model.push(think)
  const options = { ...once, on_max_iterations: 'stop' as const }
  const { run } = await ask(app, { session, options })
  expect(run).toMatchObject({
    status: 'completed',
    stop_reason: 'max_iterations',
    completed: false,
  })
  expect((await events(run.id)).at(-1)).toMatchObject({ reason: 'max_iterations' })
  await expectGoesOn(app, session)
})

test('a run that waits at its limit can be cancelled', async () => {
  const { session, run } = await atLimit()
  const params = { path: { run: run.id } }
  const { data } = await app.client.POST('/api/runs/{run}/cancel', { params })
  expect(data).toMatchObject({ status: 'cancelled' })
  await events(run.id)
  await expectGoesOn(app, session)
})

test('the limit of the session holds where the run names none', async () => {
  const session = await newSession(app, { max_iterations: 2 })
  model.push(think, think)
  const { run } = await ask(app, { session })
  expect(run).toMatchObject({ status: 'waiting', iterations: 2 })
  model.push({ text: 'More.' })
  await resume(app, session, { confirmation: 'approve' })
  await events(run.id)
  await expectGoesOn(app, session)
})
