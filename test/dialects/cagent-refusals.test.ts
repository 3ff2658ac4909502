import { connect } from 'node:net'
import { expect, test } from 'vitest'
import { startApp } from '../support/app.ts'
import { createCagentClient } from './cagent-client.ts'

const operator = 'the-operators-own-key'
const app = await startApp({ lifetime: 'file', flags: ['--http-token', operator], token: operator })
const base = `${app.url}/compat/cagent`
const { send, newSession } = createCagentClient(base, bearer(operator))

test('bodies that are wrong are 400 with what is wrong, and nothing runs', async () => {
  const id = await newSession()
  const asked = app.model.requests.length
  const bodies: [string, string][] = [
    ['{', 'not JSON'],
    ['{"role":"user"', 'not JSON'],
    ['"hello"', 'an array of messages is expected'],
    ['{"messages":"hello"}', 'messages: '],
    ['[1]', 'messages.0: '],
    ['[{"role":"user","content":1}]', 'messages.0.content: '],
    [
      '[{"content":"a","multi_content":[{"type":"image_url","image_url":{"url":"/etc/passwd"}}]}]',
      'data: URL',
    ],
    [
      '[{"content":"a","multi_content":[{"type":"file","file":{"path":"/etc/passwd"}}]}]',
      'file.path',
    ],
    ['[{"content":"a","__proto__":{"role":"system"}}]', ''],
    [`${'['.repeat(5000)}`, ''],
  ]
  for (const [body, reason] of bodies) {
    const answer = await post(`/sessions/${id}/agent/assistant`, body)
    const { message } = await answer.json()
    expect([answer.status, message], body).toEqual([400, expect.stringContaining(reason)])
    expect(message, body).toMatch(/^invalid request body: /)
  }
  expect((await post(`/sessions/${id}/agent/assistant`, '')).status).toBe(400)
  expect(app.model.requests).toHaveLength(asked)
})

test('another media type is refused but on the routes that run, which look at none', async () => {
  const plain = { 'Content-Type': 'text/plain' }
  const answer = await post('/sessions', '{}', plain)
  expect([answer.status, await answer.json()]).toMatchObject([
    400,
    { message: 'invalid request body: code=415, message=Unsupported Media Type' },
  ])
  const id = await newSession()
  app.model.push({ text: 'Hi' })
  const run = await post(`/sessions/${id}/agent/assistant`, '[{"content":"Hi"}]', plain)
  expect(run.status).toBe(200)
  await run.text()
})

test('null is an empty list, which goes on from what was said', async () => {
  const id = await newSession()
  app.model.push({ text: 'One' }, { text: 'Two' })
  await (await post(`/sessions/${id}/agent/assistant`, '[{"content":"Count"}]')).text()
  const answer = await post(`/sessions/${id}/agent/assistant`, 'null')
  expect(await answer.text()).toContain('"content":"Two"')
})

test('what is not there is 404, and a wrong verb 405, with a message', async () => {
  const id = await newSession()
  const path = `/sessions/${id}/agent`
  const missing: [string, string, unknown, string][] = [
    ['GET', '/nothing', undefined, 'Not Found'],
    ['GET', '/agents/none', undefined, 'Not Found'],
    ['GET', '/agents/none/root/tools/count', undefined, 'failed to get agent tool count: '],
    ['GET', '/agents/assistant/constructor/tools/count', undefined, 'failed to get agent'],
    ['GET', '/sessions/none', undefined, 'session not found: none'],
    ['GET', '/sessions/..%2F..%2Fetc', undefined, 'session not found: '],
    ['DELETE', '/sessions/none', undefined, 'failed to delete session: session not found'],
    ['PATCH', '/sessions/none/title', { title: 'A' }, 'session not found'],
    ['PATCH', '/sessions/none/permissions', {}, 'session not found'],
    ['POST', '/sessions/none/tools/toggle', undefined, 'session not found'],
    ['POST', '/sessions/none/thinking/toggle', undefined, 'session not found'],
    ['POST', '/sessions/none/agent/assistant', [], 'failed to run session: session not found'],
    ['POST', `${path}/none`, [{ content: 'Hi' }], 'failed to run session: '],
    ['POST', `${path}/assistant/nobody`, [{ content: 'Hi' }], 'failed to run session: '],
  ]
  for (const [method, route, body, message] of missing) {
    expect(await send(method, route, body), route).toMatchObject([
      404,
      { message: expect.stringContaining(message), error: expect.any(String), code: 'not_found' },
    ])
  }
  expect(await send('PUT', '/sessions')).toMatchObject([405, { message: 'Method Not Allowed' }])
})

test('settings that are wrong are refused and change nothing', async () => {
  const id = await newSession()
  const before = await send('GET', `/sessions/${id}`)
  const wrong: [string, string, unknown][] = [
    ['PATCH', `/sessions/${id}/title`, {}],
    ['PATCH', `/sessions/${id}/title`, { title: 7 }],
    ['PATCH', `/sessions/${id}/permissions`, { permissions: { deny: 'rm' } }],
    ['PATCH', `/sessions/${id}/permissions`, { permissions: { deny: ['x'.repeat(300)] } }],
    ['POST', '/sessions', []],
    ['POST', '/sessions', { max_iterations: -1 }],
    ['POST', `/sessions/${id}/resume`, { confirmation: 'approve', reason: 'x'.repeat(3000) }],
    ['POST', `/sessions/${id}/elicitation`, { action: 'accept', content: 'text' }],
  ]
  for (const [method, path, body] of wrong) {
    expect((await send(method, path, body))[0], JSON.stringify(body)).toBe(400)
  }
  expect(await send('GET', `/sessions/${id}`)).toEqual(before)
})

test('a body that ends early, or is too large, is refused', async () => {
  const id = await newSession()
  const before = await send('GET', '/sessions')
  const large = JSON.stringify([{ content: 'x'.repeat(1_100_000) }])
  const refused = await post(`/sessions/${id}/agent/assistant`, large)
  expect([refused.status, await refused.json()]).toMatchObject([
    413,
    { message: expect.stringContaining('bytes at most'), code: 'payload_too_large' },
  ])
  const { hostname, port } = new URL(app.url)
  const socket = connect(Number(port), hostname)
  socket.write(
    `POST /compat/cagent/api/sessions HTTP/1.1\r\nHost: ${hostname}:${port}\r\nAuthorization: Bearer ${operator}\r\nContent-Length: 100\r\n\r\n{"tools`,
  )
  socket.end()
  for await (const _ of socket) break
  expect(await send('GET', '/sessions')).toEqual(before)
})

test('without a key it is 401 in its own words; what another owner has is not there', async () => {
  const none = createCagentClient(base)
  expect(await none.send('GET', '/sessions')).toMatchObject([
    401,
    { message: expect.any(String), error: expect.any(String), code: 'unauthorized' },
  ])
  expect(await none.send('GET', '/ping')).toEqual([200, { status: 'ok' }])
  const [ada, bob, reader] = await Promise.all([
    clientOf('ada', ['sessions', 'runs', 'approvals']),
    clientOf('bob', ['sessions', 'runs', 'approvals']),
    clientOf('ada', ['read']),
  ])
  const id = await ada.newSession()
  expect((await reader.send('GET', `/sessions/${id}`))[0]).toBe(200)
  expect((await reader.send('DELETE', `/sessions/${id}`))[0]).toBe(403)
  expect((await reader.open(`${id}/agent/assistant`, [])).status).toBe(403)
  const others: [string, string, unknown][] = [
    ['GET', `/sessions/${id}`, undefined],
    ['DELETE', `/sessions/${id}`, undefined],
    ['PATCH', `/sessions/${id}/title`, { title: 'Mine' }],
    ['PATCH', `/sessions/${id}/permissions`, {}],
    ['POST', `/sessions/${id}/tools/toggle`, undefined],
    ['POST', `/sessions/${id}/resume`, { confirmation: 'approve' }],
    ['POST', `/sessions/${id}/elicitation`, { action: 'cancel' }],
    ['POST', `/sessions/${id}/agent/assistant`, [{ content: 'Hi' }]],
  ]
  for (const [method, path, body] of others) {
    expect((await bob.send(method, path, body))[0], path).toBe(404)
  }
  expect(await bob.send('GET', '/sessions')).toEqual([200, []])
})

test('what lets tools run without asking takes the scope to approve', async () => {
  const runner = await clientOf('cleo', ['sessions', 'runs'])
  expect(
    (await runner.send('POST', '/sessions', { tools_approved: false, permissions: {} }))[0],
  ).toBe(200)
  expect((await runner.send('POST', '/sessions', { tools_approved: true }))[0]).toBe(403)
})

async function clientOf(owner: string, scopes: ('read' | 'sessions' | 'runs' | 'approvals')[]) {
  const { data } = await app.client.POST('/api/keys', { body: { name: owner, owner, scopes } })
  return createCagentClient(base, bearer(data.key))
}

function post(path: string, body: string, headers: Record<string, string> = {}) {
  const json = { 'Content-Type': 'application/json', ...bearer(operator), ...headers }
  return fetch(`${base}/api${path}`, { method: 'POST', headers: json, body })
}

function bearer(key: string) {
  return { Authorization: `Bearer ${key}` }
}
