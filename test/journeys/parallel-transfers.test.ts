import { expect, test } from 'vitest'
import type { RuntimeEvent } from '#contract/event.ts'
import { startApp } from '../support/app.ts'
import { calling, createTeamScript } from '../support/team.ts'
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

const team = `
agents:
  root:
    model: scripted
    instruction: You lead.
    sub_agents: [reader, writer, deputy]
  deputy:
    model: scripted
    description: Passes tasks on
    instruction: You stand in.
    sub_agents: [deputy, writer]
  reader:
    model: scripted
    description: Reads files
    instruction: You read.
  writer:
    model: scripted
    description: Writes files
    instruction: You write.
    toolsets: [{ type: filesystem, path: ./files }]
`
const { script, say, sayAlways, withPush } = createTeamScript({
  root: 'You lead.',
  deputy: 'You stand in.',
  reader: 'You read.',
  writer: 'You write.',
})
const app = withPush(
  await startApp({ lifetime: 'file', agents: { assistant: team }, script }),
  'root',
)
const { client, events } = app
const never = new Promise<never>(() => {})
const done = { text: 'Done.' }
const transfer = (agent: string, task = 'Do it') => calling('transfer_task', { agent, task })
const write = calling('write_file', { path: 'note.txt', content: 'noted' })
const both = {
  toolCalls: [
    { id: 'call_r', name: 'transfer_task', arguments: { agent: 'reader', task: 'Read' } },
    { id: 'call_w', name: 'transfer_task', arguments: { agent: 'writer', task: 'Write' } },
  ],
}

/** What the calls of a session's own agent came to, in the order of the transcript. */
async function resultsIn(session: string): Promise<string[]> {
  const { messages } = await getSession(app, session)
  return messages.filter(({ role }) => role === 'tool').map(({ content }) => content)
}

const isFrom = (agent: string) => (event: RuntimeEvent) =>
  event.type === 'agent_choice' && event.agent === agent

test('two tasks of one message are worked on at the same time', async () => {
  const session = await newSession(app)
  const read = Promise.withResolvers<void>()
  const written = Promise.withResolvers<void>()
  say('root', both, done)
  say('reader', { text: ['Read ', 'it.'], hold: read.promise })
  say('writer', { text: ['Wrote ', 'it.'], hold: written.promise })
  const run = await start(app, { session })
  await Promise.all([until(app, run.id, isFrom('reader')), until(app, run.id, isFrom('writer'))])
  written.resolve()
  await until(app, run.id, 'sub_session_completed')
  read.resolve()
  const log = await events(run.id)
  expect(ofType(log, 'sub_session_completed').map(({ tool_call_id }) => tool_call_id)).toEqual([
    'call_w',
    'call_r',
  ])
  expect(await resultsIn(session)).toEqual(['Read it.', 'Wrote it.'])
  await expectGoesOn(app, session)
})

test('one task ends while the other waits for an approval', async () => {
  const session = await newSession(app)
  say('root', both, done)
  say('reader', { text: 'Read it.' })
  say('writer', write, { text: 'Wrote it.' })
  const { run } = await ask(app, { session })
  expect(run).toMatchObject({ status: 'waiting', waiting_for: { kind: 'approval' } })
  expect((await getSession(app, session)).pending_approvals).toHaveLength(1)
  await resume(app, session, { confirmation: 'approve' })
  const log = await events(run.id)
  expect(
    ofType(log, 'stream_started')
      .map(({ agent }) => agent)
      .toSorted(),
  ).toEqual(['reader', 'root', 'writer'])
  expect(await resultsIn(session)).toEqual(['Read it.', 'Wrote it.'])
  await expectGoesOn(app, session)
})

test('cancel closes every task that is worked on, at every depth', async () => {
  const session = await newSession(app)
  say('root', { toolCalls: [...both.toolCalls, ...(transfer('deputy').toolCalls ?? [])] })
  say('reader', { text: 'One two three', hold: never })
  say('writer', write)
  say('deputy', transfer('deputy'), { text: 'One two three', hold: never })
  const run = await start(app, { session })
  await Promise.all([
    until(app, run.id, isFrom('reader')),
    until(app, run.id, isFrom('deputy')),
    until(app, run.id, 'tool_call_confirmation'),
  ])
  const { data } = await client.POST('/api/runs/{run}/cancel', {
    params: { path: { run: run.id } },
  })
  expect(data).toMatchObject({ status: 'cancelled' })
  const log = await events(run.id)
  expect(ofType(log, 'stream_stopped').map(({ reason }) => reason)).toEqual(
    Array(5).fill('cancelled'),
  )
  expect((await getSession(app, session)).pending_approvals).toEqual([])
  await expectGoesOn(app, session)
})

test('what a session denies or lets run holds for the agents below', async () => {
  const denying = await newSession(app, { permissions: { deny: ['write_file'] } })
  say('root', transfer('deputy'), done)
  say('deputy', transfer('writer'), done)
  say('writer', write, done)
  const { run } = await ask(app, { session: denying })
  const denied = ofType(await events(run.id), 'tool_call_response')
  expect(denied.map(({ agent, state }) => `${agent} ${state}`)).toEqual([
    'writer denied',
    'deputy succeeded',
    'root succeeded',
  ])
  const session = await newSession(app)
  say('root', transfer('writer'), done)
  say('writer', write, done)
  const asked = await ask(app, { session, options: { on_ask: 'deny' } })
  const [first] = ofType(await events(asked.run.id), 'tool_call_response')
  expect({ status: asked.run.status, state: first?.state }).toEqual({
    status: 'completed',
    state: 'denied',
  })
})

test('a task is passed on four times at most, and the agent is told', async () => {
  const session = await newSession(app)
  say('root', transfer('deputy'), done)
  sayAlways('deputy', ({ body }) =>
    body.messages.at(-1)?.role === 'tool' ? done : transfer('deputy'),
  )
  const { run } = await ask(app, { session })
  const log = await events(run.id)
  const results = ofType(log, 'tool_call_response').map(({ result }) => result.output)
  expect(results).toEqual([
    expect.stringContaining('can be passed on 4 times at most'),
    ...Array(4).fill('Done.'),
  ])
})

test('the lead is told who is in its team, a member that stands alone is not', async () => {
  const session = await newSession(app)
  say('root', transfer('reader'), done)
  say('reader', done)
  await ask(app, { session })
  const prompts = app.model.requests
    .slice(-3)
    .map(({ body }) => String(body.messages.find(({ role }) => role === 'system')?.content))
  expect(prompts[0]).toContain('- writer: Writes files\n- deputy: Passes tasks on')
  expect(prompts[1]).toBe('You read.')
})
