import { afterAll, describe, expect, onTestFinished, test } from 'vitest'
import { createListener } from '#store/postgres-listener.ts'
import { createTestClient, createTestDatabase, testServer } from '../support/database.ts'
import { createNotificationFilter } from '../support/notification-filter.ts'
import { openTcpProxy, throughProxy } from '../support/tcp-proxy.ts'

const server = testServer()

describe.skipIf(server === undefined)('a connection that listens', async () => {
  if (server === undefined) return test('needs test/support/with-postgres.sh')
  const database = await createTestDatabase(server)
  const client = createTestClient(database.url)
  afterAll(async () => {
    await client.end()
    await database.drop()
  })
  const notify = async (channel: string, payload: string) => {
    await client.notify(channel, payload)
  }
  const target = { host: new URL(server).hostname, port: Number(new URL(server).port) }

  function open(url: string = database.url) {
    const listener = createListener({ url, notify, beatEvery: 30, patience: 300 })
    onTestFinished(() => listener.close())
    return listener
  }

  test('two know of each other, and one that is left knows that it is alone', async () => {
    const [first, second] = [open(), open()]
    await first.listen('news', () => {})
    await until(() => first.hears())
    expect(first.hasOthers()).toBe(false)
    await second.listen('news', () => {})
    await until(() => first.hasOthers() && second.hears() && second.hasOthers())
    await second.close()
    await until(() => !first.hasOthers())
  })

  test('one that has gone silent is replaced, and says that something may be missed', async () => {
    const proxy = await openTcpProxy({ target })
    onTestFinished(() => proxy.close())
    const heard: string[] = []
    let begun = 0
    const listener = open(throughProxy(database.url, proxy))
    await listener.listen(
      'news',
      (payload) => heard.push(payload),
      () => {
        begun += 1
      },
    )
    await until(() => listener.hears())
    for (const connection of proxy.connections()) connection.inject({ kind: 'black_hole' })
    await until(() => !listener.hears())
    await until(() => begun === 2 && listener.hears())
    await notify('news', 'back')
    await until(() => heard.includes('back'))
  })

  test('one that only notifications do not reach is deaf, and keeps trying', async () => {
    const proxy = await openTcpProxy({ target, createTransform: createNotificationFilter })
    onTestFinished(() => proxy.close())
    const listener = open(throughProxy(database.url, proxy))
    let begun = 0
    await listener.listen(
      'news',
      () => {},
      () => {
        begun += 1
      },
    )
    await until(() => begun === 3)
    expect({ hears: listener.hears(), mayHaveOthers: listener.hasOthers() }).toEqual({
      hears: false,
      mayHaveOthers: true,
    })
  })

  test('a server that is not there is said to be unavailable', async () => {
    const listener = open('postgres://nobody@127.0.0.1:1/none')
    await expect(listener.listen('news', () => {})).rejects.toMatchObject({ code: 'unavailable' })
  })
})

/** Looks on every turn of the event loop; the test's own time limit ends it. */
async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await new Promise((resolve) => setImmediate(resolve))
}
