import { expect, test } from 'vitest'
import { startApp } from '../support/app.ts'
import { ask, expectGoesOn, getSession, newSession, ofType, toldResults } from './conversation.ts'

const app = await startApp({ lifetime: 'file' })
const { client, model, events } = app

const tools = [
  {
    type: 'function' as const,
    function: {
      name: 'locate',
      description: 'Where the user is',
      parameters: { type: 'object', properties: { precise: { type: 'boolean' } } },
    },
  },
]

async function submit(session: string, tool_call_id: string, output: string, is_error = false) {
  const { data } = await client.POST('/api/sessions/{session}/tool-results', {
    params: { path: { session } },
    body: { tool_call_id, output, is_error },
  })
  return data
}

async function called(...ids: string[]) {
  const session = await newSession(app)
  model.push({ toolCalls: ids.map((id) => ({ id, name: 'locate', arguments: { precise: true } })) })
  const { run } = await ask(app, { session, options: { tools } })
  return { session, run }
}

test("the caller runs its own tool and the model gets the caller's result", async () => {
  const { session, run } = await called('call_a')
  expect(run.waiting_for).toEqual({ kind: 'client_tool', ids: ['call_a'] })
  const { pending_tool_calls, pending_approvals } = await getSession(app, session)
  expect(pending_tool_calls.map(({ tool_call }) => tool_call.id)).toEqual(['call_a'])
  expect(pending_approvals).toEqual([])
  model.push({ text: 'In Bern.' })
  await submit(session, 'call_a', '46.9 N')
  const log = await events(run.id)
  expect(ofType(log, 'tool_call')[0]).toMatchObject({ executor: 'client' })
  expect(ofType(log, 'tool_call_response')[0]).toMatchObject({ state: 'succeeded' })
  expect(toldResults(app)).toEqual(['46.9 N'])
  await expectGoesOn(app, session)
})

test('a result can be an error, which the model is told', async () => {
  const { session, run } = await called('call_b')
  model.push({ text: 'Then not.' })
  await submit(session, 'call_b', 'the user said no', true)
  const [response] = ofType(await events(run.id), 'tool_call_response')
  expect(response).toMatchObject({ state: 'failed', result: { is_error: true } })
  await expectGoesOn(app, session)
})

test('of two calls the run waits for both results, whatever their order', async () => {
  const { session, run } = await called('call_c', 'call_d')
  expect((await submit(session, 'call_d', 'second')).status).toBe('waiting')
  const pending = (await getSession(app, session)).pending_tool_calls
  expect(pending.map(({ tool_call }) => tool_call.id)).toEqual(['call_c'])
  model.push({ text: 'Both.' })
  await submit(session, 'call_c', 'first')
  await events(run.id)
  expect(toldResults(app)).toEqual(['first', 'second'])
  await expectGoesOn(app, session)
})

test('a result comes once, for a call that waits', async () => {
  const { session, run } = await called('call_e')
  const nothing = { status: 409, code: 'nothing_pending' }
  await expect(submit(session, 'call_x', '?')).rejects.toMatchObject(nothing)
  model.push({ text: 'Thanks.' })
  await submit(session, 'call_e', 'here')
  await expect(submit(session, 'call_e', 'there')).rejects.toMatchObject(nothing)
  await events(run.id)
  expect(toldResults(app)).toEqual(['here'])
  await expectGoesOn(app, session)
})

test('arguments that do not fit the schema never reach the caller', async () => {
  const session = await newSession(app)
  model.push({ toolCalls: [{ name: 'locate', arguments: { precise: 'yes' } }] }, { text: 'I see.' })
  const { run } = await ask(app, { session, options: { tools } })
  expect(run.status).toBe('completed')
  expect(toldResults(app)[0]).toContain("do not fit the tool's schema")
  await expectGoesOn(app, session)
})

test("a caller's tool and one of the server in one answer both get their results", async () => {
  const session = await newSession(app)
  const think = { id: 'call_t', name: 'think', arguments: { thought: 'hm' } }
  model.push({ toolCalls: [{ id: 'call_f', name: 'locate' }, think] }, { text: 'Both.' })
  const { run } = await ask(app, { session, options: { tools } })
  await submit(session, 'call_f', 'here')
  const log = await events(run.id)
  expect(ofType(log, 'tool_call_response')).toHaveLength(2)
  expect(toldResults(app)[0]).toBe('here')
  await expectGoesOn(app, session)
})
