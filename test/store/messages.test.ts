import { afterAll, describe, expect, test } from 'vitest'
import type { Message } from '#contract/message.ts'
import type { PageRequest } from '#store/scope.ts'
import { firstPage, mine, oldestFirst, openStore, strangers } from './rows.ts'

const { store, rows, database, close } = await openStore()
afterAll(close)

async function conversation(length: number) {
  const sessionId = await rows.session()
  const messages: Message[] = []
  for (let seq = 1; seq <= length; seq += 1) {
    messages.push(await rows.message(sessionId, seq, messages.at(-1)?.id ?? null))
  }
  await lead(sessionId, messages.at(-1)?.id ?? null)
  return { sessionId, messages }
}

function lead(sessionId: string, leafId: string | null, branched = false) {
  return database.query('update sessions set leaf_id = $2, branched = $3 where id = $1', [
    sessionId,
    leafId,
    branched,
  ])
}

/** The messages from `seq` on follow the one at `parentSeq`. */
function branchOff(sessionId: string, seq: number, parentSeq: number | null) {
  return database.query(
    `insert into branches (session_id, seq, tenant, parent_seq) values ($1, $2, 'acme', $3)`,
    [sessionId, seq, parentSeq],
  )
}

async function readAll(sessionId: string, order: PageRequest['order'], limit: number) {
  const seen: Message[] = []
  let cursor: string | null = null
  do {
    const page = await store.messages.list(mine, sessionId, { limit, cursor, order })
    expect(page.data.length).toBeLessThanOrEqual(limit)
    seen.push(...page.data)
    cursor = page.next_cursor
  } while (cursor !== null)
  return seen
}

test.each([1, 2, 3, 5, 6])('pages of %i give each message once, both ways', async (limit) => {
  const { sessionId, messages } = await conversation(5)
  expect(await readAll(sessionId, 'asc', limit)).toMatchObject(messages)
  expect(await readAll(sessionId, 'desc', limit)).toMatchObject(messages.toReversed())
})

test('a session without messages has an empty page', async () => {
  const sessionId = await rows.session()
  const page = await store.messages.list(mine, sessionId, oldestFirst)
  expect(page).toEqual({ data: [], next_cursor: null })
})

test('a page goes on where it ended when messages were added', async () => {
  const { sessionId, messages } = await conversation(3)
  const page = await store.messages.list(mine, sessionId, { ...oldestFirst, limit: 2 })
  const added = await rows.message(sessionId, 9, messages.at(-1)?.id ?? null)
  const next = { ...oldestFirst, cursor: page.next_cursor }
  expect((await store.messages.list(mine, sessionId, next)).data).toMatchObject([
    messages[2],
    added,
  ])
})

test.each([1, 2, 10])('only the active branch is shown, in pages of %i', async (limit) => {
  const { sessionId, messages } = await conversation(4)
  const edited = await rows.message(sessionId, 10, messages[1]?.id ?? null, 'edited')
  const answer = await rows.message(sessionId, 11, edited.id, 'another answer')
  await lead(sessionId, answer.id, true)
  await branchOff(sessionId, 10, 2)
  const branch = [...messages.slice(0, 2), edited, answer]
  expect(await readAll(sessionId, 'asc', limit)).toMatchObject(branch)
  expect(await readAll(sessionId, 'desc', limit)).toMatchObject(branch.toReversed())
})

test('an external id names the session', async () => {
  const sessionId = await rows.session({ externalId: 'chat-7' })
  const message = await rows.message(sessionId, 1, null)
  expect((await store.messages.list(mine, 'chat-7', firstPage)).data).toMatchObject([message])
})

describe.each(strangers)('to %s', (_, scope) => {
  test('the messages of a session are as if it did not exist', async () => {
    const { sessionId } = await conversation(1)
    const refused = store.messages.list(scope, sessionId, firstPage)
    await expect(refused).rejects.toMatchObject({ code: 'not_found' })
  })
})

test('one page of a long conversation reads no more rows than it shows', async () => {
  const { sessionId, messages } = await conversation(1)
  await database.query(
    `insert into messages (id, tenant, session_id, parent_id, role, seq, body)
     select 'msg_' || n || $1, 'acme', $1, null, 'user', n, '{}' from generate_series(2, 3000) n`,
    [sessionId],
  )
  await database.query('analyze messages', [])
  for (const order of ['asc', 'desc'] as const) {
    const page = await store.messages.list(mine, sessionId, { ...firstPage, order, limit: 10 })
    expect(page.data).toHaveLength(10)
  }
  const plan = await database.query<{ 'QUERY PLAN': string }>(
    `explain (costs off) select m.seq from messages m where m.session_id = $1
       and m.seq < coalesce($2::bigint, 9223372036854775807) order by m.seq desc limit $3`,
    [sessionId, null, 10],
  )
  const lines = plan.map((row) => row['QUERY PLAN']).join('\n')
  expect(lines).toContain('messages_by_session')
  expect(lines).not.toContain('Sort')
  expect(messages).toHaveLength(1)
})
