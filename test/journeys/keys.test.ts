import { expect, test } from 'vitest'
import type { NewKey } from '#contract/key.ts'
import { type App, startApp } from '../support/app.ts'

const operator = 'the-operators-own-key'
const app = await startApp({
  lifetime: 'file',
  flags: ['--http-token', operator],
  token: operator,
})

type Wanted = { scopes?: NewKey['scopes']; owner?: string; expires_in?: number }

async function makeKey(app: App, key: Wanted = {}, client = app.client) {
  const body = { name: 'test', scopes: ['sessions' as const, 'runs' as const], ...key }
  const { data } = await client.POST('/api/keys', { body })
  return data
}

function withKey(key: string | undefined, init: RequestInit = {}): RequestInit {
  return { ...init, headers: { ...init.headers, ...(key && { authorization: `Bearer ${key}` }) } }
}

async function statusOf(app: App, path: string, key?: string, init: RequestInit = {}) {
  const response = await fetch(`${app.url}${path}`, withKey(key, init))
  await response.body?.cancel()
  return response.status
}

test('with --http-token nothing is answered without it', async () => {
  const app = await startApp({ flags: ['--http-token', operator] })
  const refused = await fetch(`${app.url}/api/sessions`)
  expect(refused.status).toBe(401)
  expect(refused.headers.get('www-authenticate')).toBe('Bearer realm="parley"')
  const wrong = await fetch(`${app.url}/api/sessions`, withKey('nearly-the-operators-key'))
  expect(wrong.status).toBe(401)
  expect(wrong.headers.get('www-authenticate')).toContain('error="invalid_token"')
  expect(await wrong.json()).toMatchObject({ code: 'unauthorized' })
  expect(await statusOf(app, '/api/sessions', operator)).toBe(200)
  expect(await statusOf(app, '/health')).toBe(200)
  expect(await statusOf(app, '/docs')).toBe(200)
})

test('the first key closes the door, and must be able to make others', async () => {
  const app = await startApp()
  expect(await statusOf(app, '/api/sessions')).toBe(200)
  await expect(makeKey(app)).rejects.toThrow('must hold the scope admin')
  const { key } = await makeKey(app, { scopes: ['admin'] })
  expect(key).toMatch(/^pk_[0-9a-z]{26}_[0-9a-f]{64}_[0-9a-f]{8}$/)
  expect(await statusOf(app, '/api/sessions')).toBe(401)
  expect(await statusOf(app, '/api/sessions', key)).toBe(200)
  await app.restart()
  expect(await statusOf(app, '/api/sessions')).toBe(401)
})

test('a key is shown once, listed without its secret, and says what it did', async () => {
  const { key, ...made } = await makeKey(app, { owner: 'shop', expires_in: 3600 })
  const { data } = await app.client.GET('/api/keys')
  expect(data.data).toContainEqual(made)
  expect(JSON.stringify(data)).not.toContain(key.slice(30, 60))
  await app.as(key).POST('/api/sessions', { body: {} })
  const { data: mine } = await app.as(key).GET('/api/sessions')
  expect(mine.data).toHaveLength(1)
})

test('another owner and another key see nothing of a session; an admin sees all', async () => {
  const ada = app.as((await makeKey(app, { owner: 'ada' })).key)
  const bob = app.as((await makeKey(app, { owner: 'bob' })).key)
  const { data: session } = await ada.POST('/api/sessions', { body: { external_id: 'chat-1' } })
  const place = { params: { path: { session: session.id } } }
  await expect(bob.GET('/api/sessions/{session}', place)).rejects.toMatchObject({ status: 404 })
  expect((await bob.GET('/api/sessions')).data.data).toEqual([])
  expect((await app.client.GET('/api/sessions/{session}', place)).data.id).toBe(session.id)
})

test('a key without a scope is told which one it lacks', async () => {
  const { key } = await makeKey(app, { scopes: ['read'] })
  await expect(app.as(key).POST('/api/sessions', { body: {} })).rejects.toThrow('scope sessions')
  const { key: sessions } = await makeKey(app, { scopes: ['sessions'] })
  await expect(
    app.as(sessions).POST('/api/sessions', { body: { tools_approved: true } }),
  ).rejects.toThrow('scope approvals')
  await app.as(sessions).POST('/api/sessions', { body: {} })
})

test('a key makes no key that may do more than itself', async () => {
  const { key } = await makeKey(app, { scopes: ['keys', 'runs'], owner: 'amy' })
  const ada = app.as(key)
  await expect(makeKey(app, { scopes: ['admin'] }, ada)).rejects.toThrow('scope admin')
  await expect(makeKey(app, { scopes: ['runs'], owner: 'bob' }, ada)).rejects.toThrow('scope admin')
  expect(await makeKey(app, { scopes: ['runs'] }, ada)).toMatchObject({ owner: 'amy' })
  const { data } = await ada.GET('/api/keys')
  expect(data.data.map(({ owner }) => owner)).toEqual(['amy', 'amy'])
})

test('an expired key is refused', async () => {
  const { key } = await makeKey(app, { expires_in: 1 })
  await expect
    .poll(() => statusOf(app, '/api/sessions', key), { timeout: 10_000, interval: 100 })
    .toBe(401)
})

test('revoking a key ends its streams and all that it is shown for', async () => {
  const { key, id } = await makeKey(app)
  const { data: session } = await app.as(key).POST('/api/sessions', { body: {} })
  const stream = await fetch(`${app.url}/api/sessions/${session.id}/events`, withKey(key))
  expect(stream.status).toBe(200)
  const revoke = () => app.client.DELETE('/api/keys/{key}', { params: { path: { key: id } } })
  await revoke()
  expect(await stream.text()).not.toContain('event')
  expect(await statusOf(app, '/api/sessions', key)).toBe(401)
  await revoke()
  await expect(
    app.client.DELETE('/api/keys/{key}', { params: { path: { key: 'key_none' } } }),
  ).rejects.toMatchObject({ status: 404 })
})

test('after many wrong keys an address has to wait, and right ones still work', async () => {
  const app = await startApp({ flags: ['--http-token', operator], token: operator })
  const { key } = await makeKey(app)
  expect(await statusOf(app, '/api/sessions', key)).toBe(200)
  for (let count = 0; count < 30; count += 1) {
    expect(await statusOf(app, '/api/sessions', 'wrong')).toBe(401)
  }
  const limited = await fetch(`${app.url}/api/sessions`, withKey('wrong'))
  expect(limited.status).toBe(429)
  expect(Number(limited.headers.get('retry-after'))).toBeGreaterThan(0)
  expect(await statusOf(app, '/api/sessions', key)).toBe(200)
  expect(await statusOf(app, '/api/sessions', operator)).toBe(200)
})
