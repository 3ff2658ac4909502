import { setImmediate } from 'node:timers/promises'
import { afterAll, expect, test } from 'vitest'
import { Problem } from '#contract/problem.ts'
import { createTurns } from '#store/embedded-turns.ts'
import { createOrm } from '#store/orm.ts'
import { agentVersions } from '#store/tables.ts'
import { openTestDatabase } from '../support/database.ts'

const { database, close } = await openTestDatabase()
afterAll(close)

const version = (name: string) => ({ version: name, name, file: { a: [1] }, baseDirectory: '/' })

test('values cross to the database and back the same on every driver', async () => {
  const texts = ['plain', 'a "b" \\ {c}, d', '', 'null', 'NULL', 'é\n', ' ']
  const json = { text: '"', list: [1, null], nested: { é: true } }
  const rows = await database.query(
    `select $1::bigint as big, $2::text[] as texts, $3::text::jsonb as json, $4::boolean as flag,
       $5::double precision as float, $6::text as nothing, $7::int as small,
       $3::text::json->'list' as part, array[null, 'x'] as holes, jsonb_typeof($3::text::jsonb) as type`,
    [2 ** 50, texts, JSON.stringify(json), false, 0.1, null, -3],
  )
  expect([...rows]).toEqual([
    {
      big: 2 ** 50,
      texts,
      json,
      flag: false,
      float: 0.1,
      nothing: null,
      small: -3,
      part: [1, null],
      holes: [null, 'x'],
      type: 'object',
    },
  ])
})

test.each([
  ['2030-01-02 03:04:05+00', '2030-01-02T03:04:05.000Z'],
  ['2030-01-02 03:04:05.1+00', '2030-01-02T03:04:05.100Z'],
  ['2030-01-02 03:04:05.123456+02', '2030-01-02T01:04:05.123Z'],
])('the time %s comes back as %s', async (text, iso) => {
  const [row] = await database.query('select $1::timestamptz as at', [text])
  expect(row).toEqual({ at: iso })
})

test('Drizzle reads back what it wrote, and its errors are the driver’s own', async () => {
  const orm = createOrm(database)
  await orm.insert(agentVersions).values(version('orm'))
  const rows = await orm.select().from(agentVersions)
  expect(rows).toMatchObject([version('orm')])
  expect(rows[0]?.createdAt).toBeInstanceOf(Date)
  const again = orm.insert(agentVersions).values(version('orm'))
  await expect(again).rejects.toMatchObject({ code: '23505' })
  const unstorable = orm.insert(agentVersions).values(version('a\0b'))
  await expect(unstorable).rejects.toBeInstanceOf(Problem)
})

test('a statement that fails leaves the next one alone', async () => {
  await expect(database.query('select * from nothing', [])).rejects.toMatchObject({ code: '42P01' })
  await expect(database.query('select $1::int as n', ['x'])).rejects.toMatchObject({
    code: '22P02',
  })
  expect([...(await database.query('select $1::int as n', [1]))]).toEqual([{ n: 1 }])
})

async function countVersions(name: string) {
  const rows = await database.query<{ count: number }>(
    'select count(*) from agent_versions where version = $1',
    [name],
  )
  return rows[0]?.count
}

const insert = `insert into agent_versions (version, name, file, base_directory) values ($1, '', '{}', '')`

test('a transaction is all or nothing', async () => {
  const work = database.transaction(async (tx) => {
    await tx.query(insert, ['lost'])
    await createOrm(tx).insert(agentVersions).values(version('lost too'))
    throw new Error('changed my mind')
  })
  await expect(work).rejects.toThrow('changed my mind')
  expect(await countVersions('lost')).toBe(0)
  expect(await database.transaction(async (tx) => (await tx.query(insert, ['kept'])).length)).toBe(
    0,
  )
  expect(await countVersions('kept')).toBe(1)
})

test('a transaction whose statement failed is undone even if nobody looked', async () => {
  const work = database.transaction(async (tx) => {
    await tx.query(insert, ['unseen'])
    await tx.query('select * from nothing', []).catch(() => {})
  })
  await expect(work).rejects.toMatchObject({ code: '42P01' })
  expect(await countVersions('unseen')).toBe(0)
})

test('what is asked outside waits for a transaction and does not see into it', async () => {
  const seen: unknown[] = []
  await database.transaction(async (tx) => {
    await tx.query(insert, ['hidden'])
    const outside = countVersions('hidden').then((count) => seen.push(count))
    await tx.query(insert, ['hidden too'])
    if (database.kind === 'postgres') await outside
  })
  await Promise.all([countVersions('hidden').then((count) => seen.push(count))])
  expect(seen).toEqual(database.kind === 'postgres' ? [0, 1] : [1, 1])
})

test('work that waits for work that waits for it is refused, and the rest goes on', async () => {
  const turns = createTurns({ limit: 20 })
  const tangled = turns.take(() => turns.take(async () => 'never'))
  await expect(tangled).rejects.toMatchObject({ code: 'unavailable' })
  expect(await turns.take(async () => 'next')).toBe('next')
  await turns.close()
  await expect(turns.take(async () => 'late')).rejects.toMatchObject({ code: 'unavailable' })
})

test('turns are taken in the order in which they were asked for', async () => {
  const turns = createTurns({ limit: 10_000 })
  const order: number[] = []
  const work = [1, 2, 3, 4].map((number) =>
    turns.take(async () => {
      await setImmediate()
      order.push(number)
    }),
  )
  await Promise.all(work)
  expect(order).toEqual([1, 2, 3, 4])
})

test('a busy caller leaves the event loop to others', async () => {
  let othersHadTheirTurn = false
  globalThis.setTimeout(() => {
    othersHadTheirTurn = true
  }, 1)
  for (let asked = 0; asked < 10_000 && !othersHadTheirTurn; asked += 1) {
    await database.query('select $1::int', [asked])
  }
  expect(othersHadTheirTurn).toBe(true)
})

test('notifications arrive while somebody listens', async () => {
  const heard: string[] = []
  let begun = 0
  const arrived = Promise.withResolvers<void>()
  const stop = await database.listen(
    'parley_news',
    (payload) => {
      heard.push(payload)
      if (heard.length === 2) arrived.resolve()
    },
    () => {
      begun += 1
    },
  )
  await database.query('select pg_notify($1, $2)', ['parley_news', 'one'])
  await database.query('select pg_notify($1, $2)', ['parley_news', 'two'])
  await arrived.promise
  await stop()
  await database.query('select pg_notify($1, $2)', ['parley_news', 'three'])
  await database.ping()
  expect({ heard, begun }).toEqual({ heard: ['one', 'two'], begun: 1 })
})

test('a database that was closed is unavailable', async () => {
  const other = await openTestDatabase()
  await other.close()
  await expect(other.database.ping()).rejects.toMatchObject({ code: 'unavailable' })
})
