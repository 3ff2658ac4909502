import { once } from 'node:events'
import { connect } from 'node:net'
import { Hono } from 'hono'
import { expect, onTestFinished, test } from 'vitest'
import type { Env } from '#http/env.ts'
import { createRunAdmission } from '#http/limits-runs.ts'
import { listen } from '#http/listen.ts'
import { exampleRun, openHouse } from './house.ts'

const rate = { perMinute: 60, burst: 2 }

async function openLimited(settings: Partial<Parameters<typeof openHouse>[0]> = {}) {
  const clock = { time: 0 }
  const requests = { rate, sparesKeyless: false, trustProxy: false, now: () => clock.time }
  const house = await openHouse({ requests, ...settings })
  onTestFinished(() => house.close())
  return { house, clock }
}

/** Sends bytes as they are and gives all that comes back. */
async function raw(url: string, text: string): Promise<string> {
  const socket = connect(Number(new URL(url).port), '127.0.0.1').setEncoding('utf8')
  let answer = ''
  socket.on('data', (chunk) => {
    answer += chunk
  })
  socket.write(text)
  await once(socket, 'close')
  return answer
}

test('each answer says what is left, and one past the burst is refused until its time', async () => {
  const { house, clock } = await openLimited()
  const first = await house.fetch('/api/ping')
  expect(first.headers.get('ratelimit-policy')).toBe('"requests";q=60;w=60;burst=2')
  expect(first.headers.get('ratelimit')).toBe('"requests";r=1;t=0')
  expect((await house.fetch('/api/ping')).status).toBe(200)
  const refused = await house.fetch('/api/ping')
  expect(refused.status).toBe(429)
  expect(refused.headers.get('retry-after')).toBe('1')
  expect(refused.headers.get('ratelimit')).toBe('"requests";r=0;t=1')
  expect(await refused.json()).toMatchObject({ code: 'rate_limited', retry_after: 1 })
  clock.time = 1000
  expect((await house.fetch('/api/ping')).status).toBe(200)
})

test('streams and refusals say what is left, too', async () => {
  const { house } = await openLimited()
  const stream = await house.fetch('/api/sessions/ses_1/events')
  expect(stream.headers.get('ratelimit')).toBe('"requests";r=1;t=0')
  await stream.body?.cancel()
  const missing = await house.fetch('/api/nothing')
  expect(missing.headers.get('ratelimit')).toBe('"requests";r=0;t=1')
})

test('a web page can read what is left, also when it is refused', async () => {
  const { house } = await openLimited()
  const headers = { origin: 'http://localhost:5173' }
  const answers = [1, 2, 3].map(() => house.fetch('/api/ping', { headers }))
  const refused = (await Promise.all(answers)).find(({ status }) => status === 429)
  expect(refused?.headers.get('access-control-allow-origin')).toBe(headers.origin)
  expect(refused?.headers.get('access-control-expose-headers')).toContain('RateLimit-Policy')
})

test('probes and the questions of browsers are not counted', async () => {
  const { house } = await openLimited()
  for (const _ of [1, 2, 3]) {
    expect((await house.fetch('/live')).status).toBe(200)
    expect((await house.fetch('/ready')).status).toBe(200)
    expect((await house.fetch('/api/chat', { method: 'OPTIONS' })).status).toBe(204)
  }
  expect((await house.fetch('/api/ping')).headers.get('ratelimit')).toContain('r=1')
})

test('callers behind a trusted proxy are told apart', async () => {
  const requests = { rate, sparesKeyless: false, trustProxy: true, now: () => 0 }
  const { house } = await openLimited({ requests })
  const ask = (address: string) =>
    house.fetch('/api/ping', { headers: { 'x-forwarded-for': `203.0.113.9, ${address}` } })
  for (const status of [200, 200, 429]) expect((await ask('192.0.2.1')).status).toBe(status)
  expect((await ask('192.0.2.2')).status).toBe(200)
})

test('without trust, X-Forwarded-For makes nobody somebody else', async () => {
  const { house } = await openLimited()
  const ask = (address: string) =>
    house.fetch('/api/ping', { headers: { 'x-forwarded-for': address } })
  expect((await ask('192.0.2.1')).status).toBe(200)
  expect((await ask('192.0.2.2')).status).toBe(200)
  expect((await ask('192.0.2.3')).status).toBe(429)
})

test('programs of this machine are not limited where no key is needed', async () => {
  const requests = { rate, sparesKeyless: true, trustProxy: false, now: () => 0 }
  const { house } = await openLimited({ requests })
  for (const _ of [1, 2, 3]) {
    const response = await house.fetch('/api/ping')
    expect([response.status, response.headers.get('ratelimit')]).toEqual([200, null])
  }
})

test('as many streams as are allowed stay open, and one past that is refused', async () => {
  const { house } = await openLimited({
    requests: { rate: null, sparesKeyless: false, trustProxy: false, now: () => 0 },
    streamLimits: { instance: 2, key: 50 },
  })
  const open = () => house.fetch('/api/sessions/ses_1/events')
  const streams = [await open(), await open()]
  const refused = await open()
  expect(refused.status).toBe(503)
  expect(refused.headers.get('retry-after')).toBe('5')
  const started = await house.post('/api/agents/assistant/chat', { message: 'Hi' })
  expect(await started.json()).toMatchObject({ code: 'unavailable' })
  const later = { prefer: 'respond-async' }
  const async = await house.post('/api/agents/assistant/chat', { message: 'Hi' }, later)
  expect(async.status).toBe(202)
  await streams[0]?.body?.cancel()
  await expect.poll(async () => (await open()).status).toBe(200)
})

test('a key at its bound starts no run, and another one does', async () => {
  const running = new Map<string, number>()
  const admit = createRunAdmission({
    most: 2,
    countRunning: async ({ owner }) => running.get(owner) ?? 0,
  })
  const start = (owner: string) =>
    admit({ tenant: 't', owner, keyId: owner }, async () => {
      running.set(owner, (running.get(owner) ?? 0) + 1)
      return { run: exampleRun, after: 0, begun: true }
    })
  const results = await Promise.allSettled([start('a'), start('a'), start('a'), start('b')])
  const kinds = results.map(({ status }) => status)
  expect(kinds).toEqual(['fulfilled', 'fulfilled', 'rejected', 'fulfilled'])
  expect(results[2]).toMatchObject({ reason: { code: 'rate_limited' } })
})

test('without keys runs are not counted', async () => {
  const admit = createRunAdmission({ most: 1, countRunning: async () => 1 })
  const start = async () => ({ run: exampleRun, after: 0, begun: true })
  expect(await admit({ tenant: 't', owner: 'local' }, start)).toMatchObject({ begun: true })
})

const unreadable: [string, string, number, string][] = [
  ['what is no HTTP', 'hello\r\n\r\n', 400, 'invalid_json'],
  [
    'two lengths',
    'GET / HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n',
    400,
    'invalid_json',
  ],
  [
    'headers of 17 KiB',
    `GET / HTTP/1.1\r\nHost: localhost\r\nX-Large: ${'a'.repeat(17 * 1024)}\r\n\r\n`,
    431,
    'headers_too_large',
  ],
  ['no Host', 'GET /api/ping HTTP/1.1\r\nConnection: close\r\n\r\n', 400, 'invalid_json'],
  ['CONNECT', 'CONNECT example.com:443 HTTP/1.1\r\nHost: localhost\r\n\r\n', 400, 'invalid_json'],
]

test.each(unreadable)('%s is refused with a problem', async (_name, text, status, code) => {
  const { house } = await openLimited()
  const [head = '', body = ''] = (await raw(house.url, text)).split('\r\n\r\n')
  expect(head).toMatch(new RegExp(`^HTTP/1.1 ${status} `))
  expect(head).toContain('application/problem+json')
  expect(JSON.parse(body)).toMatchObject({ code, status, request_id: 'req_1' })
})

test('headers of almost 16 KiB are read', async () => {
  const { house } = await openLimited()
  const head = 'GET /api/ping HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nX-Large: '
  const answer = await raw(house.url, `${head}${'a'.repeat(15 * 1024)}\r\n\r\n`)
  expect(answer).toMatch(/^HTTP\/1.1 200 /)
})

test('headers that come too slowly are refused', async () => {
  const app = new Hono<Env>()
  const newRequestId = () => 'req_1'
  const server = await listen({ app, host: '127.0.0.1', port: 0, newRequestId, headersTimeout: 1 })
  onTestFinished(() => server.close(0))
  const answer = await raw(server.url, 'GET /api/ping HTTP/1.1\r\nHost: local')
  expect(answer).toMatch(/^HTTP\/1.1 408 /)
  expect(answer).toContain('request_timeout')
})

test('an expectation that nobody knows is ignored', async () => {
  const { house } = await openLimited()
  const head =
    'GET /api/ping HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nExpect: tea\r\n\r\n'
  expect(await raw(house.url, head)).toMatch(/^HTTP\/1.1 200 /)
})

test('a body that breaks off after its refusal gets no second one', async () => {
  const { house } = await openLimited()
  const head = 'POST /api/sessions HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2000000\r\n\r\n'
  const socket = connect(Number(new URL(house.url).port), '127.0.0.1').setEncoding('utf8')
  let answer = ''
  socket.on('data', (chunk) => {
    answer += chunk
    socket.end()
  })
  socket.write(head)
  await once(socket, 'close')
  expect(answer.match(/^HTTP\/1.1 \d+/gm)).toEqual(['HTTP/1.1 413'])
})

test('what comes behind a request is refused behind its answer', async () => {
  const { house } = await openLimited()
  const answer = await raw(
    house.url,
    'GET /api/ping HTTP/1.1\r\nHost: localhost\r\n\r\nno request\r\n\r\n',
  )
  expect(answer.match(/HTTP\/1.1 \d+/g)).toEqual(['HTTP/1.1 200', 'HTTP/1.1 400'])
})

test('what follows a stream on its connection does not get into it', async () => {
  const { house } = await openLimited()
  const head = 'GET /api/sessions/ses_1/events HTTP/1.1\r\nHost: localhost\r\n\r\n'
  const socket = connect(Number(new URL(house.url).port), '127.0.0.1').setEncoding('utf8')
  let answer = ''
  socket.on('data', (chunk) => {
    answer += chunk
  })
  socket.write(head)
  await once(socket, 'data')
  socket.write('no request\r\n\r\n')
  await once(socket, 'close')
  expect(answer).not.toContain('HTTP/1.1 400')
})
