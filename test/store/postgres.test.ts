import { afterAll, describe, expect, test } from 'vitest'
import { openDatabase } from '#store/open-database.ts'
import { createTestDatabase, testServer } from '../support/database.ts'
import { openTcpProxy, throughProxy } from '../support/tcp-proxy.ts'

const server = testServer()

// What only a server can do: be away, be slow, come back.
describe.skipIf(server === undefined)('a database on a server', async () => {
  const test0 = server === undefined ? undefined : await createTestDatabase(server)
  const url = test0?.url ?? ''
  afterAll(() => test0?.drop())

  test('a server that refuses is unavailable, and is used as soon as it is back', async () => {
    const proxy = await openProxy(url)
    const database = await openDatabase({ url: proxy.url })
    await proxy.refuse()
    const refused = await Promise.allSettled([
      database.ping(),
      database.transaction(async (tx) => tx.query('select 1', [])),
      ...Array.from({ length: 20 }, () => database.query('select $1::int', [1])),
    ])
    for (const result of refused) {
      expect(result).toMatchObject({ reason: { code: 'unavailable', details: { retry_after: 1 } } })
    }
    await proxy.accept()
    await expect(untilItWorks(() => database.ping())).resolves.toBeUndefined()
    await database.close()
    await proxy.close()
  })

  test('a server that has gone silent is unavailable within 5 s', async () => {
    const proxy = await openProxy(url)
    const database = await openDatabase({ url: proxy.url, poolSize: 2 })
    await database.ping()
    proxy.inject({ kind: 'black_hole' })
    const begun = performance.now()
    const silent = await Promise.allSettled([
      ...Array.from({ length: 5 }, () => database.query('select $1::int', [1])),
      database.transaction(async (tx) => tx.query('select 1', [])),
    ])
    for (const result of silent) expect(result).toMatchObject({ reason: { code: 'unavailable' } })
    expect(performance.now() - begun).toBeLessThan(5000)
    proxy.inject({ kind: 'none' })
    await expect(untilItWorks(() => database.ping())).resolves.toBeUndefined()
    await database.close()
    await proxy.close()
  }, 20_000)

  test('a backend that is terminated takes only its own statement with it', async () => {
    const database = await openDatabase({ url, poolSize: 2 })
    const work = database.transaction(async (tx) => {
      await tx.query('select pg_terminate_backend(pg_backend_pid())', [])
    })
    await expect(work).rejects.toMatchObject({ code: 'unavailable' })
    const next = database.transaction((tx) => tx.query('select 1 as one', []))
    expect([...(await next)]).toEqual([{ one: 1 }])
    await database.close()
  })

  test('nothing is asked of a connection that was lost in the middle of a transaction', async () => {
    const proxy = await openProxy(url)
    const database = await openDatabase({ url: proxy.url })
    const failures: unknown[] = []
    const work = database.transaction(async (tx) => {
      await tx.query('select 1', [])
      await proxy.refuse()
      await proxy.accept()
      for (let attempt = 0; attempt < 3; attempt += 1) {
        await tx.query('select 1', []).catch((error) => failures.push(error.code))
      }
    })
    await expect(work).rejects.toMatchObject({ code: 'unavailable' })
    expect(failures).toEqual(['unavailable', 'unavailable', 'unavailable'])
    await database.transaction((tx) => tx.query('select 1', []))
    await database.close()
    await proxy.close()
  })

  test('a process that stops inside a transaction keeps its locks for a moment only', async () => {
    const [stopped, other] = [await openDatabase({ url }), await openDatabase({ url })]
    await stopped.query(
      `insert into sessions (id, tenant, owner) values ('ses_1', 'acme', 'ada')`,
      [],
    )
    const locked = Promise.withResolvers<void>()
    const goOn = Promise.withResolvers<void>()
    const work = stopped.transaction(async (tx) => {
      await tx.query(`select 1 from sessions where id = 'ses_1' for update`, [])
      locked.resolve()
      await goOn.promise
      await tx.query(`update sessions set title = 'stale' where id = 'ses_1'`, [])
    })
    await locked.promise
    // It waits, and gets through: a statement has more time than a transaction may pause.
    const write = `update sessions set title = coalesce(title, 'new') where id = 'ses_1' returning title`
    const [{ title } = {}] = await other.query<{ title?: string }>(write, [])
    goOn.resolve()
    await expect(work).rejects.toMatchObject({ code: 'unavailable' })
    expect(title).toBe('new')
    expect([...(await stopped.query(`select title from sessions`, []))]).toEqual([{ title: 'new' }])
    await Promise.all([stopped.close(), other.close()])
  }, 20_000)

  test('listening begins again after the connection was lost', async () => {
    const database = await openDatabase({ url })
    let begun = 0
    const again = Promise.withResolvers<void>()
    const heard = Promise.withResolvers<string>()
    await database.listen('parley_lost', heard.resolve, () => {
      begun += 1
      if (begun === 2) again.resolve()
    })
    await database.query(
      `select pg_terminate_backend(pid) from pg_stat_activity
       where query like 'listen %parley_lost%' and pid <> pg_backend_pid()`,
      [],
    )
    await again.promise
    await database.query('select pg_notify($1, $2)', ['parley_lost', 'back'])
    expect(await heard.promise).toBe('back')
    await database.close()
  })

  test('a server that is not there fails the start with a problem', async () => {
    const missing = openDatabase({ url: 'postgres://nobody@127.0.0.1:1/none' })
    await expect(missing).rejects.toMatchObject({ code: 'unavailable' })
  })
})

/** Asks until the answer is not `unavailable`; gives up after many refusals. */
async function untilItWorks(ask: () => Promise<void>): Promise<void> {
  for (let attempt = 0; attempt < 200; attempt += 1) {
    try {
      return await ask()
    } catch {
      await new Promise((resolve) => globalThis.setTimeout(resolve, 25))
    }
  }
  throw new Error('The database did not come back')
}

async function openProxy(url: string) {
  const { hostname: host, port } = new URL(url)
  const proxy = await openTcpProxy({ target: { host, port: Number(port) } })
  return { ...proxy, url: throughProxy(url, proxy) }
}
