import { expect, test } from 'vitest'
import type { NewSessionToken } from '#contract/key.ts'
import { startApp } from '../support/app.ts'

const operator = 'the-operators-own-key'
const app = await startApp({
  lifetime: 'file',
  flags: ['--http-token', operator, '--cors-origin', 'https://app.example.org'],
  token: operator,
})

async function newSession() {
  return (await app.client.POST('/api/sessions', { body: {} })).data.id
}

async function newToken(session: string, wanted: Partial<NewSessionToken> = {}) {
  const params = { path: { session } }
  const body = JSON.parse(JSON.stringify(wanted))
  return (await app.client.POST('/api/sessions/{session}/tokens', { params, body })).data
}

async function open(path: string, token?: string, headers: Record<string, string> = {}) {
  const shown = token === undefined ? {} : { authorization: `Bearer ${token}` }
  const response = await fetch(`${app.url}${path}`, { headers: { ...shown, ...headers } })
  await response.body?.cancel()
  return response
}

test('a token opens its session and no other, for what its verbs say', async () => {
  const [mine, other] = [await newSession(), await newSession()]
  const { token, ...made } = await newToken(mine)
  expect(made).toMatchObject({ session_id: mine, verbs: ['read'], single_use: false })
  expect((await open(`/api/sessions/${mine}`, token)).status).toBe(200)
  expect((await open(`/api/sessions/${other}`, token)).status).toBe(404)
  expect((await open('/api/sessions', token)).status).toBe(403)
  const params = { path: { session: mine } }
  const rename = { params, body: { title: 'T' } }
  await expect(app.as(token).PATCH('/api/sessions/{session}/title', rename)).rejects.toMatchObject({
    status: 403,
  })
})

test('a ticket opens one stream, once', async () => {
  const session = await newSession()
  const { token } = await newToken(session, { single_use: true })
  const path = `/api/sessions/${session}/events?ticket=${token}`
  const page = await open(`/api/sessions/${session}?ticket=${token}`)
  expect(page.status).toBe(401)
  expect((await open(path, token)).status).toBe(401)
  expect((await open(path)).status).toBe(200)
  expect((await open(path)).status).toBe(401)
})

test('of many who show one ticket at once one is let in', async () => {
  const session = await newSession()
  const { token } = await newToken(session, { single_use: true })
  const path = `/api/sessions/${session}/events?ticket=${token}`
  const all = await Promise.all(Array.from({ length: 8 }, () => open(path)))
  expect(all.map(({ status }) => status).sort()).toEqual([200, ...Array(7).fill(401)])
})

test('a token is refused in a query, and so is one of a session that is gone', async () => {
  const session = await newSession()
  const { token } = await newToken(session)
  expect((await open(`/api/sessions/${session}/events?ticket=${token}`)).status).toBe(401)
  await app.client.DELETE('/api/sessions/{session}', { params: { path: { session } } })
  await expect
    .poll(async () => (await open(`/api/sessions/${session}`, token)).status)
    .not.toBe(200)
})

test('a stream ends when its token does', async () => {
  const session = await newSession()
  const { token } = await newToken(session, { expires_in: 1 })
  const stream = await fetch(`${app.url}/api/sessions/${session}/events`, {
    headers: { authorization: `Bearer ${token}` },
  })
  expect(stream.status).toBe(200)
  expect(await stream.text()).not.toContain('data:')
  expect((await open(`/api/sessions/${session}`, token)).status).toBe(401)
})

test.each([
  [{ expires_in: 901 }, 'expires_in'],
  [{ single_use: true, verbs: ['edit' as const] }, 'verbs'],
])('%j is too much for a token', async (wanted, field) => {
  await expect(newToken(await newSession(), wanted)).rejects.toThrow(field)
})

test('pages of named origins may call and read, also what they are refused', async () => {
  const ask = (origin: string, token?: string) => open('/api/sessions', token, { origin })
  for (const response of [
    await ask('https://app.example.org', operator),
    await ask('https://app.example.org'),
  ]) {
    expect(response.headers.get('access-control-allow-origin')).toBe('https://app.example.org')
    expect(response.headers.get('access-control-allow-credentials')).toBeNull()
    expect(response.headers.get('x-content-type-options')).toBe('nosniff')
  }
  const other = await ask('https://evil.example', operator)
  expect(other.headers.get('access-control-allow-origin')).toBeNull()
})
