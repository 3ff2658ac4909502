import { expect, test } from 'vitest'
import { startApp } from '../support/app.ts'
import { ask, expectGoesOn, getSession, newSession, ofType, toldResults } from './conversation.ts'

const app = await startApp({ lifetime: 'file' })
const { client, model, events } = app

const schema = {
  type: 'object',
  properties: { age: { type: 'integer', minimum: 0 } },
  required: ['age'],
}

/** A run that waits for an answer to `How old?`. */
async function asked() {
  const session = await newSession(app)
  model.push({ toolCalls: [{ name: 'user_prompt', arguments: { message: 'How old?', schema } }] })
  const { run } = await ask(app, { session })
  return { session, run }
}

async function answer(session: string, body: ElicitationBody) {
  const params = { path: { session } }
  return (await client.POST('/api/sessions/{session}/elicitation', { params, body })).data
}
type ElicitationBody = {
  action: 'accept' | 'decline' | 'cancel'
  content?: Record<string, unknown>
  elicitation_id?: string
}

test('a question parks the run and its answer goes on to the model', async () => {
  const { session, run } = await asked()
  const [pending] = (await getSession(app, session)).pending_elicitations
  expect(pending).toMatchObject({ message: 'How old?', mode: 'form', schema, run_id: run.id })
  expect(run.waiting_for).toEqual({ kind: 'elicitation', ids: [pending?.id] })
  model.push({ text: 'Seven.' })
  await answer(session, {
    action: 'accept',
    content: { age: 7 },
    elicitation_id: pending?.id ?? '',
  })
  const log = await events(run.id)
  expect(ofType(log, 'elicitation_request')).toHaveLength(1)
  expect(toldResults(app)).toEqual([JSON.stringify({ action: 'accept', content: { age: 7 } })])
  expect((await getSession(app, session)).pending_elicitations).toEqual([])
  await expectGoesOn(app, session)
})

test('content that does not fit the schema is refused with its field, and may be sent again', async () => {
  const { session, run } = await asked()
  const wrong = answer(session, { action: 'accept', content: { age: 'old' } })
  await expect(wrong).rejects.toMatchObject({
    status: 422,
    problem: { errors: [{ path: 'content.age', message: 'must be "integer", not string' }] },
  })
  await expect(answer(session, { action: 'accept' })).rejects.toMatchObject({ status: 422 })
  model.push({ text: 'Seven.' })
  await answer(session, { action: 'accept', content: { age: 7 } })
  expect((await events(run.id)).at(-1)).toMatchObject({ reason: 'completed' })
  await expectGoesOn(app, session)
})

test.each(['decline', 'cancel'] as const)(
  'an answer may be %s, which the model is told',
  async (action) => {
    const { session, run } = await asked()
    model.push({ text: 'Never mind.' })
    await answer(session, { action })
    await events(run.id)
    expect(toldResults(app)).toEqual([JSON.stringify({ action, content: null })])
    await expectGoesOn(app, session)
  },
)

test('without a question, or a second time, there is nothing to answer', async () => {
  const session = await newSession(app)
  const nothing = { status: 409, code: 'nothing_pending' }
  await expect(answer(session, { action: 'decline' })).rejects.toMatchObject(nothing)
  await expect(answer('nobody', { action: 'decline' })).rejects.toMatchObject({ status: 404 })
  const { session: other, run } = await asked()
  model.push({ text: 'Never mind.' })
  await answer(other, { action: 'decline' })
  await events(run.id)
  await expect(answer(other, { action: 'decline' })).rejects.toMatchObject(nothing)
  await expectGoesOn(app, other)
})

test('two questions of one answer are answered one after the other', async () => {
  const session = await newSession(app)
  const prompt = (message: string) => ({ name: 'user_prompt', arguments: { message } })
  model.push({ toolCalls: [prompt('First?'), prompt('Second?')] }, { text: 'Thanks.' })
  const { run } = await ask(app, { session })
  const { pending_elicitations } = await getSession(app, session)
  const idOf = (message: string) =>
    pending_elicitations.find((pending) => pending.message === message)?.id ?? ''
  const second = { action: 'accept' as const, content: { answer: 'two' } }
  const parked = await answer(session, { ...second, elicitation_id: idOf('Second?') })
  expect(parked.status).toBe('waiting')
  await answer(session, { action: 'decline', elicitation_id: idOf('First?') })
  await events(run.id)
  expect(toldResults(app)).toEqual([
    JSON.stringify({ action: 'decline', content: null }),
    JSON.stringify(second),
  ])
  await expectGoesOn(app, session)
})

test('with on_elicitation decline nobody is asked, and the model goes on', async () => {
  const session = await newSession(app)
  model.push(
    { toolCalls: [{ name: 'user_prompt', arguments: { message: 'How old?', schema } }] },
    { text: 'I go on without.' },
  )
  const { run } = await ask(app, { session, options: { on_elicitation: 'decline' } })
  expect(run).toMatchObject({ status: 'completed', completed: true })
  expect(toldResults(app)).toEqual([JSON.stringify({ action: 'decline', content: null })])
  expect(ofType(await events(run.id), 'elicitation_request')).toEqual([])
})
