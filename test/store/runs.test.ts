import { afterAll, describe, expect, test } from 'vitest'
import { Run } from '#contract/run.ts'
import { firstPage, mine, oldestFirst, openStore, strangers, wholeTenant } from './rows.ts'

const { store, rows, close } = await openStore()
afterAll(close)

test('a run is what the contract says, whatever its row holds', async () => {
  const sessionId = await rows.session()
  const error = { code: 'model_error', message: 'It said no', retryable: false } as const
  const failed = await rows.run(sessionId, {
    status: 'failed',
    stopReason: 'failed',
    error,
    cost: 0.25,
    inputTokens: 12,
    startedAt: new Date('2030-01-01T00:00:00.120Z'),
    metadata: { ticket: 7 },
  })
  const waitingFor = { kind: 'approval', ids: ['call_1'] } as const
  const waiting = await rows.run(sessionId, { status: 'waiting', waitingFor })
  const run = await store.runs.get(mine, failed)
  expect(Run.parse(run)).toEqual(run)
  expect(run).toMatchObject({
    id: failed,
    session_id: sessionId,
    status: 'failed',
    error,
    usage: { input_tokens: 12, cost: 0.25 },
    started_at: '2030-01-01T00:00:00.120Z',
    finished_at: null,
    waiting_for: null,
    metadata: { ticket: 7 },
  })
  expect(await store.runs.get(wholeTenant, waiting)).toMatchObject({ waiting_for: waitingFor })
})

test('the runs of a session come in pages, the newest first', async () => {
  const sessionId = await rows.session({ externalId: 'runs-of-this' })
  await rows.run(await rows.session())
  const created = [await rows.run(sessionId), await rows.run(sessionId), await rows.run(sessionId)]
  const first = await store.runs.list(mine, 'runs-of-this', { ...firstPage, limit: 2 })
  await rows.run(sessionId)
  const rest = { ...firstPage, cursor: first.next_cursor }
  const second = await store.runs.list(mine, sessionId, rest)
  const seen = [...first.data, ...second.data].map((run) => run.id)
  expect(seen).toEqual(created.toReversed())
  const oldest = await store.runs.list(mine, sessionId, { ...oldestFirst, limit: 1 })
  expect(oldest.data.map((run) => run.id)).toEqual(created.slice(0, 1))
})

test('a session has at most one active run', async () => {
  const sessionId = await rows.session()
  await rows.run(sessionId, { status: 'waiting' })
  await expect(rows.run(sessionId, { status: 'queued' })).rejects.toMatchObject({ code: '23505' })
})

describe.each(strangers)('to %s', (_, scope) => {
  test('a run and the runs of a session are as if they did not exist', async () => {
    const sessionId = await rows.session()
    const runId = await rows.run(sessionId)
    expect(await store.runs.get(scope, runId)).toBeNull()
    const refused = store.runs.list(scope, sessionId, firstPage)
    await expect(refused).rejects.toMatchObject({ code: 'not_found' })
  })

  test('the counts leave out what belongs to someone else', async () => {
    await rows.run(await rows.session(), { status: 'running' })
    const none = { session_count: 0, run_count: 0, running: 0, estimated: false }
    expect(await store.stats.count(scope)).toEqual(none)
  })
})

test('the counts are of sessions and runs that were asked for', async () => {
  const scope = { tenant: 'counted', owner: 'ada' }
  const root = await rows.session(scope)
  const child = await rows.session({ ...scope, rootId: root })
  const tenant = scope.tenant
  const parentRunId = await rows.run(root, { tenant, status: 'running' })
  await rows.run(root, { tenant })
  const before = await store.operator.activeSessions()
  await rows.run(child, { tenant, parentRunId, status: 'running' })
  expect(await store.stats.count(scope)).toEqual({
    session_count: 1,
    run_count: 2,
    running: 1,
    estimated: false,
  })
  expect(await store.operator.activeSessions()).toBe(before)
  await rows.run(await rows.session(scope), { tenant, status: 'queued' })
  expect(await store.operator.activeSessions()).toBe(before + 1)
})
