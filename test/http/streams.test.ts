import { connect } from 'node:net'
import { afterEach, beforeEach, expect, test } from 'vitest'
import type { Frame } from '#runtime/runtime.ts'
import { log, message, usage } from '../support/event-log.ts'
import { exampleRun, type House, openHouse } from './house.ts'

let house: House
beforeEach(async () => {
  house = await openHouse()
})
afterEach(() => house.close())

const started = {
  type: 'stream_started',
  agent_info: { model: 'test/model', description: '', version: '1' },
} as const
const stopped = { type: 'stream_stopped', reason: 'completed', completed: true, usage } as const
const step = { type: 'step_started', step: 1 } as const
const text = (content: string) => ({ type: 'agent_choice', content, part: 0, offset: 0 }) as const
const said = (content: string) =>
  ({ type: 'message_added', message_id: 'a1', message: message('assistant', content) }) as const
const waiting = { type: 'run_waiting', reason: 'approval' } as const

const runPath = '/api/sessions/ses_1/agent/assistant'

/** Reads until the text has come. */
async function readUntil(response: Response, wanted: string): Promise<string> {
  const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader()
  let read = ''
  while (reader && !read.slice(-1000).includes(wanted)) {
    const { done, value } = await reader.read()
    if (done) break
    read += value
  }
  reader?.releaseLock()
  return read
}

/** Resolves when it holds; every turn lets the loop go round. */
async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await new Promise((resolve) => setImmediate(resolve))
}

test('the headers come before any event', async () => {
  const response = await house.post(runPath, [])
  expect(response.headers.get('content-type')).toBe('text/event-stream')
  expect(response.headers.get('location')).toBe('/api/runs/run_1')
  expect(response.headers.get('content-location')).toBe('/api/runs/run_1/events')
  expect(response.headers.get('x-accel-buffering')).toBe('no')
  expect(await readUntil(response, '\n\n')).toBe('retry: 1000\n\n')
})

test('a run is streamed to its own end and then the stream closes', async () => {
  const response = await house.post(runPath, [])
  house.append(started, step, text('Hi'))
  house.append(stopped)
  const [retry, ...frames] = (await response.text()).split('\n\n')
  expect(retry).toBe('retry: 1000')
  expect(frames[0]).toBe(`id: 1\ndata: ${house.frames[0]?.json}`)
  expect(frames.map((frame) => frame.split('\n')[0])).toEqual([
    'id: 1',
    'id: 2',
    'id: 3',
    'id: 4',
    '',
  ])
})

test("the end of a sub-agent's run does not end the stream", async () => {
  const response = await house.post(runPath, [])
  house.append(started)
  const [end] = log(stopped)
  const json = JSON.stringify({ ...end, seq: 2, session_id: 'ses_sub' })
  const frame = { seq: 2, type: 'stream_stopped', runId: 'run_1', json } as const
  house.frames.push(frame)
  house.feed.publish('ses_1', [frame])
  house.append(stopped)
  expect(await response.text()).toContain('id: 3')
})

test('event names are sent when they are asked for', async () => {
  house.append(started, stopped)
  const response = await house.fetch('/api/runs/run_1/events?event_names=true')
  expect(await response.text()).toContain('id: 1\nevent: stream_started\ndata: {')
})

test('a stream of a session begins at its oldest event and stays open', async () => {
  house.append(started, stopped)
  const response = await house.fetch('/api/sessions/mine/events')
  house.append(started)
  expect(await readUntil(response, 'id: 3\n')).toContain('id: 1\n')
})

const resumes: [string, string, Record<string, string>, string[]][] = [
  ['after=1', '?after=1', {}, ['id: 2', 'id: 3']],
  ['Last-Event-ID', '', { 'last-event-id': '2' }, ['id: 3']],
  ['Last-Event-ID over after', '?after=0', { 'last-event-id': '2' }, ['id: 3']],
  ['after=0', '?after=0', {}, ['id: 1', 'id: 2', 'id: 3']],
]

test.each(resumes)('a run resumes by %s', async (_name, query, headers, ids) => {
  house.append(started, step, stopped)
  const response = await house.fetch(`/api/runs/run_1/events${query}`, { headers })
  const frames = (await response.text()).split('\n\n').slice(1, -1)
  expect(frames.map((frame) => frame.split('\n')[0])).toEqual(ids)
})

test('after=latest shows only what comes from now on', async () => {
  house.append(started)
  const response = await house.fetch('/api/sessions/ses_1/events?after=latest')
  house.append(step)
  const read = await readUntil(response, 'id: 2\n')
  expect(read).not.toContain('id: 1\n')
})

test('a reconnect at the end of a finished run is told to stop', async () => {
  house.append(started, stopped)
  const response = await house.fetch('/api/runs/run_1/events', {
    headers: { 'last-event-id': '2' },
  })
  expect(response.status).toBe(204)
})

const refused: [string, number, string][] = [
  ['?after=abc', 400, 'invalid_json'],
  ['?after=-1', 400, 'invalid_json'],
  ['?after=1e3', 400, 'invalid_json'],
  ['?after=9', 400, 'invalid_json'],
  ['?after=1', 410, 'events_expired'],
  ['?heartbeat=no', 422, 'validation_failed'],
]

test.each(refused)('a position %s is refused with %i', async (query, status, code) => {
  house.append(started, step, stopped)
  house.house.oldest = 3
  const response = await house.fetch(`/api/sessions/ses_1/events${query}`)
  expect(response.status).toBe(status)
  const problem = await response.json()
  expect(problem.code).toBe(code)
  if (status === 410) expect(problem.oldest_seq).toBe(3)
})

test('a position just before the oldest event is not expired', async () => {
  house.append(started, step, stopped)
  house.house.oldest = 3
  const response = await house.fetch('/api/sessions/ses_1/events?after=2')
  expect(await readUntil(response, 'id: 3\n')).toContain('id: 3\n')
})

test('events are a page for callers that accept only JSON', async () => {
  house.append(started, step, stopped)
  const headers = { accept: 'application/json' }
  const first = await (await house.fetch('/api/sessions/ses_1/events?limit=2', { headers })).json()
  expect(first.data.map(({ seq }: { seq: number }) => seq)).toEqual([1, 2])
  const path = `/api/sessions/ses_1/events?limit=2&cursor=${first.next_cursor}`
  const second = await (await house.fetch(path, { headers })).json()
  expect(second).toMatchObject({ data: [{ seq: 3 }], next_cursor: null })
})

test('a silent stream shows every second tick that it is alive', async () => {
  const response = await house.fetch('/api/sessions/ses_1/events')
  await until(() => house.streams.size() === 1)
  house.tick()
  house.tick()
  expect(await readUntil(response, 'heartbeat')).toBe('retry: 1000\n\n: heartbeat\n\n')
})

test('a named heartbeat carries the newest seq', async () => {
  house.append(started, step)
  const response = await house.fetch('/api/sessions/ses_1/events?heartbeat=event')
  await until(() => house.streams.size() === 1)
  house.tick()
  house.tick()
  const read = await readUntil(response, 'heartbeat')
  expect(read).toContain('event: heartbeat\ndata: {"type":"heartbeat","head":2}\n\n')
})

test('a client that goes away does not stop the run', async () => {
  const aborter = new AbortController()
  const response = await house.fetch(runPath, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: '[]',
    signal: aborter.signal,
  })
  expect(response.status).toBe(200)
  aborter.abort()
  await until(() => house.streams.size() === 0)
  expect(house.cancelled).toEqual([])
})

test.each(['text/event-stream', 'application/json'])(
  'a client that goes away stops the run when it asked for that, reading %s',
  async (accept) => {
    const aborter = new AbortController()
    const response = house.fetch(runPath, {
      method: 'POST',
      headers: { 'content-type': 'application/json', accept },
      body: '{"messages":[],"cancel_on_disconnect":true}',
      signal: aborter.signal,
    })
    const gone = response.then((answer) => answer.text()).catch(() => 'gone')
    await until(() => house.feed.counters().followers === 1)
    aborter.abort()
    await until(() => house.cancelled.length === 1)
    expect(await gone).toBe('gone')
    expect(house.feed.counters().followers).toBe(0)
  },
)

test('a run that ends does not count as a client that goes away', async () => {
  const response = await house.post(runPath, { messages: [], cancel_on_disconnect: true })
  house.append(started, stopped)
  await response.text()
  await until(() => house.streams.size() === 0)
  expect(house.cancelled).toEqual([])
})

test('a reader that takes nothing for six ticks is cut off, others go on', async () => {
  const path = '/api/sessions/ses_1/events'
  const stalled = connect(Number(new URL(house.url).port), '127.0.0.1')
  const cut = new Promise<void>((resolve) => stalled.on('close', () => resolve()))
  stalled.on('error', () => undefined)
  stalled.pause().write(`GET ${path} HTTP/1.1\r\nHost: localhost\r\n\r\n`)
  const healthy = await fetch(`${house.url}${path}`)
  await until(() => house.streams.size() === 2)
  const reader = readUntil(healthy, 'the end')
  // More than the kernel's buffers take for a reader that does not read.
  for (let part = 0; part < 32; part += 1) {
    house.append(text('x'.repeat(256 * 1024)))
    await new Promise((resolve) => setImmediate(resolve))
  }
  for (let tick = 0; tick < 6; tick += 1) house.tick()
  house.append(text('the end'))
  await reader
  await until(() => house.streams.size() === 1)
  stalled.resume()
  await cut
})

test('a frame that no socket takes at once comes whole, with nothing in between', async () => {
  const response = await fetch(`${house.url}/api/sessions/ses_1/events`)
  await until(() => house.streams.size() === 1)
  const long = 'ä'.repeat(8 * 1024 * 1024)
  house.append(started, text(long), text('the end'))
  for (let tick = 0; tick < 5; tick += 1) house.tick()
  const frames = (await readUntil(response, 'the end')).split('\n\n')
  const sent = frames.filter((frame) => frame.startsWith('id: '))
  expect(sent.map((frame) => frame.slice(frame.indexOf('{')))).toEqual(
    house.frames.map(({ json }) => json),
  )
})

const joined: [string, (frames: Frame[]) => void][] = [
  ['as long', ([first]) => first && Object.assign(first, { json: `${first.json} ` })],
  ['shorter', (frames) => frames.shift()],
]

test.each(joined)('a reader is cut off whose frame became another, %s', async (_name, join) => {
  const response = await fetch(`${house.url}/api/sessions/ses_1/events`)
  await until(() => house.streams.size() === 1)
  house.append(text('x'.repeat(16 * 1024 * 1024)))
  // The ring has only the last one; what compaction does to the rows comes before the rest is read.
  const [first, ...others] = house.frames.splice(0)
  if (first) house.frames.push({ ...first }, ...others)
  house.append(text('next'))
  join(house.frames)
  await expect(response.text()).rejects.toThrow('terminated')
  expect(house.streams.size()).toBe(0)
})

test('closing the streams ends each one whole', async () => {
  house.append(started)
  const response = await house.fetch('/api/sessions/ses_1/events')
  const read = response.text()
  await until(() => house.streams.size() === 1)
  house.streams.close()
  expect(await read).toContain('id: 1\n')
})

test('a caller that wants JSON gets the result when the run is over', async () => {
  const answer = house.post(runPath, [], { accept: 'application/json' })
  await until(() => house.feed.counters().followers === 1)
  house.append(started, step, text('Hi'), said('Hi'))
  house.house.run = { ...exampleRun, status: 'completed', stop_reason: 'stop', completed: true }
  house.append(stopped)
  const response = await answer
  expect(response.headers.get('location')).toBe('/api/runs/run_1')
  expect(await response.json()).toMatchObject({
    output: 'Hi',
    completed: true,
    message: { content: 'Hi' },
    run: { status: 'completed' },
  })
})

test('a caller that wants JSON gets the result as soon as the run waits', async () => {
  const answer = house.post('/api/chat', { message: 'Hi' }, { accept: 'application/json' })
  await until(() => house.feed.counters().followers === 1)
  house.house.run = {
    ...exampleRun,
    status: 'waiting',
    waiting_for: { kind: 'approval', ids: ['c1'] },
  }
  house.append(started, waiting)
  expect(await (await answer).json()).toMatchObject({
    output: null,
    completed: false,
    run: { status: 'waiting', waiting_for: { kind: 'approval', ids: ['c1'] } },
  })
})

test('a structured output is the object itself', async () => {
  const json_schema = { name: 'person', schema: { type: 'object' } }
  const body = { messages: [], response_format: { type: 'json_schema', json_schema } }
  const answer = house.post(runPath, body, { accept: 'application/json' })
  await until(() => house.feed.counters().followers === 1)
  house.house.run = { ...exampleRun, status: 'completed', completed: true }
  house.append(started, said('{"name":"Ada"}'), stopped)
  expect(await (await answer).json()).toMatchObject({ output: { name: 'Ada' } })
})

test('a caller that prefers not to wait gets the run at once', async () => {
  const response = await house.post(
    '/api/agents/assistant/chat',
    { message: 'Hi' },
    { prefer: 'respond-async, wait=5' },
  )
  expect(response.status).toBe(202)
  expect(response.headers.get('preference-applied')).toBe('respond-async')
  expect(await response.json()).toMatchObject({ id: 'run_1', status: 'running' })
})

test('a run has no other representation', async () => {
  const response = await house.post(runPath, [], { accept: 'text/html' })
  expect(await response.json()).toMatchObject({ code: 'not_acceptable', status: 406 })
})

test('a page of this machine may read a stream', async () => {
  const origin = 'http://localhost:5173'
  const response = await house.fetch('/api/sessions/ses_1/events', { headers: { origin } })
  expect(response.headers.get('access-control-allow-origin')).toBe(origin)
})
