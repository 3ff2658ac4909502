import { expect, test } from 'vitest'
import type { RuntimeEvent } from '#contract/event.ts'
import { checkGrammar } from '#contract/event-grammar.ts'
import type { RunOptions } from '#contract/run.ts'
import { startApp, textOf } from '../support/app.ts'
import {
  ask,
  expectGoesOn,
  getSession,
  newSession,
  ofType,
  resume,
  start,
  until,
} from './conversation.ts'

const agent = `
agents:
  root:
    model: scripted
    toolsets:
      - { type: filesystem, path: ./files }
      - { type: think }
`
const app = await startApp({ lifetime: 'file', agents: { assistant: agent } })
const { client, model, events } = app

type OnBusy = NonNullable<RunOptions['on_busy']>
const never = new Promise<never>(() => {})
const think = { name: 'think', arguments: { thought: 'Hm' } }
const write = { name: 'write_file', arguments: { path: 'a.txt', content: 'x' } }
const say = (session: string, message: string, on_busy: OnBusy) =>
  start(app, { session, message, options: { on_busy } })

/** A session whose run is in the middle of its answer until `release`. */
async function busySession(text = 'One two three four') {
  const session = await newSession(app)
  const held = Promise.withResolvers<void>()
  model.push({ text, hold: held.promise, holdAfter: 2 })
  const active = await start(app, { session, message: 'First' })
  await until(app, active.id, 'agent_choice')
  return { session, active, release: held.resolve }
}

async function logOf(session: string, { client } = app): Promise<RuntimeEvent[]> {
  const { data } = await client.GET('/api/sessions/{session}/events', {
    params: { path: { session }, query: { limit: 500 } },
    headers: { accept: 'application/json' },
  })
  if (!('data' in data)) throw new Error('the log is no page')
  expect(checkGrammar(data.data, { complete: true })).toEqual([])
  return data.data
}

async function getRun(run: string) {
  return (await client.GET('/api/runs/{run}', { params: { path: { run } } })).data
}

async function cancel(run: string) {
  return (await client.POST('/api/runs/{run}/cancel', { params: { path: { run } } })).data
}

const askedOf = (session: string) =>
  getSession(app, session).then(({ messages }) =>
    messages.filter(({ role }) => role === 'user').map(({ content }) => content),
  )
const shownToModel = () =>
  model.requests
    .at(-1)
    ?.body.messages.filter(({ role }) => role === 'user')
    .map(({ content }) => content)

test('a busy session refuses a run with the id of the active one', async () => {
  const { session, active, release } = await busySession()
  await expect(start(app, { session, message: 'Second' })).rejects.toMatchObject({
    status: 409,
    code: 'session_busy',
    problem: { active_run_id: active.id },
  })
  release()
  await events(active.id)
  await expectGoesOn(app, session)
})

test('enqueued runs begin one after the other, each with its messages', async () => {
  const { session, active, release } = await busySession()
  model.push({ text: 'Second answer' }, { text: 'Third answer' })
  const second = await say(session, 'Second', 'enqueue')
  const third = await say(session, 'Third', 'enqueue')
  expect(second).toMatchObject({ status: 'queued', started_at: null })
  expect(await getSession(app, session)).toMatchObject({ active_run_id: active.id })
  expect(await askedOf(session)).toEqual(['First'])
  release()
  expect(textOf(await events(third.id))).toBe('Third answer')
  expect(textOf(await events(second.id))).toBe('Second answer')
  expect(await askedOf(session)).toEqual(['First', 'Second', 'Third'])
  const begun = ofType(await logOf(session), 'stream_started').map(({ run_id }) => run_id)
  expect(begun).toEqual([active.id, second.id, third.id])
  await expectGoesOn(app, session)
})

test('an enqueued run shows its own events only, as a stream and as a result', async () => {
  const { session, release } = await busySession()
  model.push({ text: 'Second answer' }, { text: 'Third answer' })
  const second = await say(session, 'Second', 'enqueue')
  const stream = events(second.id)
  const third = ask(app, { session, message: 'Third', options: { on_busy: 'enqueue' } })
  await expect.poll(() => listQueued(session)).toHaveLength(2)
  release()
  const seen = await stream
  expect(seen.map(({ run_id }) => run_id)).toEqual(seen.map(() => second.id))
  expect(await third).toMatchObject({ output: 'Third answer', run: { status: 'completed' } })
  await expectGoesOn(app, session)
})

async function listQueued(session: string) {
  const { data } = await client.GET('/api/sessions/{session}/runs', {
    params: { path: { session } },
  })
  return data.data.filter(({ status }) => status === 'queued')
}

test('twenty runs wait at most', async () => {
  const { session, active, release } = await busySession()
  const rest = Array.from({ length: 30 }, (_, index) =>
    say(session, `Message ${index}`, 'enqueue').catch((error: unknown) => error),
  )
  const placed = await Promise.all(rest)
  const refused = placed.filter((answer) => answer instanceof Error)
  expect(refused).toHaveLength(10)
  expect(refused[0]).toMatchObject({ status: 429, code: 'queue_full' })
  for (const run of await listQueued(session))
    expect(await cancel(run.id)).toMatchObject({ status: 'cancelled' })
  release()
  await events(active.id)
  await expectGoesOn(app, session)
})

test('an enqueued run that is cancelled never begins, and its followers are let go', async () => {
  const { session, active, release } = await busySession()
  const second = await say(session, 'Second', 'enqueue')
  const result = ask(app, { session, message: 'Third', options: { on_busy: 'enqueue' } })
  await expect.poll(() => listQueued(session)).toHaveLength(2)
  const [third] = await listQueued(session)
  const response = client.GET('/api/runs/{run}/events', {
    params: { path: { run: second.id } },
    headers: { accept: 'text/event-stream' },
    parseAs: 'text',
  })
  expect(await cancel(second.id)).toMatchObject({ status: 'cancelled', started_at: null })
  expect(await cancel(third?.id ?? '')).toMatchObject({ status: 'cancelled' })
  expect(String((await response).data)).not.toContain('data:')
  expect(await result).toMatchObject({ run: { status: 'cancelled' }, message: null, output: null })
  const again = await client.GET('/api/runs/{run}/events', {
    params: { path: { run: second.id } },
    headers: { accept: 'text/event-stream' },
  })
  expect(again.response.status).toBe(204)
  release()
  await events(active.id)
  expect(await askedOf(session)).toEqual(['First'])
  await expectGoesOn(app, session)
})

test('an interrupting run ends the active one, keeps its partial answer and goes before the queue', async () => {
  const { session, active } = await busySession()
  model.push({ text: 'Urgent answer' }, { text: 'Later answer' })
  const later = await say(session, 'Later', 'enqueue')
  const urgent = await say(session, 'Urgent', 'interrupt')
  expect(textOf(await events(urgent.id))).toBe('Urgent answer')
  expect(shownToModel()).toContain('Urgent')
  await events(later.id)
  expect(await getRun(active.id)).toMatchObject({ status: 'cancelled' })
  const { messages } = await getSession(app, session)
  expect(messages.map(({ role, status }) => `${role} ${status}`)).toEqual([
    'user complete',
    'assistant incomplete',
    'user complete',
    'assistant complete',
    'user complete',
    'assistant complete',
  ])
  expect(await askedOf(session)).toEqual(['First', 'Urgent', 'Later'])
  await logOf(session)
  await expectGoesOn(app, session)
})

test('a run that waits for an approval is interrupted as well', async () => {
  const session = await newSession(app)
  model.push({ toolCalls: [write] })
  const { run } = await ask(app, { session })
  expect(run.status).toBe('waiting')
  model.push({ text: 'Instead' })
  const urgent = await say(session, 'Never mind', 'interrupt')
  expect(textOf(await events(urgent.id))).toBe('Instead')
  expect(await getRun(run.id)).toMatchObject({ status: 'cancelled' })
  await logOf(session)
  await expectGoesOn(app, session)
})

test('many interrupts at once all begin, and the last one is answered', async () => {
  const many = await startApp({ agents: { assistant: agent }, script: () => ({ text: 'Answer' }) })
  const session = await newSession(many)
  const runs = await Promise.all(
    Array.from({ length: 12 }, (_, index) =>
      start(many, { session, message: `Message ${index}`, options: { on_busy: 'interrupt' } }),
    ),
  )
  const ends = await Promise.all(runs.map(({ id }) => many.events(id)))
  for (const end of ends) expect(end.at(-1)).toMatchObject({ type: 'stream_stopped' })
  const started = ofType(await logOf(session, many), 'stream_started')
  expect(new Set(started.map(({ run_id }) => run_id)).size).toBe(12)
  const last = await many.events(started.at(-1)?.run_id ?? '')
  expect(last.at(-1)).toMatchObject({ type: 'stream_stopped', reason: 'completed' })
  const { messages } = await getSession(many, session)
  expect(messages.filter(({ role }) => role === 'user')).toHaveLength(12)
})

test('a rollback leaves the messages of the run it ends, and the log keeps its events', async () => {
  const session = await newSession(app)
  model.push({ text: 'Kept answer' })
  await ask(app, { session, message: 'Kept' })
  const held = { text: 'One two three four', hold: never, holdAfter: 2 }
  model.push(held)
  const wrong = await start(app, { session, message: 'Wrong' })
  await until(app, wrong.id, 'agent_choice')
  model.push({ text: 'Right answer' })
  const right = await say(session, 'Right', 'rollback')
  await events(right.id)
  expect(shownToModel()).toEqual(['Kept', 'Right'])
  const { messages } = await getSession(app, session)
  expect(messages.map(({ content }) => content)).toEqual([
    'Kept',
    'Kept answer',
    'Right',
    'Right answer',
  ])
  expect(
    ofType(await logOf(session), 'user_message').map(({ message }) => message.content),
  ).toEqual(['Kept', 'Wrong', 'Right'])
  await expectGoesOn(app, session)
  expect(shownToModel()).not.toContain('Wrong')
})

test('a rollback of the first run leaves nothing of it', async () => {
  const { session } = await busySession()
  model.push({ text: 'Right answer' })
  const right = await say(session, 'Right', 'rollback')
  await events(right.id)
  expect(await askedOf(session)).toEqual(['Right'])
  await expectGoesOn(app, session)
})

test('a steered message is taken up before the next model call', async () => {
  const session = await newSession(app)
  const held = Promise.withResolvers<void>()
  model.push({ text: 'I look', toolCalls: [think], hold: held.promise, holdAfter: 1 })
  const run = await start(app, { session, message: 'First' })
  await until(app, run.id, 'agent_choice')
  model.push({ text: 'Both answered' })
  const steered = await say(session, 'And this', 'steer')
  expect(steered.id).toBe(run.id)
  held.resolve()
  const log = await events(run.id)
  expect(ofType(log, 'user_message').map(({ message }) => message.content)).toEqual([
    'First',
    'And this',
  ])
  expect(shownToModel()).toEqual(['First', 'And this'])
  expect(await askedOf(session)).toEqual(['First', 'And this'])
  await expectGoesOn(app, session)
})

test('a parked run keeps what it is steered with until it goes on', async () => {
  const session = await newSession(app)
  model.push({ toolCalls: [write] })
  const { run } = await ask(app, { session, message: 'First' })
  await say(session, 'And this', 'steer')
  expect(await getRun(run.id)).toMatchObject({ status: 'waiting' })
  model.push({ text: 'Both answered' })
  await resume(app, session, { confirmation: 'approve' })
  await events(run.id)
  expect(shownToModel()).toEqual(['First', 'And this'])
  await expectGoesOn(app, session)
})

test('a message that the run did not take up becomes a run of its own', async () => {
  const { session, active, release } = await busySession()
  model.push({ text: 'The other answer' })
  expect(await say(session, 'And this', 'steer')).toMatchObject({ id: active.id })
  release()
  await events(active.id)
  await expect.poll(async () => (await getSession(app, session)).messages.length).toBe(4)
  const started = ofType(await logOf(session), 'stream_started')
  expect(started).toHaveLength(2)
  expect(shownToModel()).toEqual(['First', 'And this'])
  await expectGoesOn(app, session)
})

test('deleting a session ends what is enqueued with it', async () => {
  const { session } = await busySession()
  const second = await say(session, 'Second', 'enqueue')
  const count = model.requests.length
  const params = { path: { session } }
  const { response } = await client.DELETE('/api/sessions/{session}', { params })
  expect(response.status).toBe(204)
  await expect(getRun(second.id)).rejects.toMatchObject({ status: 404 })
  expect(model.requests).toHaveLength(count)
})

test('what takes the place of a run needs a message', async () => {
  const { session, active, release } = await busySession()
  const posted = start(app, { session, messages: [], options: { on_busy: 'rollback' } })
  await expect(posted).rejects.toMatchObject({ status: 422, code: 'validation_failed' })
  release()
  await events(active.id)
})

test('enqueued runs outlive a restart of the server', async () => {
  const session = await newSession(app)
  model.push({ toolCalls: [write] })
  const { run } = await ask(app, { session, message: 'First' })
  const second = await say(session, 'Second', 'enqueue')
  await app.restart()
  expect(await getRun(second.id)).toMatchObject({ status: 'queued' })
  model.push({ text: 'First answer' }, { text: 'Second answer' })
  await resume(app, session, { confirmation: 'approve' })
  expect(textOf(await events(run.id))).toBe('First answer')
  expect(textOf(await events(second.id))).toBe('Second answer')
  await logOf(session)
  await expectGoesOn(app, session)
})
