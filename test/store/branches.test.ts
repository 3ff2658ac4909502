import { afterAll, describe, expect, test } from 'vitest'
import { mine, oldestFirst, openStore, strangers } from './rows.ts'

const { store, rows, database, close } = await openStore()
afterAll(close)
const { sessions, messages, copies } = store

async function conversation(length: number) {
  const sessionId = await rows.session({ lastSeq: length })
  let leaf: string | null = null
  for (let seq = 1; seq <= length; seq += 1) leaf = (await rows.message(sessionId, seq, leaf)).id
  await database.query('update sessions set leaf_id = $2 where id = $1', [sessionId, leaf])
  const { data } = await messages.list(mine, sessionId, oldestFirst)
  return { sessionId, data }
}

const switchTo = (sessionId: string, leaf: string | undefined) =>
  sessions.update(mine, sessionId, { leaf_message_id: leaf ?? '' })

async function texts(sessionId: string, through?: string) {
  const { data } = await messages.list(mine, sessionId, oldestFirst, through)
  return data.map(({ content }) => content)
}

describe.each(strangers)('to %s', (_, scope) => {
  test('branches and copies of a session are as if it did not exist', async () => {
    const { sessionId, data } = await conversation(2)
    const [first] = data
    const patch = { leaf_message_id: first?.id ?? '' }
    expect(await sessions.update(scope, sessionId, patch)).toBeNull()
    expect(await copies.fork(scope, sessionId, {})).toBeNull()
    expect(await copies.export(scope, sessionId)).toBeNull()
    const listed = messages.list(scope, sessionId, oldestFirst, first?.id)
    await expect(listed).rejects.toMatchObject({ code: 'not_found' })
    expect(await texts(sessionId)).toHaveLength(2)
  })
})

test('a leaf goes back and forth, and what is written follows it', async () => {
  const { sessionId, data } = await conversation(4)
  const [, second, third, fourth] = data
  await switchTo(sessionId, second?.id)
  await switchTo(sessionId, third?.id)
  await switchTo(sessionId, second?.id)
  expect(await texts(sessionId)).toEqual(['text 1', 'text 2'])
  const added = await rows.message(sessionId, 5, second?.id ?? null)
  await database.query('update sessions set leaf_id = $2, last_seq = 5 where id = $1', [
    sessionId,
    added.id,
  ])
  expect(await texts(sessionId)).toEqual(['text 1', 'text 2', 'text 5'])
  expect(await texts(sessionId, second?.id)).toEqual(['text 1', 'text 2', 'text 5'])
  expect(await texts(sessionId, third?.id)).toEqual(['text 1', 'text 2', 'text 3', 'text 4'])
  await switchTo(sessionId, fourth?.id)
  expect(await texts(sessionId)).toEqual(['text 1', 'text 2', 'text 3', 'text 4'])
})

test('a session that is busy, also with a run that waits to begin, keeps its branch', async () => {
  const { sessionId, data } = await conversation(2)
  const runId = await rows.run(sessionId, { status: 'queued', enqueued: true })
  const refused = switchTo(sessionId, data[0]?.id)
  await expect(refused).rejects.toMatchObject({ code: 'session_busy' })
  await database.query(`update runs set status = 'cancelled', enqueued = false where id = $1`, [
    runId,
  ])
  expect(await switchTo(sessionId, data[0]?.id)).toMatchObject({ leaf_message_id: data[0]?.id })
})

test('a patch that cannot switch the branch changes nothing else', async () => {
  const { sessionId } = await conversation(1)
  const refused = sessions.update(mine, sessionId, { title: 'New', leaf_message_id: 'msg_none' })
  await expect(refused).rejects.toMatchObject({ code: 'validation_failed' })
  expect(await sessions.get(mine, sessionId)).toMatchObject({ title: null })
})

test('pages of a long branch go from one range of messages to the one before', async () => {
  const sessionId = await rows.session({ lastSeq: 20_000, branched: true })
  const id = (number: string) => `'msg_' || $1 || '_' || ${number}`
  await database.query(
    `insert into messages (id, tenant, session_id, parent_id, role, seq, body)
     select ${id('n')}, 'acme', $1, case when n > 1 then ${id('(n - 1)')} end, 'user', n,
       json_build_object('id', ${id('n')}, 'parent_id', case when n > 1
       then ${id('(n - 1)')} end, 'content', n::text)
     from generate_series(1, 20000) n`,
    [sessionId],
  )
  // 1..10000 is the first branch; 10001.. hangs behind 9000, and 15001.. behind 12000.
  await database.query(
    `insert into branches (session_id, seq, tenant, parent_seq)
     values ($1, 10001, 'acme', 9000), ($1, 15001, 'acme', 12000)`,
    [sessionId],
  )
  await database.query(`update sessions set leaf_id = ${id("'20000'")} where id = $1`, [sessionId])
  await database.query('analyze messages', [])
  const newest = { limit: 3, cursor: null, order: 'desc' } as const
  const { data, next_cursor } = await messages.list(mine, sessionId, newest)
  expect(data.map(({ content }) => content)).toEqual(['20000', '19999', '19998'])
  const cursor = { ...newest, cursor: next_cursor, limit: 5000 }
  const next = await messages.list(mine, sessionId, cursor)
  const shown = next.data.map(({ content }) => Number(content))
  expect(shown.slice(4994, 4999)).toEqual([15_003, 15_002, 15_001, 12_000, 11_999])
  const first = await messages.list(mine, sessionId, { ...oldestFirst, limit: 2 })
  expect(first.data.map(({ content }) => content)).toEqual(['1', '2'])
})
