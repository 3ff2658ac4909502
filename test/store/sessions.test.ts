import { afterAll, describe, expect, test } from 'vitest'
import { Session, SessionDetail } from '#contract/session.ts'
import {
  definition,
  expiresAt,
  firstPage,
  mine,
  oldestFirst,
  openStore,
  strangers,
  wholeTenant,
} from './rows.ts'

const { store, rows, ids, database, close } = await openStore()
afterAll(close)
const { sessions } = store

function create(input = {}, owner = mine.owner) {
  return sessions.create(mine, { id: ids.next('ses'), owner, input })
}

test('a new session has the defaults of the contract and what was given', async () => {
  const session = await create({ title: 'Plans', metadata: { team: 'a' }, agent: 'helper' })
  expect(Session.parse(session)).toEqual(session)
  expect(session).toMatchObject({
    title: 'Plans',
    status: 'idle',
    active_run_id: null,
    agent: 'helper',
    metadata: { team: 'a' },
    permissions: {},
    tools_approved: false,
    thinking: true,
    last_seq: 0,
    usage: { input_tokens: 0, cost: null },
  })
  expect(await sessions.get(mine, session.id)).toEqual(session)
})

test('an external id names its session everywhere, and only once in a tenant', async () => {
  const session = await create({ external_id: 'ticket-1' })
  expect(await sessions.get(mine, 'ticket-1')).toEqual(session)
  expect(await sessions.toggle(mine, 'ticket-1', 'thinking')).toBe(false)
  await expect(create({ external_id: 'ticket-1' })).rejects.toMatchObject({ code: 'conflict' })
  const elsewhere = { tenant: 'third', owner: 'ada' }
  const input = { external_id: 'ticket-1' }
  const other = await sessions.create(elsewhere, { id: ids.next('ses'), owner: 'ada', input })
  expect(await sessions.get(elsewhere, 'ticket-1')).toEqual(other)
})

test('the id of a session wins over an external id that looks the same', async () => {
  const session = await create({ title: 'real' })
  await create({ external_id: session.id, title: 'imposter' })
  expect(await sessions.get(mine, session.id)).toMatchObject({ title: 'real' })
  expect(await sessions.update(mine, session.id, { title: 'new' })).toMatchObject({
    id: session.id,
  })
})

describe.each(strangers)('to %s', (_, scope) => {
  test('a session is as if it did not exist', async () => {
    const session = await create({ external_id: ids.next('ses'), title: 'secret' })
    for (const name of [session.id, String(session.external_id)]) {
      expect(await sessions.get(scope, name)).toBeNull()
      expect(await sessions.detail(scope, name, { messageLimit: 10 })).toBeNull()
      expect(await sessions.update(scope, name, { title: 'mine now' })).toBeNull()
      expect(await sessions.toggle(scope, name, 'tools_approved')).toBeNull()
      expect(await sessions.remove(scope, name)).toBe(false)
    }
    expect((await sessions.list(scope, firstPage, { q: 'secret' })).data).toEqual([])
    expect(await sessions.get(mine, session.id)).toEqual(session)
  })
})

test('a scope without an owner sees all sessions of its tenant', async () => {
  const session = await create({ agent: 'shared' }, 'carol')
  expect(await sessions.get(wholeTenant, session.id)).toEqual(session)
  expect(await sessions.get(mine, session.id)).toBeNull()
  expect((await sessions.agents(wholeTenant, 'shared', firstPage)).data).toEqual([session])
  expect((await sessions.agents(mine, 'shared', firstPage)).data).toEqual([])
})

test('a patch sets what it names and leaves the rest', async () => {
  const { id } = await create({ title: 'old', metadata: { a: 1 }, tools_approved: true })
  const permissions = { allow: ['read_file'], deny: ['shell'] }
  const patched = await sessions.update(mine, id, { permissions, thinking: false })
  expect(patched).toMatchObject({
    title: 'old',
    metadata: { a: 1 },
    tools_approved: true,
    thinking: false,
    permissions,
  })
  expect(await sessions.update(mine, id, { metadata: {}, tools_approved: false })).toMatchObject({
    metadata: {},
    tools_approved: false,
    thinking: false,
  })
})

test('a setting is flipped and answered as it is now', async () => {
  const { id } = await create()
  expect(await sessions.toggle(mine, id, 'tools_approved')).toBe(true)
  expect(await sessions.toggle(mine, id, 'tools_approved')).toBe(false)
  expect(await sessions.get(mine, id)).toMatchObject({ tools_approved: false, thinking: true })
})

test('a list is in pages by activity, each session once, also while others are added', async () => {
  const created = []
  for (let index = 0; index < 5; index += 1) created.push(await create({ agent: 'paged' }))
  const filter = { agent: 'paged' }
  const first = await sessions.list(mine, { ...firstPage, limit: 2 }, filter)
  await create({ agent: 'paged' })
  const cursor = first.next_cursor
  const second = await sessions.list(mine, { ...firstPage, limit: 2, cursor }, filter)
  const rest = { ...firstPage, limit: 2, cursor: second.next_cursor }
  const third = await sessions.list(mine, rest, filter)
  const seen = [...first.data, ...second.data, ...third.data].map((session) => session.id)
  expect(seen).toEqual(created.map((session) => session.id).reverse())
  expect(third.next_cursor).toBeNull()
})

test('the oldest first is the same list the other way round', async () => {
  const one = await create({ agent: 'ordered' })
  const two = await create({ agent: 'ordered' })
  await touch(one.id)
  const page = await sessions.list(mine, oldestFirst, { agent: 'ordered' })
  expect(page.data.map((session) => session.id)).toEqual([two.id, one.id])
})

test.each(['x', 'bm90IGpzb24', Buffer.from('["2020","a\\u0000"]').toString('base64url'), 'W10'])(
  'the cursor %s is refused',
  async (cursor) => {
    const refused = sessions.list(mine, { ...firstPage, cursor }, {})
    await expect(refused).rejects.toMatchObject({ code: 'validation_failed' })
  },
)

test('a list is filtered by status, metadata and text, where % and _ are plain', async () => {
  const busy = await create({ agent: 'filtered', title: '100% done_x', metadata: { a: 1, b: 2 } })
  const idle = await create({ agent: 'filtered', title: '100 percent' })
  await rows.run(busy.id, { status: 'waiting' })
  await rows.message(idle.id, 1, null, 'Where is the Harbour?')
  const find = async (filter: object) => {
    const page = await sessions.list(mine, firstPage, { agent: 'filtered', ...filter })
    return page.data.map((session) => session.id)
  }
  expect(await find({ status: 'waiting' })).toEqual([busy.id])
  expect(await find({ status: 'idle' })).toEqual([idle.id])
  expect(await find({ metadata: { a: 1 } })).toEqual([busy.id])
  expect(await find({ q: '0% DONE_' })).toEqual([busy.id])
  expect(await find({ q: 'harbour' })).toEqual([idle.id])
  expect(await find({ q: '0_p' })).toEqual([])
})

test('a sub-agent’s session is found by its id and is in no list', async () => {
  const root = await create({ agent: 'nested' })
  const id = await rows.session({ rootId: root.id, parentId: root.id, agent: 'nested' })
  expect(await sessions.get(mine, id)).toMatchObject({ id, parent_id: root.id })
  expect((await sessions.list(mine, firstPage, { agent: 'nested' })).data).toEqual([root])
})

test('the detail has the status, the newest messages in order and all that waits', async () => {
  const id = await rows.session({})
  const first = await rows.message(id, 1, null)
  const second = await rows.message(id, 2, first.id)
  const third = await rows.message(id, 5, second.id)
  const runId = await rows.run(id, { status: 'waiting' })
  const child = await rows.session({ rootId: id, parentId: id })
  const subRun = await rows.run(child, { parentRunId: runId, rootSessionId: id, status: 'waiting' })
  const toolCallId = await rows.call(child, subRun)
  const nested = { sessionId: child, runId: subRun, toolCallId }
  const approvalId = await rows.approval(nested, { rootSessionId: id })
  const elicitationId = await rows.elicitation(nested, { rootSessionId: id })
  await rows.call(id, runId, { executor: 'client', callId: 'call_client', tool: 'pick' })
  await rows.call(id, runId, { executor: 'client', result: { output: '', is_error: false } })

  const detail = await sessions.detail(mine, id, { messageLimit: 2 })
  expect(SessionDetail.parse(detail)).toEqual(detail)
  expect(detail).toMatchObject({
    status: 'waiting',
    active_run_id: runId,
    messages: [second, third],
    pending_approvals: [
      {
        id: approvalId,
        session_id: child,
        run_id: subRun,
        agent_name: 'root',
        tool_call: {
          id: 'call_model',
          function: { name: 'write_file', arguments: '{"path":"a"}' },
        },
        tool_definition: definition,
        expires_at: expiresAt.toISOString(),
      },
    ],
    pending_elicitations: [{ id: elicitationId, session_id: child, message: 'Which file?' }],
    pending_tool_calls: [{ session_id: id, tool_call: { id: 'call_client' } }],
  })
  const older = { ...firstPage, cursor: detail?.messages_cursor ?? null }
  expect((await store.messages.list(mine, id, older)).data).toMatchObject([first])
})

test('nothing of a removed session is left in any table', async () => {
  const { id } = await create({ external_id: 'to-remove' })
  const kept = await create()
  for (const sessionId of [id, await rows.session({ rootId: id }), kept.id]) {
    const runId = await rows.run(sessionId)
    const toolCallId = await rows.call(sessionId, runId)
    await rows.approval({ sessionId, runId, toolCallId })
    await rows.elicitation({ sessionId, runId, toolCallId })
    await rows.message(sessionId, 1, null)
    await fillRest(sessionId)
  }
  const before = await countRows()
  expect(await sessions.remove(mine, 'to-remove')).toBe(true)
  expect(await sessions.remove(mine, 'to-remove')).toBe(false)
  const after = await countRows()
  const lost = Object.entries(before).map(([table, count]) => [table, count - (after[table] ?? 0)])
  const elsewhere = [
    'agent_versions',
    'agents',
    'agent_revisions',
    'audit_log',
    'api_keys',
    // What was begun with a key is not begun again because it was deleted.
    'idempotency_keys',
  ]
  const ofSessions = lost.filter(([table]) => !elsewhere.includes(String(table)))
  expect(ofSessions).toEqual(ofSessions.map(([table]) => [table, 2]))
  expect(await sessions.get(mine, kept.id)).not.toBeNull()
})

/** Later activity; the clock of the embedded database may not have moved on by itself. */
async function touch(sessionId: string) {
  const text = `update sessions set updated_at = updated_at + interval '1 s' where id = $1`
  await database.query(text, [sessionId])
}

/** Every table of the schema: one that is new is in the list by itself. */
async function countRows(): Promise<Record<string, number>> {
  const counts: Record<string, number> = {}
  const tables = await database.query<{ name: string }>(
    `select table_name as name from information_schema.tables where table_schema = 'public'`,
    [],
  )
  for (const { name } of tables) {
    const [row] = await database.query<{ count: number }>(`select count(*) from ${name}`, [])
    counts[name] = row?.count ?? 0
  }
  return counts
}

async function fillRest(sessionId: string) {
  for (const text of [
    `insert into events (session_id, seq, tenant, run_id, agent, type, data)
     values ($1, 1, 'acme', 'run_1', 'root', 'warning', '{}')`,
    `insert into todos (session_id, tenant) values ($1, 'acme')`,
    `insert into tasks (session_id, tenant) values ($1, 'acme')`,
    `insert into webhook_deliveries (id, tenant, session_id, run_id)
     values ('dlv_' || $1, 'acme', $1, 'run_1')`,
    `insert into steered_messages (id, tenant, session_id, run_id, body)
     values ('msg_' || $1, 'acme', $1, 'run_1', '{}')`,
    `insert into session_tokens (digest, tenant, owner, session_id, verbs, expires_at)
     values ('digest ' || $1, 'acme', 'ada', $1, '{}', now())`,
    `insert into summaries (session_id, seq, tenant, text) values ($1, 1, 'acme', 'They met.')`,
    `insert into session_contexts (session_id, agent_name, tenant, text)
     values ($1, 'root', 'acme', 'On main.')`,
    `insert into branches (session_id, seq, tenant) values ($1, 1, 'acme')`,
    `insert into memories (id, tenant, owner, scope, key, text)
     values ('mem_' || $1, 'acme', 'ada', 'session', $1, 'remembered')`,
  ]) {
    await database.query(text, [sessionId])
  }
}

test('text that cannot be stored is refused, not a fault', async () => {
  const bad = { title: 'a\0b' }
  await expect(create(bad)).rejects.toMatchObject({ code: 'validation_failed' })
  const half = { metadata: { text: '\ud800' } }
  await expect(create(half)).rejects.toMatchObject({ code: 'validation_failed' })
  const { id } = await create()
  await expect(sessions.get(mine, 'a\0')).rejects.toMatchObject({ code: 'validation_failed' })
  await expect(sessions.update(mine, id, bad)).rejects.toMatchObject({ code: 'validation_failed' })
})
