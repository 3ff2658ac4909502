import { afterEach, expect, test } from 'vitest'
import {
  ApiError,
  ConnectionError,
  chat,
  createClient,
  type RuntimeEvent,
  runAgent,
} from '../../src/client/index.ts'
import { run, sampleLog, session } from './sample-log.ts'
import {
  type Fault,
  frame,
  preamble,
  type StreamServer,
  startStreamServer,
} from './stream-server.ts'

const log = sampleLog()
const messages = [{ role: 'user' as const, content: 'Grüezi' }]
let server: StreamServer | undefined

afterEach(async () => {
  await server?.close()
  server = undefined
})

test('a run is started with what the caller gave and nothing else', async () => {
  const started = await start([])
  const options = { session, agent: 'assistant', messages, thinking: true, retryDelay: 1 }
  const events = await collect(runAgent(started, options))
  expect(events).toEqual(log)
  expect(server?.requests).toHaveLength(1)
  expect(server?.requests[0]).toMatchObject({
    method: 'POST',
    url: '/api/sessions/ses_1/agent/assistant',
    headers: { accept: 'text/event-stream', 'content-type': 'application/json' },
    body: JSON.stringify({ messages, thinking: true }),
  })
})

test('an agent inside the source is asked by its name', async () => {
  const client = await start([])
  await collect(runAgent(client, { session, agent: 'team', agentName: 'the critic', messages }))
  expect(server?.requests[0]?.url).toBe('/api/sessions/ses_1/agent/team/the%20critic')
})

test('a run goes on where its stream was cut, and is started only once', async () => {
  const end = preamble.length + Buffer.byteLength(log.slice(0, 4).map(frame).join(''))
  for (const bytes of [0, 3, preamble.length, end - 1, end, end + 1]) {
    const client = await start([{ type: 'cut', bytes }, { type: 'hang up' }])
    const events = await collect(
      runAgent(client, { session, agent: 'assistant', messages, retryDelay: 1 }),
    )
    expect(events, `cut after ${bytes} bytes`).toEqual(log)
    expect(server?.requests.map(({ method, url }) => `${method} ${url}`)).toEqual([
      'POST /api/sessions/ses_1/agent/assistant',
      `GET /api/runs/${run}/events`,
      `GET /api/runs/${run}/events`,
    ])
  }
})

test('without a Location the first event names the run', async () => {
  const client = await start([{ type: 'cut', bytes: 900 }], { exposeLocation: false })
  const events = await collect(chat(client, { message: 'Grüezi', retryDelay: 1 }))
  expect(events).toEqual(log)
  expect(server?.requests[1]?.url).toBe(`/api/runs/${run}/events`)
})

test('a run that nothing names is an error that says where to look', async () => {
  const client = await start([{ type: 'cut', bytes: 3 }], { exposeLocation: false })
  const reading = collect(chat(client, { message: 'Grüezi', retryDelay: 1 }))
  await expect(reading).rejects.toThrow('look into the session')
})

test('a start that got no answer is thrown, not repeated', async () => {
  const client = await start([{ type: 'hang up' }])
  const reading = collect(runAgent(client, { session, agent: 'assistant', messages }))
  await expect(reading).rejects.toThrow(ConnectionError)
  expect(server?.requests).toHaveLength(1)
})

test('a start that is refused is thrown with what to do about it', async () => {
  const busy = {
    type: 'urn:parley:problem:session_busy',
    title: 'The session is busy',
    status: 409,
    detail: 'Wait for run_7 or cancel it',
    code: 'session_busy' as const,
    request_id: 'req_1',
    active_run_id: 'run_7',
  }
  const client = await start([{ type: 'refuse', problem: busy }])
  const reading = collect(runAgent(client, { session, agent: 'assistant', messages }))
  const error = await reading.catch((thrown: unknown) => thrown)
  expect(error).toBeInstanceOf(ApiError)
  expect(error).toMatchObject({ status: 409, code: 'session_busy', problem: busy })
})

test('a start at a busy server is thrown with the time to wait', async () => {
  const problem = {
    type: 'urn:parley:problem:unavailable',
    title: 'Unavailable',
    status: 503,
    detail: 'The server is draining',
    code: 'unavailable' as const,
    request_id: 'req_1',
  }
  const date = new Date(Date.now() + 3_600_000).toUTCString()
  const client = await start([{ type: 'refuse', problem, headers: { 'Retry-After': date } }])
  const reading = collect(runAgent(client, { session, agent: 'assistant', messages }))
  const error = await reading.catch((thrown: unknown) => thrown)
  expect(error).toMatchObject({ code: 'unavailable' })
  expect(error instanceof ApiError && error.retryAfter).toBeGreaterThan(3_500_000)
  expect(server?.requests).toHaveLength(1)
})

async function start(faults: Fault[], options: { exposeLocation?: boolean } = {}) {
  await server?.close()
  server = await startStreamServer({ log, faults, ...options })
  return createClient({ baseUrl: server.baseUrl })
}

async function collect(events: AsyncIterable<RuntimeEvent>): Promise<RuntimeEvent[]> {
  const collected: RuntimeEvent[] = []
  for await (const event of events) collected.push(event)
  return collected
}
