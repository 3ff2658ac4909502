import { expect, test } from 'vitest'
import { startApp, textOf } from '../support/app.ts'
import { ask, expectGoesOn, getSession, newSession, ofType, start, until } from './conversation.ts'
import { startSlowPage } from './slow-page.ts'

const page = await startSlowPage()
const agent = `
agents:
  root:
    model: scripted
    toolsets:
      - { type: filesystem, path: ./files }
      - { type: fetch }
      - { type: user_prompt }
`
const app = await startApp({
  lifetime: 'file',
  agents: { assistant: agent },
  flags: ['--allow-host', page.host],
})
const { client, model, events } = app

const never = new Promise<never>(() => {})
const write = { name: 'write_file', arguments: { path: 'a.txt', content: 'x' } }
const fetchPage = { name: 'fetch', arguments: { urls: [page.url] } }

async function cancel(run: string) {
  return (await client.POST('/api/runs/{run}/cancel', { params: { path: { run } } })).data
}
async function cancelSession(session: string) {
  const params = { path: { session } }
  return (await client.POST('/api/sessions/{session}/cancel', { params })).data
}
const isCancelled = { status: 'cancelled', stop_reason: 'cancelled', completed: false }

test('cancel in the middle of an answer keeps what had come as an incomplete message', async () => {
  const session = await newSession(app)
  model.push({ text: 'One two three four', hold: never, holdAfter: 2 })
  const run = await start(app, { session })
  await until(app, run.id, ({ type }) => type === 'agent_choice')
  const request = model.requests.at(-1)
  expect(await cancel(run.id)).toMatchObject(isCancelled)
  expect(await request?.ended).toBe('aborted')
  const log = await events(run.id)
  expect(log.at(-1)).toMatchObject({ type: 'stream_stopped', reason: 'cancelled' })
  expect((await getSession(app, session)).messages.at(-1)).toMatchObject({
    role: 'assistant',
    status: 'incomplete',
    content: textOf(log),
  })
  await expectGoesOn(app, session)
})

test('cancel before the first token leaves no message', async () => {
  const session = await newSession(app)
  model.push({ text: 'Too late', fault: { kind: 'hang', position: 'start' } })
  const count = model.requests.length
  const run = await start(app, { session })
  await model.received(count + 1)
  expect(await cancel(run.id)).toMatchObject(isCancelled)
  const { messages } = await getSession(app, session)
  expect(messages.map(({ role }) => role)).toEqual(['user'])
  await expectGoesOn(app, session)
})

test('cancel while a tool runs stops the tool and gives the call its result', async () => {
  const session = await newSession(app)
  model.push({ toolCalls: [fetchPage] })
  const count = page.count()
  const run = await start(app, { session })
  await page.asked(count + 1)
  expect(await cancelSession(session)).toMatchObject({ id: run.id, ...isCancelled })
  const [response] = ofType(await events(run.id), 'tool_call_response')
  expect(response).toMatchObject({ state: 'cancelled', result: { is_error: true } })
  await expectGoesOn(app, session)
})

test('cancel while one call runs and another waits for an approval ends both', async () => {
  const session = await newSession(app)
  model.push({ toolCalls: [fetchPage, write] })
  const count = page.count()
  const run = await start(app, { session })
  await page.asked(count + 1)
  expect(await cancel(run.id)).toMatchObject(isCancelled)
  const responses = ofType(await events(run.id), 'tool_call_response')
  expect(responses.map(({ state }) => state)).toEqual(['cancelled', 'cancelled'])
  await expectGoesOn(app, session)
})

test('cancel while an approval is waited for withdraws the question', async () => {
  const session = await newSession(app)
  model.push({ toolCalls: [write] })
  const { run } = await ask(app, { session })
  expect(await cancel(run.id)).toMatchObject(isCancelled)
  const { data } = await client.GET('/api/approvals', { params: { query: { session } } })
  expect(data.data.map(({ status }) => status)).toEqual(['cancelled'])
  const decided = client.POST('/api/approvals/{approval}', {
    params: { path: { approval: data.data[0]?.id ?? '' } },
    body: { decision: 'approve' },
  })
  await expect(decided).rejects.toMatchObject({ status: 409, code: 'already_decided' })
  expect(ofType(await events(run.id), 'tool_call')).toEqual([])
  await expectGoesOn(app, session)
})

test('cancel while a question waits for its answer ends the call', async () => {
  const session = await newSession(app)
  model.push({ toolCalls: [{ name: 'user_prompt', arguments: { message: 'Why?' } }] })
  const { run } = await ask(app, { session })
  expect(await cancel(run.id)).toMatchObject(isCancelled)
  expect((await getSession(app, session)).pending_elicitations).toEqual([])
  const [response] = ofType(await events(run.id), 'tool_call_response')
  expect(response).toMatchObject({ state: 'cancelled' })
  await expectGoesOn(app, session)
})

test('cancelling a finished run answers it as it is', async () => {
  const session = await newSession(app)
  model.push({ text: 'Done' })
  const { run } = await ask(app, { session })
  expect(await cancel(run.id)).toEqual(run)
  await expect(cancelSession(session)).rejects.toMatchObject({ status: 409, code: 'no_active_run' })
  await expect(cancel('run_nobody')).rejects.toMatchObject({ status: 404, code: 'not_found' })
  await expectGoesOn(app, session)
})

test('two cancels at once end the run once', async () => {
  const session = await newSession(app)
  model.push({ text: 'One two three', hold: never })
  const run = await start(app, { session })
  await until(app, run.id, 'step_started')
  const both = await Promise.all([cancel(run.id), cancel(run.id)])
  expect(both.map(({ status }) => status)).toEqual(['cancelled', 'cancelled'])
  await events(run.id)
  await expectGoesOn(app, session)
})

test('deleting a session cancels its run first', async () => {
  const session = await newSession(app)
  model.push({ text: 'One two three', hold: never })
  const run = await start(app, { session })
  await until(app, run.id, 'agent_choice')
  const request = model.requests.at(-1)
  const params = { path: { session } }
  const { response } = await client.DELETE('/api/sessions/{session}', { params })
  expect(response.status).toBe(204)
  expect(await request?.ended).toBe('aborted')
  await expect(getSession(app, session)).rejects.toMatchObject({ status: 404 })
})
