import { afterAll, describe, expect, test } from 'vitest'
import type { Message } from '#contract/message.ts'
import { requestCancel } from '#store/decisions.ts'
import { loadRun } from '#store/run-loading.ts'
import {
  dropQueue,
  enqueueRun,
  type QueuedRun,
  readPosted,
  steerRun,
  takeQueued,
} from '#store/run-queue.ts'
import type { Scope } from '#store/scope.ts'
import { mine, openStore, strangers } from './rows.ts'

const { store, database, ids, rows, close } = await openStore()
afterAll(close)

const says = (content: string): Message => ({
  id: ids.next('msg'),
  parent_id: null,
  role: 'user',
  agent_name: null,
  status: 'complete',
  content,
  created_at: '2030-01-01T00:00:00.000Z',
})

const queued = (sessionId: string, policy: QueuedRun['policy'], scope: Scope = mine) =>
  ({
    scope,
    sessionId,
    runId: ids.next('run'),
    agent: 'helper',
    agentName: 'root',
    agentVersion: 'v1',
    model: 'm',
    options: {},
    iterationLimit: 20,
    budget: { limits: {}, portions: {} },
    metadata: {},
    trace: null,
    key: null,
    messages: [says(policy)],
    policy,
  }) satisfies QueuedRun

async function place(sessionId: string, policy: QueuedRun['policy']): Promise<string> {
  const run = queued(sessionId, policy)
  if (!(await enqueueRun(database, run))) throw new Error('the session is idle')
  return run.runId
}

const end = (runId: string) =>
  database.query(
    `update runs set status = 'completed', finished_at = now(), last_seq = 9 where id = $1`,
    [runId],
  )
const take = async (sessionId: string) => {
  const request = { instance: 'one', sessions: [sessionId], limit: 10 }
  return (await takeQueued(database, request)).map(({ id }) => id)
}

test('nothing is taken while a run is active, then one at a time, those that interrupt first', async () => {
  const session = await rows.session()
  const active = await rows.run(session, { status: 'running' })
  const [first, second] = [await place(session, 'enqueue'), await place(session, 'enqueue')]
  const urgent = await place(session, 'interrupt')
  expect(await take(session)).toEqual([])
  const order = [active, urgent, first, second]
  for (const [index, run] of order.entries()) {
    // It took up what it came with.
    await database.query('delete from steered_messages where run_id = $1', [run])
    await end(run)
    expect(await take(session)).toEqual(order.slice(index + 1, index + 2))
  }
})

test('of many who take at once one gets the run', async () => {
  const session = await rows.session()
  const active = await rows.run(session, { status: 'running' })
  const next = await place(session, 'enqueue')
  await place(session, 'enqueue')
  await end(active)
  const taken = await Promise.all(Array.from({ length: 10 }, () => take(session)))
  expect(taken.flat()).toEqual([next])
})

test('an idle session enqueues nothing and has no run to steer', async () => {
  const session = await rows.session()
  expect(await enqueueRun(database, queued(session, 'enqueue'))).toBeNull()
  const steering = { scope: mine, sessionId: session, messages: [says('Hm')], key: null }
  expect(await steerRun(database, steering)).toBeNull()
})

test('thirty who enqueue at once leave twenty, however they come', async () => {
  const session = await rows.session()
  await rows.run(session, { status: 'waiting' })
  const tries = Array.from({ length: 30 }, () =>
    place(session, 'enqueue').catch((error: { code: string }) => error.code),
  )
  const placed = await Promise.all(tries)
  expect(placed.filter((answer) => answer === 'queue_full')).toHaveLength(10)
})

test('what a run was steered with and did not take up is its own run, with a fresh budget', async () => {
  const session = await rows.session()
  const budget = { limits: { tokens: 900 }, portions: { tokens: 300 }, stopped: true }
  const active = await rows.run(session, { status: 'running', budget })
  const messages = [says('One'), says('two')]
  await steerRun(database, { scope: mine, sessionId: session, messages, key: null })
  await end(active)
  const [own = ''] = await take(session)
  expect(await readPosted(database, [own, active])).toEqual([messages, []])
  expect(await loadRun(database, own)).toMatchObject({
    agentVersion: 'v1',
    begun: false,
    budget: { limits: { tokens: 300 }, portions: { tokens: 300 } },
  })
})

test('a run goes on from before the messages that it takes the place of, however many gave up', async () => {
  const session = await rows.session()
  const kept = await rows.message(session, 1, null, 'Kept')
  const wrong = await rows.message(session, 2, kept.id, 'Wrong')
  await database.query('update sessions set leaf_id = $2 where id = $1', [session, wrong.id])
  const active = await rows.run(session, { status: 'running', firstSeq: 2 })
  const given = await place(session, 'rollback')
  const last = await place(session, 'rollback')
  expect(await requestCancel(database, mine, given)).toMatchObject({ status: 'cancelled' })
  await end(active)
  expect(await take(session)).toEqual([last])
  expect(await loadRun(database, last)).toMatchObject({
    leaf: kept.id,
    branched: true,
    replacedSeq: 2,
  })
})

test('a run that is dropped before it begins leaves no message behind', async () => {
  const session = await rows.session()
  await rows.run(session, { status: 'running' })
  const [one, other] = [await place(session, 'enqueue'), await place(session, 'enqueue')]
  await requestCancel(database, mine, one)
  await dropQueue(database, mine, session)
  for (const run of [one, other]) {
    expect(await readPosted(database, [run])).toEqual([[]])
    expect(await store.runs.get(mine, run)).toMatchObject({
      status: 'cancelled',
      stop_reason: 'cancelled',
      started_at: null,
    })
  }
})

describe.each(strangers)('to %s', (_, scope) => {
  test('a busy session is as if it did not exist', async () => {
    const session = await rows.session()
    await rows.run(session, { status: 'running' })
    const mineQueued = await place(session, 'enqueue')
    expect(await enqueueRun(database, queued(session, 'interrupt', scope))).toBeNull()
    const steering = { scope, sessionId: session, messages: [says('Hm')], key: null }
    expect(await steerRun(database, steering)).toBeNull()
    await dropQueue(database, scope, session)
    expect(await requestCancel(database, scope, mineQueued)).toBeNull()
    expect(await store.runs.started(scope, mineQueued)).toBeNull()
    expect(await store.runs.answer(scope, mineQueued)).toBeNull()
    expect(await store.runs.get(mine, mineQueued)).toMatchObject({ status: 'queued' })
  })
})
