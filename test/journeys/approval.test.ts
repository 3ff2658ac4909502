import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
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

const app = await startApp({ lifetime: 'file' })
const { client, model, events } = app

function write(path: string, content = 'hello') {
  return { name: 'write_file', arguments: { path, content } }
}
const stored = (path: string) => readFile(join(app.directory, 'files', path), 'utf8')

/** A run that waits for one write_file. */
async function waiting(path: string, options = {}) {
  const session = await newSession(app)
  model.push({ text: 'I will write.', toolCalls: [write(path)] })
  const { run } = await ask(app, { session, message: 'Write it', options })
  return { session, run }
}

test('a call that must be approved parks the run, and a second request lets it go on', async () => {
  const { session, run } = await waiting('a.txt')
  expect(run).toMatchObject({ status: 'waiting', waiting_for: { kind: 'approval' } })
  const before = await getSession(app, session)
  expect(before).toMatchObject({ status: 'waiting', active_run_id: run.id })
  expect(before.pending_approvals.map(({ tool_call }) => tool_call.function.name)).toEqual([
    'write_file',
  ])
  model.push({ text: 'Written.' })
  await resume(app, session, { confirmation: 'approve' })
  const log = await events(run.id)
  expect(ofType(log, 'run_resumed').map(({ reason }) => reason)).toEqual(['approval'])
  expect(ofType(log, 'tool_call_response')[0]).toMatchObject({ state: 'succeeded' })
  expect(await stored('a.txt')).toBe('hello')
  expect(await getSession(app, session)).toMatchObject({ status: 'idle', pending_approvals: [] })
  await expectGoesOn(app, session)
})

test('a rejection with a reason is told to the model and nothing runs', async () => {
  const { session, run } = await waiting('b.txt')
  model.push({ text: 'Then not.' })
  await resume(app, session, { confirmation: 'reject', reason: 'use another name' })
  const log = await events(run.id)
  expect(ofType(log, 'tool_call')).toEqual([])
  expect(ofType(log, 'tool_call_response')[0]).toMatchObject({ state: 'denied' })
  expect(toldResults(app)).toEqual(['The user rejected the call: use another name'])
  await expect(stored('b.txt')).rejects.toThrow('ENOENT')
  await expectGoesOn(app, session)
})

test('an approval with other arguments runs those', async () => {
  const { session, run } = await waiting('c.txt')
  model.push({ text: 'Done.' })
  const replacement = { path: 'd.txt', content: 'changed' }
  await resume(app, session, { confirmation: 'approve', arguments: replacement })
  const log = await events(run.id)
  const [call] = ofType(log, 'tool_call')
  expect(JSON.parse(call?.tool_call.function.arguments ?? '')).toEqual(replacement)
  expect(await stored('d.txt')).toBe('changed')
  await expect(stored('c.txt')).rejects.toThrow('ENOENT')
  await expectGoesOn(app, session)
})

test('changed arguments that do not fit the tool are told to the model', async () => {
  const { session, run } = await waiting('e.txt')
  model.push({ text: 'Oh.' })
  await resume(app, session, { confirmation: 'approve', arguments: { path: 7 } })
  expect(ofType(await events(run.id), 'tool_call_response')[0]).toMatchObject({ state: 'failed' })
  expect(toldResults(app)[0]).toContain("do not fit the tool's schema")
  await expectGoesOn(app, session)
})

test('the same decision again changes nothing and the opposite one is refused', async () => {
  const { session, run } = await waiting('f.txt')
  const [approval] = (await getSession(app, session)).pending_approvals
  const params = { path: { approval: approval?.id ?? '' } }
  const decide = (decision: 'approve' | 'reject') =>
    client.POST('/api/approvals/{approval}', { params, body: { decision } })
  model.push({ text: 'Done.' })
  expect((await decide('approve')).data).toMatchObject({ status: 'approved' })
  expect((await decide('approve')).data).toMatchObject({ status: 'approved' })
  await expect(decide('reject')).rejects.toMatchObject({ status: 409, code: 'already_decided' })
  const log = await events(run.id)
  expect(ofType(log, 'tool_call')).toHaveLength(1)
  await expect(decide('reject')).rejects.toMatchObject({ code: 'already_decided' })
  const toolCall = { tool_call_id: approval?.tool_call.id ?? '' }
  await resume(app, session, { confirmation: 'approve', ...toolCall })
  await expect(resume(app, session, { confirmation: 'reject', ...toolCall })).rejects.toMatchObject(
    {
      status: 409,
      code: 'already_decided',
    },
  )
  await expectGoesOn(app, session)
})

test('of two calls each is decided by its id, and the run goes on after the last', async () => {
  const session = await newSession(app)
  model.push({ toolCalls: [write('g1.txt'), write('g2.txt')] }, { text: 'Both decided.' })
  const { run } = await ask(app, { session })
  const { pending_approvals } = await getSession(app, session)
  const [first, second] = pending_approvals
    .toSorted((a, b) => (a.tool_call.id < b.tool_call.id ? -1 : 1))
    .map(({ tool_call }) => tool_call.id)
  const parked = await resume(app, session, { confirmation: 'reject', tool_call_id: second ?? '' })
  expect(parked.status).toBe('waiting')
  await resume(app, session, { confirmation: 'approve', tool_call_id: first ?? '' })
  const log = await events(run.id)
  expect(ofType(log, 'run_waiting')).toHaveLength(1)
  expect(toldResults(app)[1]).toBe('The user rejected the call.')
  expect(await stored('g1.txt')).toBe('hello')
  await expectGoesOn(app, session)
})

test('approvals are listed across sessions, newest first, and decided by id', async () => {
  const one = await waiting('h1.txt')
  const two = await waiting('h2.txt')
  const list = async (query: object) =>
    (await client.GET('/api/approvals', { params: { query } })).data
  const pending = await list({ status: 'pending' })
  expect(pending.data.map(({ run_id }) => run_id)).toEqual([two.run.id, one.run.id])
  const page = await list({ status: 'pending', limit: 1 })
  const rest = await list({ status: 'pending', limit: 1, cursor: page.next_cursor })
  expect([...page.data, ...rest.data]).toEqual(pending.data)
  for (const { session } of [one, two]) {
    model.push({ text: 'Done.' })
    const [approval] = (await list({ session })).data
    const body = { decision: 'approve' } as const
    const params = { path: { approval: approval?.id ?? '' } }
    await client.POST('/api/approvals/{approval}', { params, body })
    await until(app, approval?.run_id ?? '', 'stream_stopped')
    await expectGoesOn(app, session)
  }
  expect((await list({ status: 'pending' })).data).toEqual([])
})

test('the stream of a run stays open while it is parked', async () => {
  const session = await newSession(app)
  model.push({ toolCalls: [write('i.txt')] }, { text: 'Done.' })
  const run = await start(app, { session })
  const log = events(run.id)
  await until(app, run.id, 'run_waiting')
  await resume(app, session, { confirmation: 'approve' })
  expect((await log).at(-1)).toMatchObject({ type: 'stream_stopped', reason: 'completed' })
  await expectGoesOn(app, session)
})

test('nothing pending is a conflict, and an unknown session is not found', async () => {
  const session = await newSession(app)
  const confirmation = 'approve'
  await expect(resume(app, session, { confirmation })).rejects.toMatchObject({
    status: 409,
    code: 'nothing_pending',
  })
  await expect(resume(app, 'nobody', { confirmation })).rejects.toMatchObject({ status: 404 })
  await expectGoesOn(app, session)
})
