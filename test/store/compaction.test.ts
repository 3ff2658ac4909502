import { afterAll, beforeAll, expect, test } from 'vitest'
import { bindRunStatements, type RunStatements } from '#store/run-statements.ts'
import { openTestDatabase, type TestDatabase } from '../support/database.ts'

let opened: TestDatabase
let statements: RunStatements
beforeAll(async () => {
  opened = await openTestDatabase()
  statements = bindRunStatements(opened.database)
})
afterAll(() => opened.close())

test('deltas of a finished run become one row for each part, with the same text', async () => {
  await insertRun('ses_1', [
    ['step_started', { step: 1 }],
    ['agent_choice_reasoning', { content: 'hm', part: 0, offset: 0 }],
    ['agent_choice', { content: 'He said "', part: 0, offset: 0 }],
    ['agent_choice', { content: 'ä\n', part: 0, offset: 9 }],
    ['agent_choice', { content: '🐻"', part: 0, offset: 11 }],
    ['partial_tool_call', { tool_call_id: 'c', name: 't', arguments_delta: '{"a', offset: 0 }],
    ['partial_tool_call', { tool_call_id: 'c', name: 't', arguments_delta: '":1}', offset: 3 }],
    ['stream_stopped', { reason: 'completed' }],
  ])
  expect(await statements.compact({ olderThan: 0, limit: 10 })).toBe(1)
  expect(await rowsOf('ses_1')).toEqual([
    [1, null, { step: 1 }],
    [2, null, { content: 'hm', part: 0, offset: 0 }],
    [5, 3, { content: 'He said "ä\n🐻"', part: 0, offset: 0 }],
    [7, 6, { tool_call_id: 'c', name: 't', arguments_delta: '{"a":1}', offset: 0 }],
    [8, null, { reason: 'completed' }],
  ])
})

test('text before and after a restart stays apart', async () => {
  await insertRun('ses_2', [
    ['agent_choice', { content: 'a', part: 0, offset: 0 }],
    ['agent_choice', { content: 'b', part: 0, offset: 1 }],
    ['step_restarted', { step: 1, keep_to: 0, reason: 'model_error' }],
    ['agent_choice', { content: 'c', part: 0, offset: 0 }],
    ['agent_choice', { content: 'd', part: 0, offset: 1 }],
  ])
  await statements.compact({ olderThan: 0, limit: 10 })
  const rows = await rowsOf('ses_2')
  expect(rows.map(([seq, from]) => [seq, from])).toEqual([
    [2, 1],
    [3, null],
    [5, 4],
  ])
})

test('a run is left alone while it is young, and done once', async () => {
  await insertRun('ses_3', [
    ['agent_choice', { content: 'a', part: 0, offset: 0 }],
    ['agent_choice', { content: 'b', part: 0, offset: 1 }],
  ])
  const counts = [
    await statements.compact({ olderThan: 3600, limit: 10 }),
    await statements.compact({ olderThan: 0, limit: 10 }),
    await statements.compact({ olderThan: 0, limit: 10 }),
  ]
  expect(counts).toEqual([0, 1, 0])
})

async function insertRun(session: string, events: [string, object][]): Promise<void> {
  const { database } = opened
  await database.query(
    `insert into sessions (id, tenant, owner, last_seq) values ($1, 'default', 'local', $2)`,
    [session, events.length],
  )
  await database.query(
    `insert into runs (id, tenant, session_id, root_session_id, status, agent, agent_name,
       agent_version, iteration_limit, first_seq, last_seq, finished_at)
     values ($1, 'default', $2, $2, 'completed', 'a', 'root', 'v', 1, 1, $3,
       now() - interval '1 minute')`,
    [`run_${session}`, session, events.length],
  )
  for (const [index, [type, data]] of events.entries()) {
    await database.query(
      `insert into events (session_id, seq, tenant, run_id, agent, type, data)
       values ($1, $2, 'default', $3, 'root', $4, $5)`,
      [session, index + 1, `run_${session}`, type, JSON.stringify(data)],
    )
  }
}

async function rowsOf(sessionId: string): Promise<[number, number | null, unknown][]> {
  const { rows } = await statements.log.read({ sessionId, after: 0, limit: 100 })
  return rows.map((row) => [row.seq, row.seqFrom, JSON.parse(row.data)])
}
