import { expect, test } from 'vitest'
import { startApp } from '../support/app.ts'
import { ask, expectGoesOn, getSession, newSession, start, until } from './conversation.ts'

const first = 'agents: { root: { model: scripted, instruction: I am the first } }'
const second = 'agents: { root: { model: scripted, instruction: I am the second } }'
const app = await startApp({ lifetime: 'file', agents: { assistant: first, other: second } })
const { client, model, events } = app
const of = (session: string) => ({ params: { path: { session } } })

test('a session is made, read, changed and deleted', async () => {
  const { data: made, response } = await client.POST('/api/sessions', {
    body: { title: 'One', metadata: { customer: 'c1' }, max_iterations: 3 },
  })
  expect(response.headers.get('location')).toBe(`/api/sessions/${made.id}`)
  const body = { thinking: false, metadata: { customer: 'c2' } }
  const { data: changed } = await client.PATCH('/api/sessions/{session}', { ...of(made.id), body })
  expect(changed).toMatchObject({ title: 'One', max_iterations: 3, ...body })
  const title = { title: 'Two' }
  const renamed = await client.PATCH('/api/sessions/{session}/title', {
    ...of(made.id),
    body: title,
  })
  expect(renamed.data).toEqual({ id: made.id, title: 'Two' })
  expect(await getSession(app, made.id)).toMatchObject({ title: 'Two', messages: [], last_seq: 0 })
  await expectGoesOn(app, made.id)
  expect((await client.DELETE('/api/sessions/{session}', of(made.id))).response.status).toBe(204)
  await expect(client.DELETE('/api/sessions/{session}', of(made.id))).rejects.toMatchObject({
    status: 404,
  })
})

test('an external id is taken wherever a session id is', async () => {
  const id = await newSession(app, { external_id: 'ticket-7' })
  await expect(newSession(app, { external_id: 'ticket-7' })).rejects.toMatchObject({
    status: 409,
    code: 'conflict',
  })
  model.push({ text: 'Hello' })
  const { run } = await ask(app, { session: 'ticket-7' })
  expect(run.session_id).toBe(id)
  const { data: runs } = await client.GET('/api/sessions/{session}/runs', of('ticket-7'))
  expect(runs.data.map((each) => each.id)).toEqual([run.id])
  const { data: messages } = await client.GET('/api/sessions/{session}/messages', of('ticket-7'))
  expect(messages.data.map(({ role }) => role)).toEqual(['user', 'assistant'])
  const { data: page } = await client.GET('/api/sessions/{session}/events', of('ticket-7'))
  expect(page.data.at(-1)?.type).toBe('stream_stopped')
  expect((await getSession(app, 'ticket-7')).id).toBe(id)
  await expectGoesOn(app, 'ticket-7')
})

test('a page of messages follows the one before, also while messages are added', async () => {
  const session = await newSession(app)
  for (const text of ['a', 'b', 'c']) {
    model.push({ text })
    await ask(app, { session, message: `say ${text}` })
  }
  const page = (query: object) =>
    client.GET('/api/sessions/{session}/messages', { params: { path: { session }, query } })
  const { data: one } = await page({ limit: 4 })
  await expectGoesOn(app, session)
  const { data: two } = await page({ limit: 10, cursor: one.next_cursor })
  expect([...one.data, ...two.data].map(({ content }) => content)).toEqual([
    'say a',
    'a',
    'say b',
    'b',
    'say c',
    'c',
    'Are you there?',
    'Still here',
  ])
  const { data: newest } = await page({ limit: 1, order: 'desc' })
  expect(newest.data[0]?.content).toBe('Still here')
})

test('sessions are listed by agent, text and metadata, the latest activity first', async () => {
  const ids = [
    await newSession(app, { metadata: { list: 'yes' } }),
    await newSession(app, { metadata: { list: 'yes' } }),
  ]
  model.push({ text: 'A needle here' })
  await ask(app, { session: ids[0] ?? '', agent: 'other' })
  const list = async (query: object) => {
    const { data } = await client.GET('/api/sessions', { params: { query } })
    return data.data.map(({ id }) => id)
  }
  expect(await list({ metadata: '{"list":"yes"}' })).toEqual(ids)
  expect(await list({ q: 'needle' })).toEqual([ids[0]])
  expect(await list({ agent: 'other' })).toContain(ids[0])
  expect(await list({ status: 'running' })).toEqual([])
  await expectGoesOn(app, ids[1] ?? '')
})

test('a session answers one run at a time and names the one that is active', async () => {
  const session = await newSession(app)
  const { promise, resolve } = Promise.withResolvers<void>()
  model.push({ text: 'One two three', hold: promise })
  const run = await start(app, { session })
  await expect(ask(app, { session })).rejects.toMatchObject({
    status: 409,
    code: 'session_busy',
    problem: { active_run_id: run.id },
  })
  expect(await getSession(app, session)).toMatchObject({ status: 'running', active_run_id: run.id })
  resolve()
  await events(run.id)
  await expectGoesOn(app, session)
})

test('an empty list of messages goes on from the history, when there is one', async () => {
  const session = await newSession(app)
  await expect(ask(app, { session, messages: [] })).rejects.toMatchObject({
    status: 422,
    problem: { errors: [{ path: 'messages' }] },
  })
  model.push({ text: 'First' }, { text: 'And more' })
  await ask(app, { session, message: 'Tell' })
  const { output } = await ask(app, { session, messages: [] })
  expect(output).toBe('And more')
  expect(model.requests.at(-1)?.body.messages.map(({ content }) => content)).toEqual([
    'I am the first',
    'Tell',
    'First',
  ])
  await expectGoesOn(app, session)
})

test('several agents take turns in one session and see the same history', async () => {
  const session = await newSession(app)
  model.push({ text: 'From one' }, { text: 'From two' })
  await ask(app, { session, message: 'Hi' })
  const { run } = await ask(app, { session, message: 'And you?', agent: 'other' })
  expect(run.agent).toBe('other')
  expect(model.requests.at(-1)?.body.messages.map(({ content }) => content)).toEqual([
    'I am the second',
    'Hi',
    'From one',
    'And you?',
  ])
  expect((await getSession(app, session)).agent).toBe('other')
  const unknown = ask(app, { session, agent: 'nobody' })
  await expect(unknown).rejects.toMatchObject({ status: 404, code: 'not_found' })
  await expectGoesOn(app, session)
})

test('a restart keeps sessions, and a run that was at work goes on', async () => {
  const session = await newSession(app, { title: 'Kept' })
  model.push({ text: 'Before' }, { text: 'One two', hold: new Promise(() => {}) })
  await ask(app, { session, message: 'Hi' })
  const run = await start(app, { session, message: 'Go on' })
  await until(app, run.id, 'agent_choice')
  model.push({ text: 'One two three' })
  await app.restart()
  const log = await events(run.id)
  expect(log.at(-1)).toMatchObject({ type: 'stream_stopped', reason: 'completed' })
  const { title, messages } = await getSession(app, session)
  expect(title).toBe('Kept')
  expect(messages.map(({ content }) => content)).toEqual(['Hi', 'Before', 'Go on', 'One two three'])
  await expectGoesOn(app, session)
}, 40_000)
