import { afterEach, expect, test } from 'vitest'
import type { ProblemDocument } from '#contract/problem.ts'
import {
  ApiError,
  createClient,
  followRun,
  followSession,
  type Reconnect,
  type RuntimeEvent,
  StreamError,
} from '../../src/client/index.ts'
import { createRandom } from '../support/random.ts'
import { deltas, run, sampleLog, session, started, stopped, toLog } from './sample-log.ts'
import {
  type Fault,
  frame,
  preamble,
  type StreamServer,
  startStreamServer,
} from './stream-server.ts'

const log = sampleLog()
const wire = Buffer.from(preamble + log.map(frame).join(''))
let server: StreamServer | undefined

afterEach(async () => {
  await server?.close()
  server = undefined
})

test('a run is followed from its first event to its own end', async () => {
  const { events } = await follow([])
  expect(events).toEqual(log)
  expect(server?.requests.map(({ url, headers }) => [url, headers.accept])).toEqual([
    ['/api/runs/run_1/events', 'text/event-stream'],
  ])
})

test('a stream that is cut at any byte goes on without a gap or a repeat', async () => {
  // Every byte of the preamble and of the frame with text that is more than ASCII.
  const until = preamble.length + Buffer.byteLength(log.slice(0, 5).map(frame).join(''))
  const from = until - Buffer.byteLength(log.slice(4, 5).map(frame).join(''))
  const cuts = range(0, preamble.length).concat(range(from, until + 1))
  for (const bytes of cuts) {
    const { events } = await follow([{ type: 'cut', bytes }])
    expect(events, `cut after ${bytes} bytes`).toEqual(log)
  }
}, 60_000)

test('a stream that ends cleanly at any byte goes on without a gap or a repeat', async () => {
  for (const bytes of range(preamble.length, wire.length, 23)) {
    const { events } = await follow([{ type: 'end', bytes }])
    expect(events, `ended after ${bytes} bytes`).toEqual(log)
  }
}, 60_000)

test('any row of faults leaves the sequence exact', async () => {
  for (const seed of range(1, 60)) {
    const random = createRandom(seed)
    const faults = Array.from({ length: random.below(6) }, () => randomFault(random))
    const { events } = await follow(faults)
    expect(events, `seed ${seed}`).toEqual(log)
  }
}, 60_000)

test('each new connection names the last event that came', async () => {
  const bytes = preamble.length + Buffer.byteLength(log.slice(0, 4).map(frame).join('')) + 9
  await follow([{ type: 'hang up' }, { type: 'cut', bytes }])
  expect(server?.requests.map(({ headers }) => headers['last-event-id'])).toEqual([
    undefined,
    undefined,
    '4',
  ])
})

test('a restart of the server on the same port goes unnoticed', async () => {
  const first = await startStreamServer({ log: log.slice(0, 6) })
  const { port } = first
  const reconnects: Reconnect[] = []
  let restarted: Promise<StreamServer> | undefined
  const client = createClient({ baseUrl: first.baseUrl })
  const events: RuntimeEvent[] = []
  for await (const event of followRun(client, {
    runId: run,
    retryDelay: 1,
    onReconnect(reconnect) {
      reconnects.push(reconnect)
      if (reconnects.length === 3) restarted = startStreamServer({ log, port })
    },
  })) {
    events.push(event)
    if (event.seq === 6) await first.close()
  }
  server = await restarted
  expect(events).toEqual(log)
  expect(server?.requests[0]?.headers['last-event-id']).toBe('6')
})

test('a server that is busy is asked again, after the time that it says', async () => {
  const reconnects: Reconnect[] = []
  const refusal: Fault = {
    type: 'refuse',
    problem: problem(503, 'unavailable'),
    headers: { 'Retry-After': '0.02' },
  }
  const late: Fault = {
    type: 'refuse',
    problem: { ...problem(429, 'rate_limited'), retry_after: 0 },
  }
  const { events } = await follow([refusal, late], {
    onReconnect: (reconnect) => reconnects.push(reconnect),
  })
  expect(events).toEqual(log)
  expect(reconnects.map(({ attempt }) => attempt)).toEqual([1, 2])
  expect(reconnects[0]?.delay).toBe(20)
  expect(reconnects[0]?.cause).toMatchObject({ status: 503, code: 'unavailable', retryAfter: 20 })
})

test.each([
  [400, 'invalid_json'],
  [401, 'unauthorized'],
  [404, 'not_found'],
] as const)('a %i is thrown at once', async (status, code) => {
  const reading = follow([{ type: 'refuse', problem: problem(status, code) }])
  await expect(reading).rejects.toMatchObject({ name: 'ApiError', status, code })
  expect(server?.requests).toHaveLength(1)
})

test('a 410 in the middle says which event is the oldest kept', async () => {
  const gone = { ...problem(410, 'events_expired'), oldest_seq: 9 }
  const reading = follow([
    { type: 'cut', bytes: 700 },
    { type: 'refuse', problem: gone },
  ])
  const error = await reading.catch((thrown: unknown) => thrown)
  expect(error).toBeInstanceOf(ApiError)
  expect(error).toMatchObject({ problem: gone, message: 'events_expired: what is wrong' })
})

test('a page that is no event stream is an error that says so', async () => {
  const reading = follow([{ type: 'answer', contentType: 'text/html', body: '<html>' }])
  await expect(reading).rejects.toThrow(StreamError)
  await expect(follow([{ type: 'answer', contentType: 'text/html', body: '' }])).rejects.toThrow(
    'answered with text/html instead of text/event-stream',
  )
})

test('a silent connection is given up for a new one', async () => {
  const bytes = preamble.length + Buffer.byteLength(log.slice(0, 3).map(frame).join(''))
  const causes: unknown[] = []
  const { events } = await follow([{ type: 'silence', bytes }], {
    silenceLimit: 100,
    onReconnect: ({ cause }) => causes.push(cause),
  })
  expect(events).toEqual(log)
  expect(causes).toMatchObject([{ message: 'The server was silent for 100 ms' }])
  await server?.requests[0]?.closed
})

test('a server that does not even answer is asked again', async () => {
  const { events } = await follow([{ type: 'ignore' }], { silenceLimit: 100 })
  expect(events).toEqual(log)
  expect(server?.requests).toHaveLength(2)
})

test('events that come again are given once', async () => {
  const { events } = await follow([
    { type: 'cut', bytes: 1500 },
    { type: 'repeat', events: 3 },
  ])
  expect(events).toEqual(log)
})

test.each([
  ['CRLF', (text: string) => text.replaceAll('\n', '\r\n')],
  ['CR', (text: string) => text.replaceAll('\n', '\r')],
  ['a byte order mark', (text: string) => `\uFEFF${text}`],
  ['comments and names', (text: string) => text.replaceAll('id:', ': heartbeat\n\nevent: x\nid:')],
  [
    'heartbeat events',
    (text: string) =>
      text.replaceAll('id:', 'event: heartbeat\ndata: {"type":"heartbeat","head":3}\n\nid:'),
  ],
  ['no space after the colon', (text: string) => text.replaceAll('data: ', 'data:')],
])('%s and chunks of a few bytes make no difference', async (_name, spell) => {
  for (const chunk of [1, 2, 5, 64]) {
    const { events } = await follow([{ type: 'spell', spell, chunk }])
    expect(events).toEqual(log)
  }
})

test('the iteration begins after the event that the caller has', async () => {
  const { events } = await follow([], { after: 5 })
  expect(events.map(({ seq }) => seq)).toEqual(range(6, log.length + 1))
})

test('a run that the caller has all of ends at once', async () => {
  const { events } = await follow([], { after: log.length })
  expect(events).toEqual([])
})

test('leaving the loop closes the connection', async () => {
  server = await startStreamServer({ log: log.slice(0, 3) })
  for await (const event of followRun(createClient(server), { runId: run })) {
    if (event.seq === 2) break
  }
  await server.requests[0]?.closed
  expect(server.requests).toHaveLength(1)
})

test('an abort ends a stream that waits, with the reason, and closes the connection', async () => {
  server = await startStreamServer({ log: log.slice(0, 3) })
  const controller = new AbortController()
  const events = followRun(createClient(server), { runId: run, signal: controller.signal })
  for (const { seq } of log.slice(0, 3)) expect((await events.next()).value?.seq).toBe(seq)
  const next = events.next()
  controller.abort(new Error('the page is closed'))
  await expect(next).rejects.toThrow('the page is closed')
  await server.requests[0]?.closed
})

test('an abort ends the pause between two connections', async () => {
  const controller = new AbortController()
  const reading = follow([{ type: 'hang up' }], {
    retryDelay: 60_000,
    signal: controller.signal,
    onReconnect: () => controller.abort(new Error('enough')),
  })
  await expect(reading).rejects.toThrow('enough')
})

test('each time the stream is open it is told, before its events', async () => {
  const told: string[] = []
  await follow([{ type: 'hang up' }, { type: 'cut', bytes: preamble.length }], {
    onOpen: () => told.push('open'),
    onReconnect: () => told.push('reconnect'),
  })
  expect(told).toEqual(['reconnect', 'open', 'reconnect', 'open'])
})

test('what onReconnect throws ends the iteration', async () => {
  const reading = follow([{ type: 'hang up' }], {
    onReconnect({ cause }) {
      throw new Error('given up', { cause })
    },
  })
  await expect(reading).rejects.toThrow('given up')
})

test('tries that are of no use become rarer, and the first again after one that was', async () => {
  const attempts: number[] = []
  const bytes = preamble.length + Buffer.byteLength(log.slice(0, 2).map(frame).join(''))
  await follow(
    [{ type: 'hang up' }, { type: 'end', bytes: 0 }, { type: 'cut', bytes }, { type: 'hang up' }],
    { onReconnect: ({ attempt }) => attempts.push(attempt) },
  )
  expect(attempts).toEqual([1, 2, 1, 2])
})

test('a session is followed across runs', async () => {
  const second = toLog(
    [
      { ...started, run_id: 'run_9' },
      { ...stopped, run_id: 'run_9' },
    ],
    log.length + 1,
  )
  const both = [...log, ...second]
  server = await startStreamServer({ log: both, faults: [{ type: 'cut', bytes: 1800 }] })
  const events: RuntimeEvent[] = []
  for await (const event of followSession(createClient(server), { session, retryDelay: 1 })) {
    events.push(event)
    if (event.seq === both.length) break
  }
  expect(events).toEqual(both)
  expect(server.requests[0]?.url).toBe('/api/sessions/ses_1/events')
})

test('following from now on loses nothing when the first connection breaks', async () => {
  const growing = log.slice(0, 4)
  server = await startStreamServer({ log: growing, faults: [{ type: 'hang up' }] })
  const events = followSession(createClient(server), {
    session,
    after: 'latest',
    retryDelay: 1,
    onReconnect: () => growing.push(...log.slice(4)),
  })
  expect((await events.next()).value).toEqual(log[4])
  await events.return()
  expect(server.requests.map(({ url }) => url)).toEqual([
    '/api/sessions/ses_1',
    '/api/sessions/ses_1/events',
    '/api/sessions/ses_1/events',
  ])
})

test('a row that stands for a range is cut to what the reader does not have', async () => {
  const plain = toLog([started, ...deltas(['ab', '🐻', 'cd', 'ef']), stopped])
  const [whole] = toLog(
    [{ type: 'agent_choice', content: 'ab🐻cdef', part: 0, offset: 0, seq_from: 2 }],
    5,
  )
  const compacted = plain.flatMap((event) =>
    event.seq === 5 && whole ? [whole] : event.type === 'agent_choice' ? [] : [event],
  )
  const first = await startStreamServer({ log: plain.slice(0, 3) })
  const { port } = first
  const texts: unknown[] = []
  let next: Promise<StreamServer> | undefined
  for await (const event of followRun(createClient(first), {
    runId: run,
    retryDelay: 1,
    onReconnect: () => {
      next ??= startStreamServer({ log: compacted, port })
    },
  })) {
    if (event.type === 'agent_choice') texts.push([event.seq, event.offset, event.content])
    if (event.seq === 3) await first.close()
  }
  server = await next
  expect(texts).toEqual([
    [2, 0, 'ab'],
    [3, 2, '🐻'],
    [5, 4, 'cdef'],
  ])
})

async function follow(
  faults: Fault[],
  options: Omit<Parameters<typeof followRun>[1], 'runId'> = {},
): Promise<{ events: RuntimeEvent[] }> {
  await server?.close()
  server = await startStreamServer({ log, faults: [...faults] })
  const events: RuntimeEvent[] = []
  const client = createClient({ baseUrl: server.baseUrl })
  for await (const event of followRun(client, { runId: run, retryDelay: 1, ...options })) {
    events.push(event)
  }
  return { events }
}

function randomFault(random: ReturnType<typeof createRandom>): Fault {
  const bytes = random.below(wire.length)
  return random.pick<Fault>([
    { type: 'cut', bytes },
    { type: 'end', bytes },
    { type: 'hang up' },
    { type: 'repeat', events: random.below(4) },
    { type: 'refuse', problem: { ...problem(503, 'unavailable'), retry_after: 0 } },
    {
      type: 'spell',
      spell: (text) => text.slice(0, -random.below(99) - 1),
      chunk: 1 + random.below(40),
    },
  ])
}

function problem(status: number, code: ProblemDocument['code']): ProblemDocument {
  return {
    type: `urn:parley:problem:${code}`,
    title: code,
    status,
    detail: 'what is wrong',
    code,
    request_id: 'req_1',
  }
}

function range(from: number, to: number, step = 1): number[] {
  return Array.from({ length: Math.ceil((to - from) / step) }, (_, index) => from + index * step)
}
