import { afterAll, expect, test } from 'vitest'
import { expireEvents } from '#store/event-expiry.ts'
import { readBounds, readEvents } from '#store/events.ts'
import { type NewRun, startRuns } from '#store/run-start.ts'
import { expireSessions } from '#store/session-expiry.ts'
import { removeExpiredTokens } from '#store/token-expiry.ts'
import { firstPage, mine, openStore } from './rows.ts'

const { store, rows, database, close } = await openStore()
afterAll(close)

const day = 24 * 60 * 60
const olderThan = 30 * day

test('events of runs that ended long ago go, and the messages stay', async () => {
  const sessionId = await rows.session({ lastSeq: 6 })
  const message = await rows.message(sessionId, 1, null)
  await ended(sessionId, { firstSeq: 1, lastSeq: 2, days: 31 })
  await ended(sessionId, { firstSeq: 4, lastSeq: 6, days: 29 })
  await writeEvents(sessionId, [31, 31, 31, 29, 29, 29])
  expect(await expireEvents(database, { olderThan, limit: 10 })).toBe(1)
  expect(await expireEvents(database, { olderThan, limit: 10 })).toBe(0)
  expect(await seqsOf(sessionId)).toEqual([4, 5, 6])
  expect(await readBounds(database, mine, sessionId)).toEqual({ sessionId, oldest: 4, head: 6 })
  expect((await store.messages.list(mine, sessionId, firstPage)).data).toMatchObject([message])
})

test('a reader of what is gone is told, wherever it has got to', async () => {
  const sessionId = await rows.session({ lastSeq: 4 })
  await ended(sessionId, { firstSeq: 1, lastSeq: 2, days: 31 })
  const runId = await ended(sessionId, { firstSeq: 3, lastSeq: 4, days: 1 })
  await writeEvents(sessionId, [31, 31, 1, 1])
  const read = async (after: number) => {
    const { rows: found, lost } = await readEvents(database, { sessionId, after, limit: 10 })
    return [found.map(({ seq }) => seq), lost]
  }
  expect(await read(0)).toEqual([[1, 2, 3, 4], false])
  await expireEvents(database, { olderThan, limit: 10 })
  expect(await read(0)).toEqual([[3, 4], true])
  expect(await read(1)).toEqual([[3, 4], true])
  expect(await read(2)).toEqual([[3, 4], false])
  await age(runId, 31)
  await expireEvents(database, { olderThan, limit: 10 })
  expect(await read(2)).toEqual([[], true])
  expect(await read(4)).toEqual([[], false])
})

test('nothing of a run that is not over goes, however old it is', async () => {
  const sessionId = await rows.session({ lastSeq: 4 })
  const [startedAt, status] = [new Date(0), 'waiting']
  await ended(sessionId, { firstSeq: 1, lastSeq: 2, days: 50 })
  await rows.run(sessionId, { firstSeq: 3, startedAt, status })
  await writeEvents(sessionId, [50, 50, 40, 40])
  expect(await expireEvents(database, { olderThan, limit: 10 })).toBe(1)
  expect(await seqsOf(sessionId)).toEqual([3, 4])
})

test('what a sub-agent said goes with the run that it worked for', async () => {
  const sessionId = await rows.session({ lastSeq: 3 })
  const child = await rows.session({ rootId: sessionId, parentId: sessionId })
  const startedAt = new Date(0)
  const runId = await rows.run(sessionId, { firstSeq: 1, startedAt, status: 'waiting' })
  const subRun = await ended(child, {
    firstSeq: 2,
    lastSeq: 2,
    days: 40,
    rootSessionId: sessionId,
    parentRunId: runId,
  })
  const call = { sessionId: child, runId: subRun, toolCallId: await rows.call(child, subRun) }
  const approval = await rows.approval(call, { rootSessionId: sessionId, status: 'approved' })
  await rows.elicitation(call, { rootSessionId: sessionId, status: 'answered' })
  await writeEvents(sessionId, [40, 40, 40])
  await expireEvents(database, { olderThan, limit: 10 })
  expect(await seqsOf(sessionId)).toEqual([1, 2, 3])
  expect(await store.approvals.get(mine, approval)).toBeNull()
  await database.query(
    `update runs set status = 'completed', last_seq = 3, finished_at = now() - interval '31 days'
     where id = $1`,
    [runId],
  )
  await expireEvents(database, { olderThan, limit: 10 })
  expect(await seqsOf(sessionId)).toEqual([])
})

test('events are deleted in batches, by several at a time, each once', async () => {
  for (let index = 0; index < 7; index += 1) {
    const sessionId = await rows.session({ lastSeq: 1 })
    await ended(sessionId, { firstSeq: 1, lastSeq: 1, days: 31 })
    await writeEvents(sessionId, [31])
  }
  const several = Array.from({ length: 5 }, () => expireEvents(database, { olderThan, limit: 2 }))
  const done = (await Promise.all(several)).reduce((sum, count) => sum + count, 0)
  const rest = await expireEvents(database, { olderThan, limit: 10 })
  expect(done + rest).toBe(7)
})

test('idle sessions are removed with everything in them, of all tenants', async () => {
  const old = await idleSession({})
  const elsewhere = await idleSession({ tenant: 'other', agent: 'helper' })
  const fresh = await rows.session()
  const child = await rows.session({ rootId: old, parentId: old, updatedAt: longAgo })
  const fork = await rows.session({ parentId: old, origin: 'fork' })
  await rows.message(old, 1, null)
  await ended(old, { firstSeq: 1, lastSeq: 1, days: 2 })
  const removed = await expireSessions(database, { idleFor: day, limit: 10 })
  expect(removed.map(({ id }) => id).sort()).toEqual([old, elsewhere].sort())
  expect(removed).toContainEqual({
    id: elsewhere,
    tenant: 'other',
    owner: 'ada',
    agent: 'helper',
    agent_name: null,
    working_dir: null,
  })
  expect(await idsOf([old, child, elsewhere, fresh, fork])).toEqual([fresh, fork].sort())
  const [left] = await database.query<{ count: number }>(
    'select count(*) from messages where session_id = $1',
    [old],
  )
  expect(left?.count).toBe(0)
})

test.each(['queued', 'running', 'waiting'])(
  'a session with a %s run is not removed, nor one whose background agent has one',
  async (status) => {
    const busy = await idleSession({})
    await rows.run(busy, { status })
    const parent = await idleSession({})
    const first = await idleSession({ parentId: parent, origin: 'background' })
    const second = await idleSession({ parentId: first, origin: 'background' })
    const runId = await rows.run(second, { status })
    expect(await expireSessions(database, { idleFor: day, limit: 10 })).toEqual([])
    const all = [busy, parent, first, second]
    expect(await idsOf(all)).toEqual(all.sort())
    await database.query(`update runs set status = 'completed' where session_id = any($1)`, [all])
    await expireSessions(database, { idleFor: day, limit: 10 })
    expect(await idsOf(all)).toEqual([])
    expect(await store.runs.get(mine, runId)).toBeNull()
  },
)

test('a session whose last turn is on its way to the archive stays until it was taken', async () => {
  const id = await idleSession({})
  await database.query(
    `insert into webhook_deliveries (id, tenant, session_id, run_id)
     values ('dlv_idle', 'acme', $1, 'run_1')`,
    [id],
  )
  expect(await expireSessions(database, { idleFor: day, limit: 10 })).toEqual([])
  await database.query(`delete from webhook_deliveries where id = 'dlv_idle'`, [])
  expect(await expireSessions(database, { idleFor: day, limit: 10 })).toHaveLength(1)
})

test('a session that somebody writes to just now is left alone', async () => {
  if (database.kind === 'embedded') return
  const id = await idleSession({})
  await database.transaction(async (tx) => {
    await tx.query('update sessions set updated_at = now() where id = $1', [id])
    expect(await expireSessions(database, { idleFor: day, limit: 10 })).toEqual([])
  })
  expect(await expireSessions(database, { idleFor: day, limit: 10 })).toEqual([])
  expect(await store.sessions.get(mine, id)).toMatchObject({ id })
})

test('of a run that begins and a session that expires at once, one wins', async () => {
  const ids = await Promise.all(Array.from({ length: 20 }, () => idleSession({ agent: 'raced' })))
  const [started] = await Promise.all([
    Promise.all(ids.map((id) => startRuns(database, [newRun(id)]))),
    expireSessions(database, { idleFor: day, limit: 10 }),
    expireSessions(database, { idleFor: day, limit: 20 }),
  ])
  const going = ids.filter((_, index) => started[index]?.[0] !== null)
  expect(await idsOf(ids)).toEqual(going.sort())
  for (const table of ['runs', 'events']) {
    const text = `select distinct session_id as id from ${table} where session_id = any($1) order by 1`
    const found = await database.query<{ id: string }>(text, [ids])
    expect(found.map(({ id }) => id)).toEqual(going)
  }
})

test('tokens are deleted when they are not valid any more', async () => {
  await database.query(
    `insert into session_tokens (digest, tenant, owner, session_id, verbs, expires_at)
     values ('old', 'acme', 'ada', 'ses_1', '{}', now() - interval '1 s'),
       ('valid', 'acme', 'ada', 'ses_1', '{}', now() + interval '1 h')`,
    [],
  )
  expect(await removeExpiredTokens(database, { limit: 10 })).toBe(1)
  expect(await removeExpiredTokens(database, { limit: 10 })).toBe(0)
})

function newRun(sessionId: string): NewRun {
  const runId = `run${sessionId.slice(3)}`
  const event = { runId, sessionId, agent: 'root', type: 'stream_started', data: '{}' }
  return {
    scope: mine,
    session: { type: 'existing', id: sessionId, leaf: null },
    runId,
    agent: 'helper',
    agentName: 'root',
    agentVersion: 'v1',
    model: 'm',
    options: {},
    iterationLimit: 5,
    budget: { limits: {}, portions: {} },
    metadata: {},
    trace: null,
    instance: 'one',
    events: [event],
    key: null,
  }
}

const longAgo = new Date(Date.now() - 2 * day * 1000)

function idleSession(values: Parameters<typeof rows.session>[0]) {
  return rows.session({ updatedAt: longAgo, ...values })
}

async function ended(
  sessionId: string,
  { days, ...values }: { days: number } & NonNullable<Parameters<typeof rows.run>[1]>,
) {
  const time = new Date(Date.now() - days * day * 1000)
  return rows.run(sessionId, { ...values, startedAt: time, finishedAt: time })
}

async function age(runId: string, days: number) {
  const text = `update runs set finished_at = now() - $2::int * interval '1 day' where id = $1`
  await database.query(text, [runId, days])
}

/** Events from seq 1 on, each so many days old. */
async function writeEvents(sessionId: string, days: number[]) {
  await database.query(
    `insert into events (session_id, seq, tenant, run_id, agent, type, data, created_at)
     select $1, ordinality, 'acme', 'run_1', 'root', 'warning', '{}', now() - age * interval '1 day'
     from unnest($2::int[]) with ordinality as e(age, ordinality)`,
    [sessionId, days],
  )
}

async function seqsOf(sessionId: string): Promise<number[]> {
  const { rows: found } = await readEvents(database, { sessionId, after: 0, limit: 100 })
  return found.map(({ seq }) => seq)
}

async function idsOf(ids: string[]): Promise<string[]> {
  const text = 'select id from sessions where id = any($1) order by id'
  return (await database.query<{ id: string }>(text, [ids])).map(({ id }) => id)
}
