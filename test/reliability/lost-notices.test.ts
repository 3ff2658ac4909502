import { afterAll, describe, expect, test } from 'vitest'
import { newSession, start } from '../journeys/conversation.ts'
import { createTestClient, testServer } from '../support/database.ts'
import { type Instance, startInstances } from '../support/instances.ts'
import { createNotificationFilter } from '../support/notification-filter.ts'
import { openTcpProxy, type ProxiedConnection, throughProxy } from '../support/tcp-proxy.ts'
import { has, recordFrames } from './frames.ts'

const agent = `
agents:
  root:
    model: scripted
`
const server = testServer()

describe.skipIf(server === undefined)('an instance that does not hear the others', async () => {
  if (server === undefined) return test('needs test/support/with-postgres.sh')
  const target = { host: new URL(server).hostname, port: Number(new URL(server).port) }
  const shaky = await openTcpProxy({ target })
  const silent = await openTcpProxy({ target, createTransform: createNotificationFilter })
  const { all, plan, home, close } = await startInstances({
    names: ['writer', 'shaky', 'deaf'],
    agent,
    flags: {
      shaky: (url) => ['--database-url', throughProxy(url, shaky)],
      deaf: (url) => ['--database-url', throughProxy(url, silent)],
    },
  })
  const database = createTestClient(home.flags[home.flags.indexOf('--database-url') + 1] ?? '')
  afterAll(async () => {
    await database.end()
    await close()
    await shaky.close()
    await silent.close()
  })
  const words = Array.from({ length: 100 }, (_, index) => `word${index} `)

  /** Follows a run of the writer elsewhere; `disturb` comes in its middle. */
  async function expectWhole(follower: Instance, disturb: () => unknown) {
    const hold = Promise.withResolvers<void>()
    const message = `for ${follower.name} ${crypto.randomUUID()}`
    plan(message, [{ text: words, hold: hold.promise, holdAfter: 50 }])
    const session = await newSession(all.writer)
    const run = await start(all.writer, { session, message })
    const path = `/api/runs/${run.id}/events`
    const seen = recordFrames(follower.url + path)
    await seen.until((frames) => frames.some(({ data }) => data.includes('word49')))
    await disturb()
    hold.resolve()
    await seen.ended
    const reference = recordFrames(all.writer.url + path)
    await reference.ended
    expect(seen.frames()).toEqual(reference.frames())
    expect(has('stream_stopped')(seen.frames())).toBe(true)
  }

  test('every notification is dropped: followers see every event', async () => {
    await expectWhole(all.deaf, () => {})
  })

  test('every notification is dropped: a cancel elsewhere ends the run before it answers', async () => {
    plan('deaf cancel', [{ text: words, hold: new Promise(() => {}) }])
    const session = await newSession(all.deaf)
    const run = await start(all.deaf, { session, message: 'deaf cancel' })
    const seen = recordFrames(`${all.writer.url}/api/runs/${run.id}/events`)
    await seen.until(has('agent_choice'))
    const { data } = await all.writer.client.POST('/api/runs/{run}/cancel', {
      params: { path: { run: run.id } },
    })
    expect(data.status).toBe('cancelled')
    await seen.ended
  })

  test('the connection that listens is ended: followers see every event', async () => {
    const terminated = () =>
      database`select pg_terminate_backend(pid) from pg_stat_activity
        where datname = current_database() and query like 'listen %'`
    await expectWhole(all.shaky, terminated)
    await expectWhole(all.shaky, () => {})
  })

  test('the connection that listens goes silent: followers see every event, and it is replaced', async () => {
    const listener = await untilFound(() => shaky.connections().find(isListener))
    await expectWhole(all.shaky, () => listener.inject({ kind: 'black_hole' }))
    await untilFound(() =>
      shaky.connections().find((connection) => connection !== listener && isListener(connection)),
    )
    await expectWhole(all.shaky, () => {})
  })

  test('all connections are delayed, halved and cut: followers see every event', async () => {
    await expectWhole(all.shaky, () => shaky.inject({ kind: 'delay', milliseconds: 30 }))
    shaky.inject({ kind: 'none' })
    await expectWhole(all.shaky, () => {
      for (const connection of shaky.connections()) connection.inject({ kind: 'halve' })
    })
    await expectWhole(all.shaky, () => shaky.cut())
  })
})

function isListener(connection: ProxiedConnection): boolean {
  return connection.beginning().includes('listen "')
}

/** Looks on every turn of the event loop; the test's own time limit ends it. */
async function untilFound<Value>(look: () => Value | undefined): Promise<Value> {
  for (;;) {
    const found = look()
    if (found !== undefined) return found
    await new Promise((resolve) => setImmediate(resolve))
  }
}
