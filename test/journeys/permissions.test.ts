import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import type { ToolCall } from '#contract/message.ts'
import { startApp } from '../support/app.ts'
import {
  ask,
  expectGoesOn,
  newSession,
  ofType,
  resume,
  start,
  toldResults,
  until,
} from './conversation.ts'

const careful = `
agents:
  root:
    model: scripted
    toolsets: [{ type: filesystem, path: ./files }]
permissions:
  allow: [create_directory]
  ask: [read_file]
  deny: ["write_file:path=secret*"]
`
const app = await startApp({ lifetime: 'file', agents: { assistant: careful } })
const { client, model, events } = app

const write = (path: string) => ({
  name: 'write_file',
  arguments: { path, content: 'x' },
})
const files = () => readdir(join(app.directory, 'files'))
const nameOf = ({ tool_call }: { tool_call: ToolCall }) => tool_call.function.name
const params = (session: string) => ({ params: { path: { session } } })

test('approve-tool holds for the rest of the session, for this tool only', async () => {
  const session = await newSession(app)
  const remove = { name: 'remove_directory', arguments: { path: 'none' } }
  model.push({ toolCalls: [write('t1'), write('t2')] }, { toolCalls: [write('t3'), remove] })
  const { run } = await ask(app, { session })
  await resume(app, session, { confirmation: 'approve-tool' })
  await until(app, run.id, ({ type, seq }) => type === 'run_waiting' && seq > 20)
  expect(await files()).toEqual(expect.arrayContaining(['t1', 't2', 't3']))
  model.push({ text: 'Fine.' })
  await resume(app, session, { confirmation: 'reject' })
  const log = await events(run.id)
  expect(ofType(log, 'tool_call_confirmation').map(nameOf)).toEqual([
    'write_file',
    'write_file',
    'remove_directory',
  ])
  await expectGoesOn(app, session)
})

test('approve-session holds for everything in the session', async () => {
  const session = await newSession(app)
  model.push(
    { toolCalls: [write('s1')] },
    { toolCalls: [{ name: 'remove_directory', arguments: { path: 'nowhere' } }] },
    { text: 'Done.' },
  )
  const { run } = await ask(app, { session })
  await resume(app, session, { confirmation: 'approve-session' })
  const log = await events(run.id)
  expect(ofType(log, 'tool_call')).toHaveLength(2)
  expect(ofType(log, 'tool_call_confirmation')).toHaveLength(1)
  const { data } = await client.GET('/api/sessions/{session}', params(session))
  expect(data.tools_approved).toBe(true)
  await expectGoesOn(app, session)
})

test('a deny rule wins over approve-all and is told to the model', async () => {
  const session = await newSession(app, { tools_approved: true })
  model.push({ toolCalls: [write('secret.txt'), write('open.txt')] }, { text: 'One of two.' })
  const { run } = await ask(app, { session })
  const responses = ofType(await events(run.id), 'tool_call_response')
  expect(responses.map(({ state }) => state).toSorted()).toEqual(['denied', 'succeeded'])
  expect(toldResults(app)[0]).toContain('The rules of this session deny this call')
  expect(await files()).not.toContain('secret.txt')
  await expectGoesOn(app, session)
})

test('the rules of the file allow, and ask also for what only reads', async () => {
  const session = await newSession(app)
  model.push(
    { toolCalls: [{ name: 'create_directory', arguments: { path: 'made' } }] },
    { toolCalls: [{ name: 'read_file', arguments: { path: 'open.txt' } }] },
    { text: 'Read.' },
  )
  const { run } = await ask(app, { session })
  expect(run.waiting_for).toMatchObject({ kind: 'approval' })
  await resume(app, session, { confirmation: 'approve' })
  const log = await events(run.id)
  const asked = ofType(log, 'tool_call_confirmation')
  expect(asked.map(nameOf)).toEqual(['read_file'])
  await expectGoesOn(app, session)
})

test('with on_ask deny nobody is asked and the run goes on', async () => {
  const session = await newSession(app)
  model.push({ toolCalls: [write('n1')] }, { text: 'Without then.' })
  const { run, output } = await ask(app, { session, options: { on_ask: 'deny' } })
  expect(run).toMatchObject({ status: 'completed', stop_reason: 'stop' })
  expect(output).toBe('Without then.')
  expect(toldResults(app)[0]).toContain('nobody can be asked here')
  await expectGoesOn(app, session)
})

test('approval of all tools can be turned on while a run answers', async () => {
  const session = await newSession(app)
  const { promise, resolve } = Promise.withResolvers<void>()
  model.push(
    { text: 'One two three', toolCalls: [write('live')], hold: promise },
    { text: 'Done.' },
  )
  const run = await start(app, { session })
  const { data } = await client.POST('/api/sessions/{session}/tools/toggle', params(session))
  expect(data).toEqual({ tools_approved: true })
  resolve()
  const log = await events(run.id)
  expect(ofType(log, 'tool_call_confirmation')).toEqual([])
  expect(ofType(log, 'tool_call_response')[0]).toMatchObject({ state: 'succeeded' })
  await expectGoesOn(app, session)
})

test('permissions that change while a run waits count when it goes on', async () => {
  const session = await newSession(app)
  model.push({ toolCalls: [write('late')] }, { text: 'Denied.' })
  const { run } = await ask(app, { session })
  const { data } = await client.PATCH('/api/sessions/{session}/permissions', {
    ...params(session),
    body: { permissions: { deny: ['write_*'] } },
  })
  expect(data).toEqual({ id: session, permissions: { deny: ['write_*'] } })
  await resume(app, session, { confirmation: 'approve' })
  const [response] = ofType(await events(run.id), 'tool_call_response')
  expect(response).toMatchObject({ state: 'denied' })
  expect(await files()).not.toContain('late')
  await expectGoesOn(app, session)
})

test('thinking can be turned off and on again for a session', async () => {
  const session = await newSession(app)
  const toggle = () => client.POST('/api/sessions/{session}/thinking/toggle', params(session))
  expect((await toggle()).data).toEqual({ thinking: false })
  expect((await toggle()).data).toEqual({ thinking: true })
  await expectGoesOn(app, session)
})
