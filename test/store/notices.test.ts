import { describe, expect, onTestFinished, test } from 'vitest'
import type { Database } from '#store/database.ts'
import { type Notice, openNotices } from '#store/notices.ts'
import { openDatabase } from '#store/open-database.ts'
import { createTestDatabase, testServer } from '../support/database.ts'

const server = testServer()

// Each instance has a database handle of its own on the same server.
describe.skipIf(server === undefined)('notices between instances', () => {
  if (server === undefined) return test('needs test/support/with-postgres.sh')
  test('what one tells arrives at the others, and not at itself', async () => {
    const [a, b] = await openInstances()
    a.notices.tell({ type: 'queued' })
    a.notices.tell({ type: 'cancelled', runId: 'run_1' })
    a.notices.tell({ type: 'answered', elicitationId: 'eli_1' })
    await b.heard(3)
    b.notices.tell({ type: 'head', sessionId: 'ses_1', head: 7 })
    await a.heard(1)
    expect(b.all).toEqual([
      { type: 'queued' },
      { type: 'cancelled', runId: 'run_1' },
      { type: 'answered', elicitationId: 'eli_1' },
    ])
    expect(a.all).toEqual([{ type: 'head', sessionId: 'ses_1', head: 7 }])
  })

  test('of a log only the newest head is told, and many logs fit', async () => {
    const [a, b] = await openInstances()
    const sessions = Array.from({ length: 500 }, (_, index) => `ses_${index}`.padEnd(30, 'x'))
    for (const head of [1, 2, 3]) {
      for (const sessionId of sessions) a.notices.tell({ type: 'head', sessionId, head })
    }
    await b.heard(500)
    expect(b.all).toEqual(sessions.map((sessionId) => ({ type: 'head', sessionId, head: 3 })))
  })

  test('what waits when an instance closes is told', async () => {
    const [a, b] = await openInstances()
    a.notices.tell({ type: 'queued' })
    await a.notices.close()
    await b.heard(1)
    expect(b.all).toEqual([{ type: 'queued' }])
  })

  test('a payload of somebody else is a reason to look, and nothing more', async () => {
    const [a, b] = await openInstances()
    const payloads = ['', 'null', '{"from":1}', '{"from":"x","notices":[{"type":"of the future"}]}']
    for (const payload of payloads) {
      await a.database.query('select pg_notify($1, $2)', ['parley_notices', payload])
    }
    a.notices.tell({ type: 'queued' })
    await b.heard(2)
    expect(b.all.at(-1)).toEqual({ type: 'queued' })
    expect(b.gaps()).toBe(4)
  })

  test('an instance that is alone tells nothing', async () => {
    const { url, drop } = await createTestDatabase(server)
    const sent: string[] = []
    const alone = await openInstance(url, {
      onQuery: (text) => void (text.includes('parley_notices') && sent.push(text)),
    })
    onTestFinished(async () => {
      await alone.close()
      await drop()
    })
    alone.notices.tell({ type: 'queued' })
    await alone.notices.close()
    expect(sent).toEqual([])
  })
})

type Opened = Awaited<ReturnType<typeof openInstance>>

/** Two that have heard of each other. */
async function openInstances(): Promise<[Opened, Opened]> {
  const { url, drop } = await createTestDatabase(server ?? '')
  const first = await openInstance(url)
  const second = await openInstance(url)
  onTestFinished(async () => {
    await first.close()
    await second.close()
    await drop()
  })
  while (!first.isReady() || !second.isReady()) await first.database.ping()
  return [first, second]
}

async function openInstance(
  url: string,
  { onQuery = () => {} }: { onQuery?: (text: string) => void } = {},
) {
  const database = await openDatabase({ url, poolSize: 2 })
  const all: Notice[] = []
  let gaps = 0
  let watch = () => {}
  const observed: Database = {
    ...database,
    query(text, parameters) {
      onQuery(`${text} ${parameters}`)
      return database.query(text, parameters)
    },
  }
  const notices = await openNotices({
    database: observed,
    onNotice(notice) {
      all.push(notice)
      watch()
    },
    onGap() {
      gaps += 1
    },
  })
  while (!database.hears()) await database.ping()
  return {
    database,
    notices,
    all,
    gaps: () => gaps,
    isReady: () => database.hears() && database.hasOthers(),
    heard: (count: number) =>
      new Promise<void>((resolve) => {
        watch = () => {
          if (all.length >= count) resolve()
        }
        watch()
      }),
    async close() {
      await notices.close()
      await database.close()
    },
  }
}
