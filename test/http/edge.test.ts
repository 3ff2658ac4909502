import { connect } from 'node:net'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type House, openHouse } from './house.ts'

let house: House
beforeAll(async () => {
  house = await openHouse({ bodyLimit: 1024 })
})
afterAll(() => house.close())

function post(body: BodyInit, headers: Record<string, string> = {}) {
  const json = { 'content-type': 'application/json', ...headers }
  return house.fetch('/api/sessions', { method: 'POST', headers: json, body })
}

/** Sends bytes as they are and gives the whole answer. */
function raw(text: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(Number(new URL(house.url).port), '127.0.0.1', () => socket.write(text))
    let answer = ''
    socket.setEncoding('utf8')
    socket.on('data', (chunk) => {
      answer += chunk
    })
    socket.on('close', () => resolve(answer))
    socket.on('error', reject)
  })
}

const malformed: [string, BodyInit, number, string][] = [
  ['half a document', '{"title":', 400, 'invalid_json'],
  ['bytes that are no UTF-8', new Uint8Array([0x22, 0xff, 0x22]), 400, 'invalid_json'],
  ['a __proto__ key', '{"metadata":{"__proto__":{"a":1}}}', 400, 'invalid_json'],
  ['an escaped __proto__ key', '{"metadata":{"\\u005f_proto__":1}}', 400, 'invalid_json'],
  ['65 levels', `${'['.repeat(65)}${']'.repeat(65)}`, 400, 'invalid_json'],
  ['a NUL', '{"title":"a\\u0000b"}', 422, 'validation_failed'],
  ['a NUL in a key', '{"metadata":{"a\\u0000":1}}', 422, 'validation_failed'],
  ['a lone surrogate', '{"title":"a\\ud800b"}', 422, 'validation_failed'],
  ['an unknown field', '{"titel":"a"}', 422, 'validation_failed'],
  ['a value of the wrong type', '{"title":1}', 422, 'validation_failed'],
  ['no object', '[]', 422, 'validation_failed'],
  ['a body one byte too large', `{"title":"${'a'.repeat(1024 - 11)}"}`, 413, 'payload_too_large'],
]

test.each(malformed)('a body with %s is refused', async (_name, body, status, code) => {
  const response = await post(body)
  expect(response.status).toBe(status)
  expect(await response.json()).toMatchObject({ code, status })
})

test('a body as large as the limit is read', async () => {
  const response = await post(`{"title":"${'a'.repeat(500)}"}${' '.repeat(1024 - 512)}`)
  expect(response.status).toBe(201)
})

test('a chunked body is refused as soon as it is too large', async () => {
  const head = 'POST /api/sessions HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n'
  const type = 'Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n'
  // The last chunk never comes.
  const answer = await raw(`${head}${type}800\r\n${' '.repeat(0x800)}\r\n`)
  expect(answer).toContain('HTTP/1.1 413')
  expect(answer).toContain('payload_too_large')
})

test('64 levels are not too deep', async () => {
  const nested = `${'{"a":'.repeat(62)}1${'}'.repeat(62)}`
  expect((await post(`{"metadata":${nested}}`)).status).toBe(201)
})

test('every field that is wrong is named', async () => {
  const body = { messages: [{ role: 'admin', content: 'x' }], max_iterations: 0, modle: 'x' }
  const response = await house.post('/api/sessions/ses_1/agent/assistant', body)
  const { errors } = await response.json()
  const paths = errors.map(({ path }: { path: string }) => path)
  expect(paths.sort()).toEqual(['max_iterations', 'messages.0.role', 'modle'])
})

test('a wrong message in a bare array is named', async () => {
  const response = await house.post('/api/sessions/ses_1/agent/assistant', [{ role: 'user' }])
  const { errors } = await response.json()
  expect(errors).toMatchObject([{ path: '0.content' }])
})

const media: [string, Record<string, string>][] = [
  ['text', { 'content-type': 'text/plain' }],
  ['another charset', { 'content-type': 'application/json; charset=utf-16' }],
  ['a compressed body', { 'content-encoding': 'gzip' }],
]

test.each(media)('%s is an unsupported media type', async (_name, headers) => {
  const response = await post('{}', headers)
  expect(await response.json()).toMatchObject({ code: 'unsupported_media_type', status: 415 })
})

test('a charset of UTF-8 is fine', async () => {
  expect((await post('{}', { 'content-type': 'application/json; charset=UTF-8' })).status).toBe(201)
})

test('an unknown route is a problem', async () => {
  const response = await house.fetch('/api/nothing')
  expect(await response.json()).toMatchObject({ code: 'not_found', status: 404 })
})

test('another method is refused with the ones that are allowed', async () => {
  const response = await house.fetch('/api/sessions', { method: 'DELETE' })
  expect(response.status).toBe(405)
  expect(response.headers.get('allow')).toBe('GET, HEAD, OPTIONS, POST')
  expect(await response.json()).toMatchObject({ code: 'method_not_allowed' })
})

test('HEAD answers as GET does, without a body', async () => {
  const response = await house.fetch('/api/sessions/ses_1', { method: 'HEAD' })
  expect(response.status).toBe(200)
  expect(await response.text()).toBe('')
})

test('HEAD of a stream answers and ends', async () => {
  const response = await house.fetch('/api/sessions/ses_1/events', { method: 'HEAD' })
  expect(response.headers.get('content-type')).toBe('text/event-stream')
  expect(house.streams.size()).toBe(0)
})

test('OPTIONS tells the methods', async () => {
  const response = await house.fetch('/api/runs/run_1', { method: 'OPTIONS' })
  expect(response.status).toBe(204)
  expect(response.headers.get('allow')).toBe('GET, HEAD, OPTIONS')
})

const accepted: [string, number][] = [
  ['application/json', 200],
  ['*/*', 200],
  ['text/html, application/*;q=0.5', 200],
  ['text/html', 406],
  ['application/json;q=0', 406],
  ['text/event-stream', 406],
]

test.each(accepted)('Accept: %s of a JSON operation answers %i', async (accept, status) => {
  const response = await house.fetch('/api/stats', { headers: { accept } })
  expect(response.status).toBe(status)
})

test('a well-formed request id is kept', async () => {
  const headers = { 'x-request-id': 'trace-1.2:3' }
  const response = await house.fetch('/api/nothing', { headers })
  expect(response.headers.get('x-request-id')).toBe('trace-1.2:3')
  expect(await response.json()).toMatchObject({ request_id: 'trace-1.2:3' })
})

test('a request id that is not well formed is replaced', async () => {
  const response = await house.fetch('/api/ping', { headers: { 'x-request-id': 'a b' } })
  expect(response.headers.get('x-request-id')).toBe('req_1')
})

test('a bug is hidden from the caller and logged once', async () => {
  const broken = await openHouse({
    overrides: { stats: () => Promise.reject(new Error('select secret from table')) },
  })
  const response = await broken.fetch('/api/stats')
  expect(response.status).toBe(500)
  expect(await response.text()).not.toContain('secret')
  expect(broken.logLines).toHaveLength(1)
  expect(broken.logLines[0]).toContain('select secret from table')
  await broken.close()
})

const hosts: [string, string][] = [
  ['evil.example', '403'],
  ['localhost.evil.example', '403'],
  ['127.0.0.1.evil.example', '403'],
  ['localhost:8080', '200'],
  ['agent.localhost', '200'],
  ['127.1.2.3', '200'],
  ['[::1]:8080', '200'],
]

test.each(hosts)('on loopback a request for host %s answers %s', async (host, status) => {
  const answer = await raw(`GET /api/ping HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`)
  expect(answer.split(' ')[1]).toBe(status)
})

test('a page of another host may not call', async () => {
  for (const origin of ['https://evil.example', 'null', 'http://localhost.evil.example']) {
    const response = await house.fetch('/api/sessions', { headers: { origin } })
    expect(await response.json()).toMatchObject({ code: 'forbidden', status: 403 })
    expect(response.headers.get('access-control-allow-origin')).toBeNull()
  }
})

test('a page of this machine may call and read the headers', async () => {
  const origin = 'http://localhost:5173'
  const response = await house.fetch('/api/ping', { headers: { origin } })
  expect(response.headers.get('access-control-allow-origin')).toBe(origin)
  expect(response.headers.get('access-control-expose-headers')).toContain('Content-Location')
})

test('a page of this machine may ask before a request', async () => {
  const headers = { origin: 'http://127.0.0.1:5173', 'access-control-request-method': 'POST' }
  const response = await house.fetch('/api/chat', { method: 'OPTIONS', headers })
  expect(response.headers.get('access-control-allow-methods')).toContain('POST')
  expect(response.headers.get('access-control-allow-headers')).toContain('Last-Event-ID')
})

test('a host that fits in no URL is a problem', async () => {
  const answer = await raw('GET /live HTTP/1.1\r\nHost: lo cal\r\nConnection: close\r\n\r\n')
  expect(answer).toContain('400')
  expect(answer).toContain('application/problem+json')
})

test('headers beyond 16 KiB are refused', async () => {
  const head = `GET /api/ping HTTP/1.1\r\nHost: localhost\r\nX-Large: ${'a'.repeat(17 * 1024)}\r\n\r\n`
  expect(await raw(head)).toContain('431')
})
