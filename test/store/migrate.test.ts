import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { openDatabase } from '#store/open-database.ts'
import { createTestDatabase, testServer } from '../support/database.ts'
import { startChild } from './child.ts'

let target: string
let remove: () => Promise<void>

beforeAll(async () => {
  const server = testServer()
  if (server !== undefined) {
    const { url, drop } = await createTestDatabase(server)
    target = url
    remove = drop
    return
  }
  target = await mkdtemp(join(tmpdir(), 'parley-migrate-'))
  remove = () => rm(target, { recursive: true })
})
afterAll(() => remove())

const open = () =>
  openDatabase(testServer() === undefined ? { dataDirectory: target } : { url: target })

test('three processes that open an empty database at once migrate it once', async () => {
  const children = [1, 2, 3].map((number) =>
    startChild({ target, rows: 1, writer: `process${number}` }),
  )
  const ends = await Promise.all(children.map((child) => child.ended))
  const done = ends.filter((end) => end.code === 0).length
  // The embedded one is opened by one process at a time; the others say so.
  if (testServer() !== undefined) expect(done).toBe(3)
  const refused = ends.filter((end) => end.errors.includes('in use by another process'))
  expect(done + refused.length).toBe(3)

  const database = await open()
  const [applied] = await database.query(
    'select count(*) as count, count(distinct hash) as hashes from drizzle.__drizzle_migrations',
    [],
  )
  const [rows] = await database.query('select count(*) from agent_versions', [])
  await database.close()
  expect(applied).toMatchObject({ count: await journalLength(), hashes: await journalLength() })
  expect(rows).toEqual({ count: done })
}, 60_000)

async function journalLength(): Promise<number> {
  const journal = await import('../../migrations/meta/_journal.json', { with: { type: 'json' } })
  return journal.default.entries.length
}

test('a database that is newer than the program is opened as it is', async () => {
  const database = await open()
  await database.query(
    `insert into drizzle.__drizzle_migrations (hash, created_at) values ('of the future', $1)`,
    [9_000_000_000_000],
  )
  await database.close()
  const again = await open()
  await again.ping()
  await again.close()
})
