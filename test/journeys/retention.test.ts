import { expect, test } from 'vitest'
import { ApiError, followSession } from '#client/index.ts'
import type { Database } from '#store/database.ts'
import { expireEvents } from '#store/event-expiry.ts'
import { startApp } from '../support/app.ts'
import { checkedFetch } from '../support/contract.ts'
import { ask, expectGoesOn, newSession, start, until } from './conversation.ts'

const send = checkedFetch()
const month = 30 * 24 * 60 * 60

/** All runs so far ended two months ago; what is older than a month is deleted. */
async function passTwoMonths(database: Database) {
  const earlier = (column: string) => `${column} = ${column} - interval '60 days'`
  await database.query(`update runs set ${earlier('finished_at')}`, [])
  await database.query(`update events set ${earlier('created_at')}`, [])
  await expireEvents(database, { olderThan: month, limit: 100 })
}

test('events of long ago are gone with 410, and the conversation goes on', async () => {
  const app = await startApp()
  const session = await newSession(app)
  app.model.push({ text: 'First' })
  const { run } = await ask(app, { session })
  const before = await app.events(run.id)
  const head = before.at(-1)?.seq ?? 0
  await app.restart(passTwoMonths)

  const log = `${app.url}/api/sessions/${session}/events`
  const ofRun = `${app.url}/api/runs/${run.id}/events`
  for (const url of [`${log}?after=1`, `${ofRun}?after=2`, ofRun]) {
    const response = await send(url, { headers: { accept: 'text/event-stream' } })
    expect(response.status).toBe(410)
    expect(await response.json()).toMatchObject({ code: 'events_expired', oldest_seq: head + 1 })
  }
  expect((await send(`${ofRun}?after=${head}`)).status).toBe(204)
  const { data } = await app.client.GET('/api/sessions/{session}', {
    params: { path: { session } },
  })
  expect(data).toMatchObject({ last_seq: head, messages: [{ role: 'user' }, { content: 'First' }] })

  app.model.push({ text: 'Second' })
  const next = await ask(app, { session })
  const kept = await app.client.GET('/api/sessions/{session}/events', {
    params: { path: { session } },
  })
  expect(kept.data.data[0]).toMatchObject({ seq: head + 1, run_id: next.run.id })
  expect(await app.events(next.run.id)).toHaveLength(kept.data.data.length)
  await expectGoesOn(app, session)
})

test('a session in which nothing happens any more is removed; one that waits is not', async () => {
  const app = await startApp({ flags: ['--session-timeout', '1'] })
  const waiting = await newSession(app)
  app.model.push({ toolCalls: [{ name: 'write_file', arguments: { path: 'a', content: 'b' } }] })
  const run = await start(app, { session: waiting })
  await until(app, run.id, 'run_waiting')
  const session = await newSession(app)
  app.model.push({ text: 'Bye' })
  await ask(app, { session })

  // The stream ends with the session, and there is nothing to come back to.
  const types: string[] = []
  const reading = async () => {
    for await (const { type } of followSession(app.client, { session })) types.push(type)
  }
  const error = await reading().catch((reason: unknown) => reason)
  expect(error).toBeInstanceOf(ApiError)
  expect(error).toMatchObject({ problem: { code: 'not_found' } })
  expect(types.at(-1)).toBe('stream_stopped')
  const { data } = await app.client.GET('/api/sessions', {})
  expect(data.data.map(({ id }) => id)).toEqual([waiting])
})
