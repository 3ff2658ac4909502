import { expect, test } from 'vitest'
import { followRun, followSession } from '#client/index.ts'
import { startApp } from '../support/app.ts'
import { checkedFetch } from '../support/contract.ts'
import { ask, expectGoesOn, newSession, start, until } from './conversation.ts'

const app = await startApp({ lifetime: 'file' })
const { client, model } = app
const send = checkedFetch()

async function finished() {
  const session = await newSession(app)
  model.push({ text: 'One two three' })
  const { run } = await ask(app, { session })
  return { session, run, path: `${app.url}/api/runs/${run.id}/events` }
}
const stream = (path: string, headers: Record<string, string> = {}) =>
  send(path, { headers: { accept: 'text/event-stream', ...headers } })
const seqsOf = (text: string) => [...text.matchAll(/^id: (\d+)$/gm)].map(([, seq]) => Number(seq))

test('a finished run is streamed again from its beginning, then the stream closes', async () => {
  const { session, run, path } = await finished()
  const text = await (await stream(path)).text()
  const { data } = await client.GET('/api/sessions/{session}/events', {
    params: { path: { session } },
  })
  expect(seqsOf(text)).toEqual(data.data.map(({ seq }) => seq))
  expect(data.data.every(({ run_id }) => run_id === run.id)).toBe(true)
  await expectGoesOn(app, session)
})

test.each([
  ['after', '?after=3', {}],
  ['Last-Event-ID', '', { 'last-event-id': '3' }],
  ['Last-Event-ID over after', '?after=1', { 'last-event-id': '3' }],
])('a run goes on by %s', async (_, query, headers) => {
  const { session, path } = await finished()
  const [next] = seqsOf(await (await stream(path + query, headers)).text())
  expect(next).toBe(4)
  await expectGoesOn(app, session)
})

test('a reader that has all of a finished run is told to stop', async () => {
  const { session, path } = await finished()
  const last = seqsOf(await (await stream(path)).text()).at(-1)
  const response = await stream(path, { 'last-event-id': String(last) })
  expect({ status: response.status, text: await response.text() }).toEqual({
    status: 204,
    text: '',
  })
  await expectGoesOn(app, session)
})

test.each(['9999', '-1', 'x', '1e3', '99999999999999999999'])(
  'the position %s is refused with what is wrong',
  async (position) => {
    const { session, path } = await finished()
    for (const url of [path, `${app.url}/api/sessions/${session}/events`]) {
      const response = await stream(url, { 'last-event-id': position })
      expect(response.status).toBe(400)
      expect(await response.json()).toMatchObject({ code: 'invalid_json' })
    }
  },
)

test('the second run of a session is streamed from its own first event', async () => {
  const { session, run } = await finished()
  model.push({ text: 'Second' })
  const { run: second } = await ask(app, { session })
  const text = await (await stream(`${app.url}/api/runs/${second.id}/events?after=0`)).text()
  expect(text).not.toContain(run.id)
  expect(text).toContain('"type":"user_message"')
  await expectGoesOn(app, session)
})

test('a page of events follows the one before', async () => {
  const { session } = await finished()
  const page = async (query: object) =>
    (await client.GET('/api/sessions/{session}/events', { params: { path: { session }, query } }))
      .data
  const all = await page({})
  expect(all.next_cursor).toBeNull()
  const one = await page({ limit: 2 })
  const two = await page({ limit: 200, cursor: one.next_cursor })
  expect([...one.data, ...two.data]).toEqual(all.data)
  expect((await page({ after: 'latest' })).data).toEqual([])
  await expectGoesOn(app, session)
})

test('a page that its size cut short says where the next one begins', async () => {
  const session = await newSession(app)
  const long = Array.from(
    { length: 20_000 },
    (_, index) => (index * 2_654_435_761) % 2 ** 32,
  ).join()
  model.push({ text: 'Well' })
  const { run } = await ask(app, { session, message: long })
  const seqs: number[] = []
  let cursor: string | null | undefined
  do {
    const query = { limit: 200, ...(cursor && { cursor }) }
    const { data } = await client.GET('/api/sessions/{session}/events', {
      params: { path: { session }, query },
    })
    seqs.push(...data.data.map(({ seq }) => seq))
    cursor = data.next_cursor
  } while (cursor)
  expect(seqs).toEqual((await app.events(run.id)).map(({ seq }) => seq))
})

test('frames carry their names when they are asked for', async () => {
  const { session, path } = await finished()
  const text = await (await stream(`${path}?event_names=true`)).text()
  expect(text).toMatch(/^id: 1\nevent: user_message\ndata: \{/m)
  await expectGoesOn(app, session)
})

test('a viewer of the session sees the runs that begin after it came', async () => {
  const { session } = await finished()
  const viewer = followSession(client, { session, after: 'latest' })
  const first = viewer.next()
  model.push({ text: 'New' })
  const run = await start(app, { session })
  expect((await first).value).toMatchObject({ type: 'user_message', run_id: run.id })
  for await (const event of viewer) if (event.type === 'stream_stopped') break
  await expectGoesOn(app, session)
})

test('two viewers of a run see the same, whenever they come', async () => {
  const session = await newSession(app)
  const { promise, resolve } = Promise.withResolvers<void>()
  model.push({ text: 'One two three', hold: promise })
  const run = await start(app, { session })
  const early = app.events(run.id)
  await until(app, run.id, 'agent_choice')
  const late = app.events(run.id)
  resolve()
  expect(await late).toEqual(await early)
  await expectGoesOn(app, session)
})

test('a run goes on when its only viewer leaves', async () => {
  const session = await newSession(app)
  const { promise, resolve } = Promise.withResolvers<void>()
  model.push({ text: 'One two three', hold: promise })
  const body = [{ role: 'user', content: 'Hi' }]
  const { runId, leave } = await watch(session, body)
  leave()
  resolve()
  const log = await app.events(runId)
  expect(log.at(-1)).toMatchObject({ reason: 'completed' })
  await expectGoesOn(app, session)
})

test('a run that was started so is cancelled when its viewer leaves', async () => {
  const session = await newSession(app)
  model.push({ text: 'One two three', hold: new Promise(() => {}) })
  const messages = [{ role: 'user', content: 'Hi' }]
  const { runId, leave } = await watch(session, { messages, cancel_on_disconnect: true })
  leave()
  for await (const event of followRun(client, { runId })) {
    if (event.type === 'stream_stopped') expect(event.reason).toBe('cancelled')
  }
  await expectGoesOn(app, session)
})

/** Starts a run over its own stream and waits for the first text. */
async function watch(session: string, body: unknown) {
  const controller = new AbortController()
  const response = await fetch(`${app.url}/api/sessions/${session}/agent/assistant`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
    signal: controller.signal,
  })
  const runId = response.headers.get('location')?.split('/').at(-1) ?? ''
  await until(app, runId, 'agent_choice')
  return { runId, leave: () => controller.abort() }
}
