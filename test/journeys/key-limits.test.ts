import { expect, test } from 'vitest'
import { type App, startApp } from '../support/app.ts'
import { ask, newSession, start, until } from './conversation.ts'

const token = 'the-operators-own-key'
const held = { text: 'Some day.', hold: true, holdAfter: 0 } as const

async function ownKey(app: App, owner: string): Promise<string> {
  const body = { name: owner, owner, scopes: ['sessions' as const, 'runs' as const] }
  const { data } = await app.client.POST('/api/keys', { body })
  return data.key
}

test('a key at its bound of running runs starts no more until one is over; others do', async () => {
  const flags = ['--http-token', token, '--max-key-runs', '2']
  const app = await startApp({ flags, token, script: [held, held, { text: 'Mine.' }] })
  const ada = { client: app.as(await ownKey(app, 'ada')) }
  const bob = { client: app.as(await ownKey(app, 'bob')) }
  const sessions = [await newSession(ada), await newSession(ada), await newSession(ada)] as const
  const first = await start(ada, { session: sessions[0] })
  const second = await start(ada, { session: sessions[1] })
  await app.model.received(2)
  await expect(start(ada, { session: sessions[2] })).rejects.toMatchObject({
    status: 429,
    problem: { code: 'rate_limited', retry_after: 1 },
  })
  const { output } = await ask(bob, { session: await newSession(bob) })
  expect(output).toBe('Mine.')
  app.model.push({ text: 'At last.' })
  await ada.client.POST('/api/runs/{run}/cancel', { params: { path: { run: first.id } } })
  expect((await ask(ada, { session: sessions[2] })).output).toBe('At last.')
  app.model.release()
  await until(ada, second.id, 'stream_stopped')
})

test('a key at its bound of streams opens no more until one is closed; others do', async () => {
  const app = await startApp({ flags: ['--http-token', token, '--max-key-streams', '2'], token })
  const session = await newSession(app)
  const bob = await ownKey(app, 'bob')
  const headers = { authorization: `Bearer ${token}` }
  const open = () => fetch(`${app.url}/api/sessions/${session}/events`, { headers })
  const streams = [await open(), await open()]
  const refused = await open()
  expect([refused.status, refused.headers.get('retry-after')]).toEqual([429, '1'])
  expect(await refused.json()).toMatchObject({ code: 'rate_limited' })
  const mine = await newSession({ client: app.as(bob) })
  const other = await fetch(`${app.url}/api/sessions/${mine}/events`, {
    headers: { authorization: `Bearer ${bob}` },
  })
  expect(other.status).toBe(200)
  await streams[0]?.body?.cancel()
  await expect.poll(async () => (await open()).status).toBe(200)
  for (const stream of [...streams.slice(1), other]) await stream.body?.cancel()
})

test('a key has 120 requests at once by default, and no key on loopback has any bound', async () => {
  const app = await startApp({ flags: ['--http-token', token] })
  const ask = async (headers: Record<string, string> = {}) => {
    const response = await fetch(`${app.url}/api/ping`, { headers })
    await response.body?.cancel()
    return response.status
  }
  const headers = { authorization: `Bearer ${token}` }
  const statuses = await Promise.all(Array.from({ length: 150 }, () => ask(headers)))
  expect(statuses.filter((status) => status === 200).length).toBeGreaterThanOrEqual(120)
  expect(statuses).toContain(429)
  const keyless = await Promise.all(Array.from({ length: 150 }, () => ask()))
  expect(new Set(keyless)).toEqual(new Set([200]))
})

test('--rate-limit holds for everyone, also on loopback', async () => {
  const app = await startApp({ flags: ['--rate-limit', '1/2'] })
  const ask = async () => (await fetch(`${app.url}/api/ping`)).status
  expect([await ask(), await ask(), await ask()]).toEqual([200, 200, 429])
})

test('--max-body is the bound of bodies', async () => {
  const app = await startApp({ flags: ['--max-body', '100'] })
  const post = async (size: number) => {
    const body = '{"title":"a"}'.padEnd(size, ' ')
    const headers = { 'content-type': 'application/json' }
    return (await fetch(`${app.url}/api/sessions`, { method: 'POST', headers, body })).status
  }
  expect([await post(100), await post(101)]).toEqual([201, 413])
})

test('--approval-timeout says until when an approval waits', async () => {
  const write = { name: 'write_file', arguments: { path: 'a.txt', content: 'a' } }
  const app = await startApp({
    flags: ['--approval-timeout', '600'],
    script: [{ toolCalls: [write] }],
  })
  await ask(app, { session: await newSession(app) })
  const { data } = await app.client.GET('/api/approvals')
  const [approval] = data.data
  const waits = Date.parse(approval?.expires_at ?? '') - Date.parse(approval?.created_at ?? '')
  expect(Math.round(waits / 60_000)).toBe(10)
})
