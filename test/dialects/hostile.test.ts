import { expect, test } from 'vitest'
import { startApp } from '../support/app.ts'

const operator = 'the-operators-own-key'
// More requests than a key may make in a moment.
const flags = ['--http-token', operator, '--rate-limit', '0']
const app = await startApp({ lifetime: 'file', flags, token: operator })
const { url, model, client } = app

/** How each is asked to answer, and what its refusals look like. */
type Wire = {
  name: string
  /** Where a message is posted that goes to this session. */
  ask(session: string): string
  /** The body of a message; some name the session in it. */
  body(text: unknown, session: unknown): unknown
  /** Sessions as its paths name them; missing: it shows none. */
  session?(id: string): string
  /** It can only go on in sessions that are there. */
  needsSession?: true
  error: object
}

const text = expect.any(String)
const wires: Wire[] = [
  {
    name: 'appam',
    ask: (session) => `/compat/appam/api/sessions/${session}/chat`,
    body: (message) => ({ message }),
    session: (id) => `/compat/appam/api/sessions/${id}`,
    needsSession: true,
    error: { error: text },
  },
  {
    name: 'cagent',
    ask: (session) => `/compat/cagent/api/sessions/${session}/agent/assistant`,
    body: (content) => [{ role: 'user', content }],
    session: (id) => `/compat/cagent/api/sessions/${id}`,
    needsSession: true,
    error: { message: text, error: text, code: text },
  },
  {
    name: 'kawai',
    ask: () => '/compat/kawai/chat',
    body: (message, session_id) => ({ message, session_id }),
    session: (id) => `/compat/kawai/sessions/${id}`,
    error: { detail: expect.anything() },
  },
  {
    name: 'pawan',
    ask: () => '/compat/pawan/chat/stream',
    body: (message, session_id) => ({ message, session_id }),
    session: (id) => `/compat/pawan/sessions/${id}`,
    error: { error: text },
  },
  {
    name: 'ra',
    ask: () => '/compat/ra/chat',
    body: (content, sessionId) => ({ messages: [{ role: 'user', content }], sessionId }),
    error: { error: text },
  },
]

const deep = `${'['.repeat(200)}${']'.repeat(200)}`
/** Bodies that no wire takes for a message, and what may be answered. */
const bodies: [string, (wire: Wire) => string | Buffer, number[]][] = [
  ['half JSON', () => '{"message": "Hi', [400, 422]],
  ['nothing', () => '', [400, 422]],
  ['bytes that are no text', () => Buffer.from([0x22, 0xff, 0xfe, 0x22]), [400, 422]],
  ['a number', () => '7', [400, 422]],
  ['wrong types', ({ body }) => JSON.stringify(body({ a: 1 }, 'wrong')), [400, 422]],
  ['a NUL', ({ body }) => JSON.stringify(body('a\0b', 'nul')), [400, 422]],
  ['half a character', ({ body }) => JSON.stringify(body('\ud800', 'half')), [400, 422]],
  ['200 levels', () => `{"messages":${deep},"message":${deep}}`, [400, 422]],
  ['__proto__', () => '{"message":"Hi","messages":[],"__proto__":{"a":1}}', [400, 422]],
  ['2 MB', ({ body }) => JSON.stringify(body('x'.repeat(2 ** 21), 'huge')), [413]],
]

const cases = wires.flatMap((wire) =>
  bodies.map(([what, make, statuses]) => ({ name: wire.name, what, wire, make, statuses })),
)

test.each(cases)('$name refuses $what in its own shape', async ({ wire, make, statuses }) => {
  const asked = model.requests.length
  const session = wire.needsSession ? await newSession() : 'any'
  const answer = await post(wire.ask(session), make(wire))
  await expectRefusal(wire, answer, statuses)
  expect(model.requests).toHaveLength(asked)
})

const ids = [
  '..%2F..%2Fetc%2Fpasswd',
  '%2e%2e',
  'a%00b',
  '%27%20or%201%3D1',
  'x'.repeat(3000),
  '%F0%9F',
]

test.each(wires.filter(({ session }) => session))(
  '$name knows no session by a name like a path or worse',
  async (wire) => {
    for (const id of ids) {
      for (const method of ['GET', 'DELETE']) {
        const answer = await fetch(url + wire.session?.(id), { method, headers: withKey() })
        await expectRefusal(wire, answer, [400, 404, 405, 422])
      }
    }
  },
)

test.each(wires.filter(({ needsSession }) => !needsSession))(
  '$name takes an id like a path for a name, and refuses one that cannot be kept',
  async (wire) => {
    const id = '../../etc/passwd'
    model.push({ text: 'Hi' })
    const told = await post(wire.ask(id), JSON.stringify(wire.body('Hi', id)))
    expect([told.status, await told.text()]).toEqual([200, expect.stringContaining('Hi')])
    const params = { path: { session: id } }
    const { data } = await client.GET('/api/sessions/{session}', { params })
    expect(data.external_id).toBe(id)
    for (const wrong of ['x'.repeat(5000), 'a\0b']) {
      const answer = await post(wire.ask(wrong), JSON.stringify(wire.body('Hi', wrong)))
      await expectRefusal(wire, answer, [400, 422])
    }
  },
)

test.each(wires)('another owner’s session is not there for $name', async (wire) => {
  const id = `secret-${wire.name}`
  await client.POST('/api/sessions', { body: { external_id: id } })
  const other = await newKey('someone-else')
  if (wire.session) {
    const shown = await fetch(url + wire.session(id), { headers: withKey(other) })
    await expectRefusal(wire, shown, [404])
  }
  const asked = await post(wire.ask(id), JSON.stringify(wire.body('Hi', id)), other)
  await expectRefusal(wire, asked, [404])
  const nobody = await post(wire.ask(id), JSON.stringify(wire.body('Hi', id)), 'wrong')
  await expectRefusal(wire, nobody, [401])
})

test.each(wires)('of two messages at once $name takes one', async (wire) => {
  const session = await newSession(`twice-${wire.name}`)
  const held = Promise.withResolvers<void>()
  model.push({ text: 'First', hold: held.promise })
  const send = () => post(wire.ask(session), JSON.stringify(wire.body('Hi', session)))
  const count = model.requests.length
  const first = send()
  await model.received(count + 1)
  await expectRefusal(wire, await send(), [409])
  held.resolve()
  expect((await first).status).toBe(200)
  expect(await (await first).text()).toContain('First')
})

test.each(wires)(
  'a session that is deleted ends what $name streams, with a reason',
  async (wire) => {
    const session = await newSession(`deleted-${wire.name}`)
    model.push({ text: 'Never', hold: new Promise(() => undefined) })
    const count = model.requests.length
    const asked = post(wire.ask(session), JSON.stringify(wire.body('Hi', session)))
    await model.received(count + 1)
    await client.DELETE('/api/sessions/{session}', { params: { path: { session } } })
    const told = await (await asked).text()
    expect(told).toMatch(/cancelled|stream_stopped/)
    expect(told).not.toContain('at /')
  },
)

test.each(wires)('$name answers after all that', async (wire) => {
  const session = await newSession(`after-${wire.name}`)
  model.push({ text: 'Still here.' })
  const answer = await post(wire.ask(session), JSON.stringify(wire.body('Hi', session)))
  expect([answer.status, await answer.text()]).toEqual([200, expect.stringContaining('here.')])
})

/** Its own shape, one of these statuses, and nothing of the inside. */
async function expectRefusal(wire: Wire, answer: Response, statuses: number[]): Promise<void> {
  const body = await answer.text()
  expect([statuses.includes(answer.status), answer.status, body]).toEqual([
    true,
    answer.status,
    body,
  ])
  expect(JSON.parse(body)).toEqual(wire.error)
  expect(body).not.toMatch(/node_modules|\.ts:|select |postgres|pglite/i)
}

function post(path: string, body: string | Buffer, key = operator): Promise<Response> {
  return fetch(url + path, {
    method: 'POST',
    headers: withKey(key),
    body: new Uint8Array(Buffer.from(body)),
  })
}

function withKey(key = operator): Record<string, string> {
  return { Authorization: `Bearer ${key}`, 'Content-Type': 'application/json' }
}

async function newSession(external_id?: string): Promise<string> {
  const body = external_id === undefined ? {} : { external_id }
  return (await client.POST('/api/sessions', { body })).data.id
}

async function newKey(owner: string): Promise<string> {
  const scopes: ('sessions' | 'runs')[] = ['sessions', 'runs']
  const body = { name: owner, owner, scopes }
  return (await client.POST('/api/keys', { body })).data.key
}
