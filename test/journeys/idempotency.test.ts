import { randomUUID } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { expect, test } from 'vitest'
import { startApp } from '../support/app.ts'
import { checkedFetch } from '../support/contract.ts'
import { ask, expectGoesOn, getSession, newSession, start, until } from './conversation.ts'

const agent = `
agents:
  root:
    model: scripted
    toolsets: [{ type: filesystem, path: ./files }]
`
const app = await startApp({ lifetime: 'file', agents: { assistant: agent } })
const { client, model, events } = app
const send = checkedFetch()
const write = { name: 'write_file', arguments: { path: 'a.txt', content: 'x' } }

type Asked = { key: string; accept?: string; prefer?: string; body?: unknown }

/** One POST under a key, as whoever sends it again would. */
async function post(path: string, { key, accept, prefer, body }: Asked) {
  const response = await send(`${app.url}${path}`, {
    method: 'POST',
    headers: {
      'Idempotency-Key': key,
      ...(accept ? { Accept: accept } : {}),
      ...(prefer ? { Prefer: prefer } : {}),
      ...(body === undefined ? {} : { 'Content-Type': 'application/json' }),
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  })
  const text = await response.text()
  return { status: response.status, headers: response.headers, text }
}

const runPath = (session: string) => `/api/sessions/${session}/agent/assistant`
const hello = [{ role: 'user', content: 'Hello' }]
const json = 'application/json'

// What they answer holds a secret, which no kept answer may.
const secretive = ['createKey', 'createSessionToken']

test('every POST of the contract takes a key, but for those that answer with a secret', async () => {
  const { paths } = JSON.parse(await readFile('openapi/openapi.json', 'utf8'))
  type Operation = { operationId: string; parameters?: { $ref: string }[] }
  const posts = Object.values<{ post?: Operation }>(paths).flatMap(({ post }) => post ?? [])
  const without = posts.filter(
    ({ parameters = [] }) =>
      !parameters.some(({ $ref }) => $ref.endsWith('/IdempotencyKeyParameter')),
  )
  expect(posts.length).toBeGreaterThan(15)
  expect(without.map(({ operationId }) => operationId).toSorted()).toEqual(secretive)
})

test('the same request again gets the same stream, byte for byte, and the model is asked once', async () => {
  const session = await newSession(app)
  const count = model.requests.length
  model.push({ text: 'Good day' })
  const request = { key: randomUUID(), body: hello }
  const first = await post(runPath(session), request)
  const second = await post(runPath(session), request)
  expect(second.text).toBe(first.text)
  expect(second.headers.get('location')).toBe(first.headers.get('location'))
  expect(model.requests).toHaveLength(count + 1)
  expect((await getSession(app, session)).messages).toHaveLength(2)
  await expectGoesOn(app, session)
})

test('a stream, a result and a 202 of one key are of one run', async () => {
  const session = await newSession(app)
  model.push({ text: 'Good day' })
  const request = { key: randomUUID(), body: hello }
  const result = await post(runPath(session), { ...request, accept: json })
  const again = await post(runPath(session), { ...request, accept: json })
  expect(again.text).toBe(result.text)
  const accepted = await post(runPath(session), { ...request, prefer: 'respond-async' })
  expect(accepted.status).toBe(202)
  expect(JSON.parse(accepted.text)).toEqual(JSON.parse(result.text).run)
  const stream = await post(runPath(session), request)
  expect(stream.text).toContain('"type":"stream_stopped"')
  expect(JSON.parse(result.text)).toMatchObject({ output: 'Good day', completed: true })
})

test('twins that come while the run goes on wait for the one run', async () => {
  const session = await newSession(app)
  const held = Promise.withResolvers<void>()
  const count = model.requests.length
  model.push({ text: 'One two three', hold: held.promise, holdAfter: 1 })
  const request = { key: randomUUID(), body: hello }
  const accepted = await post(runPath(session), { ...request, prefer: 'respond-async' })
  const twins = Array.from({ length: 6 }, (_, index) =>
    post(runPath(session), index % 2 ? { ...request, accept: json } : request),
  )
  await until(app, JSON.parse(accepted.text).id, 'agent_choice')
  held.resolve()
  const answers = await Promise.all(twins)
  expect(new Set(answers.filter((_, index) => index % 2 === 0).map(({ text }) => text)).size).toBe(
    1,
  )
  expect(new Set(answers.filter((_, index) => index % 2).map(({ text }) => text)).size).toBe(1)
  expect(model.requests).toHaveLength(count + 1)
})

test('twenty twins at once begin one run', async () => {
  const session = await newSession(app)
  const count = model.requests.length
  model.push({ text: 'Good day' })
  const request = { key: randomUUID(), prefer: 'respond-async', body: hello }
  const answers = await Promise.all(
    Array.from({ length: 20 }, () => post(runPath(session), request)),
  )
  const accepted = answers.filter(({ status }) => status === 202)
  const refused = answers.filter(({ status }) => status !== 202)
  for (const { status, text, headers } of refused) {
    expect({ status, code: JSON.parse(text).code }).toEqual({
      status: 409,
      code: 'idempotency_in_flight',
    })
    expect(headers.get('retry-after')).toBe('1')
  }
  const ids = new Set(accepted.map(({ text }) => JSON.parse(text).id))
  expect(ids.size).toBe(1)
  const [id = ''] = ids
  await events(id)
  expect(model.requests).toHaveLength(count + 1)
})

test('a repeat after a restart of the server shows the run that was begun', async () => {
  const session = await newSession(app)
  model.push({ text: 'Good day' })
  const request = { key: randomUUID(), body: hello }
  const first = await post(runPath(session), request)
  await app.restart()
  expect((await post(runPath(session), request)).text).toBe(first.text)
  await expectGoesOn(app, session)
})

test('the same chat again goes on with the session that the first one made', async () => {
  model.push({ text: 'Good day' })
  const request = {
    key: randomUUID(),
    accept: json,
    body: { message: 'Hello', agent: 'assistant' },
  }
  const first = await post('/api/chat', request)
  const second = await post('/api/chat', request)
  expect(JSON.parse(first.text)).toMatchObject({ output: 'Good day' })
  expect(second.text).toBe(first.text)
})

test('another path or body under the same key is refused', async () => {
  const [session, other] = [await newSession(app), await newSession(app)]
  model.push({ text: 'Good day' })
  const key = randomUUID()
  await post(runPath(session), { key, body: hello })
  const mismatch = { status: 422, text: expect.stringContaining('idempotency_mismatch') }
  const changed = [{ role: 'user', content: 'Bye' }]
  expect(await post(runPath(session), { key, body: changed })).toMatchObject(mismatch)
  expect(await post(runPath(other), { key, body: hello })).toMatchObject(mismatch)
})

test('the same key for another operation is another key', async () => {
  const key = randomUUID()
  const session = await newSession(app)
  const toggled = await post(`/api/sessions/${session}/tools/toggle`, { key })
  const thinking = await post(`/api/sessions/${session}/thinking/toggle`, { key })
  expect(JSON.parse(toggled.text)).toEqual({ tools_approved: true })
  expect(JSON.parse(thinking.text)).toEqual({ thinking: false })
})

test('a request that was refused does not use up its key', async () => {
  const session = await newSession(app)
  model.push({ text: 'One two three', hold: new Promise<never>(() => {}), holdAfter: 1 })
  const active = await start(app, { session })
  await until(app, active.id, 'agent_choice')
  const request = { key: randomUUID(), accept: json, body: hello }
  expect(await post(runPath(session), request)).toMatchObject({ status: 409 })
  await client.POST('/api/runs/{run}/cancel', { params: { path: { run: active.id } } })
  model.push({ text: 'Good day' })
  const answer = await post(runPath(session), request)
  expect(JSON.parse(answer.text)).toMatchObject({ output: 'Good day' })
})

test.each([
  ['that is empty', ''],
  ['with a space', 'two words'],
  ['beyond ASCII', 'é'],
  ['of 256 characters', 'x'.repeat(256)],
])('a key %s is refused', async (_, key) => {
  const answer = await post('/api/sessions', { key, body: {} })
  expect(answer).toMatchObject({ status: 422, text: expect.stringContaining('idempotency-key') })
})

test('other answers are repeated byte for byte, with their headers', async () => {
  const request = { key: randomUUID(), body: { title: 'Once' } }
  const first = await post('/api/sessions', request)
  const second = await post('/api/sessions', request)
  expect(first.status).toBe(201)
  expect({ ...second, headers: second.headers.get('location') }).toEqual({
    ...first,
    headers: first.headers.get('location'),
  })
  const toggle = { key: randomUUID() }
  const { id } = JSON.parse(first.text)
  const toggled = await post(`/api/sessions/${id}/tools/toggle`, toggle)
  expect((await post(`/api/sessions/${id}/tools/toggle`, toggle)).text).toBe(toggled.text)
  expect(await getSession(app, id)).toMatchObject({ tools_approved: true })
})

test('a decision that is sent again decides once', async () => {
  const session = await newSession(app)
  model.push({ toolCalls: [write] }, { toolCalls: [write] })
  await ask(app, { session })
  const request = { key: randomUUID(), body: { confirmation: 'approve' } }
  const first = await post(`/api/sessions/${session}/resume`, request)
  await expect.poll(async () => (await getSession(app, session)).status).toBe('waiting')
  // Without the key this would approve the second call.
  expect((await post(`/api/sessions/${session}/resume`, request)).text).toBe(first.text)
  expect((await getSession(app, session)).pending_approvals).toHaveLength(1)
})

test('an enqueued run is enqueued once', async () => {
  const session = await newSession(app)
  const held = Promise.withResolvers<void>()
  model.push({ text: 'One two three', hold: held.promise, holdAfter: 1 }, { text: 'Second' })
  const active = await start(app, { session })
  await until(app, active.id, 'agent_choice')
  const body = { messages: hello, on_busy: 'enqueue' }
  const request = { key: randomUUID(), prefer: 'respond-async', body }
  const first = await post(runPath(session), request)
  const second = await post(runPath(session), request)
  expect(JSON.parse(second.text)).toEqual(JSON.parse(first.text))
  held.resolve()
  const streams = await Promise.all([
    post(runPath(session), { key: request.key, body }),
    events(JSON.parse(first.text).id),
  ])
  expect(streams[0].text).toContain('"type":"stream_stopped"')
  expect((await getSession(app, session)).messages).toHaveLength(4)
})

test('the run of a key whose session was deleted is not begun again', async () => {
  const session = await newSession(app)
  model.push({ text: 'Good day' })
  const request = { key: randomUUID(), body: hello }
  await post(runPath(session), request)
  await client.DELETE('/api/sessions/{session}', { params: { path: { session } } })
  expect(await post(runPath(session), request)).toMatchObject({ status: 404 })
})
