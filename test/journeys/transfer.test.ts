import { expect, test } from 'vitest'
import { startApp } from '../support/app.ts'
import {
  ask,
  expectGoesOn,
  getSession,
  newSession,
  ofType,
  resume,
  start,
  toldResults,
  until,
} from './conversation.ts'

const team = `
agents:
  root:
    model: scripted
    description: Leads
    sub_agents: [helper]
  helper:
    model: scripted
    description: Writes files
    toolsets: [{ type: filesystem, path: ./files }]
`
const app = await startApp({ lifetime: 'file', agents: { assistant: team } })
const { client, model, events } = app

const transfer = {
  toolCalls: [
    { id: 'call_t', name: 'transfer_task', arguments: { agent: 'helper', task: 'Write a file' } },
  ],
}
const write = {
  toolCalls: [{ id: 'call_w', name: 'write_file', arguments: { path: 'sub.txt', content: 'x' } }],
}
const never = new Promise<never>(() => {})

async function cancel(run: string) {
  return (await client.POST('/api/runs/{run}/cancel', { params: { path: { run } } })).data
}

/** A run whose sub-agent waits for an approval. */
async function waiting() {
  const session = await newSession(app)
  model.push(transfer, write)
  const { run } = await ask(app, { session })
  return { session, run }
}

test('a task goes to another agent and its answer comes back as the result', async () => {
  const session = await newSession(app)
  model.push(transfer, { text: 'The file is written.' }, { text: 'My helper did it.' })
  const { run, output } = await ask(app, { session })
  expect(output).toBe('My helper did it.')
  expect(toldResults(app)).toEqual(['The file is written.'])
  const log = await events(run.id)
  const [completed] = ofType(log, 'sub_session_completed')
  expect(ofType(log, 'stream_stopped').map(({ session_id }) => session_id)).toEqual([
    completed?.sub_session_id,
    session,
  ])
  expect(run.usage.input_tokens).toBe(30)
  const child = await getSession(app, completed?.sub_session_id ?? '')
  expect(child).toMatchObject({ parent_id: session, agent_name: 'helper', status: 'idle' })
  await expectGoesOn(app, session)
})

test("a sub-agent's call that must be approved parks the run of its parent", async () => {
  const { session, run } = await waiting()
  expect(run).toMatchObject({ status: 'waiting', waiting_for: { kind: 'approval' } })
  const { pending_approvals } = await getSession(app, session)
  expect(pending_approvals).toMatchObject([{ agent_name: 'helper' }])
  model.push({ text: 'Written.' }, { text: 'Done.' })
  await resume(app, session, { confirmation: 'approve' })
  const log = await events(run.id)
  expect(ofType(log, 'tool_call_response').map(({ state }) => state)).toEqual([
    'succeeded',
    'succeeded',
  ])
  expect(toldResults(app)).toEqual(['Written.'])
  await expectGoesOn(app, session)
})

test("cancel while a sub-agent waits closes the sub-agent's run too", async () => {
  const { session, run } = await waiting()
  const [approval] = (await getSession(app, session)).pending_approvals
  expect(await cancel(run.id)).toMatchObject({ status: 'cancelled' })
  const log = await events(run.id)
  expect(ofType(log, 'stream_stopped').map(({ reason }) => reason)).toEqual([
    'cancelled',
    'cancelled',
  ])
  expect((await getSession(app, session)).pending_approvals).toEqual([])
  expect(await getSession(app, approval?.session_id ?? '')).toMatchObject({ status: 'idle' })
  await expectGoesOn(app, session)
})

test("cancel while a sub-agent answers closes the sub-agent's run too", async () => {
  const session = await newSession(app)
  model.push(transfer, { text: 'One two three', hold: never })
  const run = await start(app, { session })
  await until(app, run.id, ({ type, agent }) => type === 'agent_choice' && agent === 'helper')
  expect(await cancel(run.id)).toMatchObject({ status: 'cancelled' })
  const log = await events(run.id)
  expect(ofType(log, 'stream_stopped').map(({ reason }) => reason)).toEqual([
    'cancelled',
    'cancelled',
  ])
  await expectGoesOn(app, session)
})

test('a sub-agent that fails is a result for its parent, which goes on', async () => {
  const session = await newSession(app)
  const fault = { kind: 'status', status: 400, position: 'start' } as const
  model.push(transfer, { fault }, { text: 'Then I do it.' })
  const { run, output } = await ask(app, { session })
  expect(output).toBe('Then I do it.')
  const log = await events(run.id)
  expect(ofType(log, 'stream_stopped').map(({ reason }) => reason)).toEqual(['failed', 'completed'])
  expect(toldResults(app)[0]).toContain('helper did not finish the task')
  await expectGoesOn(app, session)
})

test('an agent of a team can be run by its name', async () => {
  const session = await newSession(app)
  model.push({ text: 'Helper here.' })
  const { data } = await client.POST('/api/sessions/{session}/agent/{agent}/{agent_name}', {
    params: { path: { session, agent: 'assistant', agent_name: 'helper' } },
    body: [{ role: 'user', content: 'Who are you?' }],
  })
  expect(data).toMatchObject({ run: { agent_name: 'helper' }, output: 'Helper here.' })
  const unknown = client.POST('/api/sessions/{session}/agent/{agent}/{agent_name}', {
    params: { path: { session, agent: 'assistant', agent_name: 'nobody' } },
    body: [{ role: 'user', content: 'Who are you?' }],
  })
  await expect(unknown).rejects.toMatchObject({ status: 404, code: 'not_found' })
  await expectGoesOn(app, session)
})
