import { encodeCursor } from '#store/page.ts'
import type { Bench, MeasuredServer } from '../bench.ts'
import { createClock } from '../clock.ts'
import { fillStatements, longSession } from '../fill-sessions.ts'
import { createLoadClient } from '../load-client.ts'
import { type Measurement, type Scenario, SHORT_ANSWER, warmUp } from '../measurement.ts'
import { createSamples } from '../statistics.ts'
import { postgresOf } from './storage.ts'

/** A server on a database that holds so many conversations, and one of so many messages. */
type Filled = MeasuredServer & { count: number; messages: number }

/** A GET, or a POST where there is a body. */
type Request = { path: string; body?: unknown }

const bound = { bound: 'P12', unit: '×', better: 'lower', gate: 1.5, aim: 1.15 } as const

/** P12: what requests cost on a database with a million conversations over one with a thousand. */
export const growth: Scenario = {
  bounds: ['P12'],
  embedded: false,
  async run(bench) {
    const few = await startFilled(bench, { count: 1000, messages: 100 })
    const many = await startFilled(bench, {
      count: bench.quick ? 100_000 : 1_000_000,
      messages: 10_000,
    })
    try {
      for (const server of [few, many]) await warmUp(bench, server)
      const ofRequests = await measureRequests(bench, few, many)
      return [...ofRequests, ...(await measureRuns(bench, few, many))]
    } finally {
      await Promise.all([few.stop(), many.stop()])
    }
  },
}

async function startFilled(
  bench: Bench,
  size: { count: number; messages: number },
): Promise<Filled> {
  const server = await bench.startServer()
  const postgres = postgresOf(bench)
  for (const statement of [...fillStatements(size), 'vacuum']) {
    await postgres.query(statement, server.databaseUrl ?? undefined)
  }
  return { ...server, ...size }
}

const requests: Record<string, (filled: Filled) => Request> = {
  'create a session': () => ({ path: '/api/sessions', body: {} }),
  'get a session': (filled) => ({ path: `/api/sessions/${sessionOf(filled)}` }),
  'list sessions': () => ({ path: '/api/sessions?limit=50' }),
  'list sessions, from the middle': (filled) => ({
    path: `/api/sessions?limit=50&cursor=${middleOf(filled)}`,
  }),
  'list sessions of an agent': () => ({ path: '/api/sessions?limit=50&agent=agent_3' }),
  'list sessions that wait': () => ({ path: '/api/sessions?limit=50&status=waiting' }),
  'list sessions by metadata': () => ({
    path: `/api/sessions?limit=50&metadata=${encodeURIComponent('{"ticket":501}')}`,
  }),
  'search sessions for what no message says': () => ({ path: '/api/sessions?limit=50&q=nowhere' }),
  'list runs of a session': (filled) => ({ path: `/api/sessions/${sessionOf(filled)}/runs` }),
  'get counts': () => ({ path: '/api/stats' }),
  'get health': () => ({ path: '/health' }),
  'get the long session': (filled) => ({ path: `/api/sessions/${longSession(filled.count)}` }),
  'list its newest messages': (filled) => ({
    path: `/api/sessions/${longSession(filled.count)}/messages?limit=50&order=desc`,
  }),
  'read its newest events': (filled) => ({
    path: `/api/sessions/${longSession(filled.count)}/events?after=${filled.messages - 50}`,
  }),
}

function sessionOf({ count }: Filled): string {
  return longSession(Math.floor(count / 2))
}

function middleOf(filled: Filled): string {
  const ago = Math.min(filled.count, 1_728_000) * 500
  return encodeCursor([new Date(Date.now() - ago).toISOString(), sessionOf(filled)])
}

/** Each request in turn to both servers, so that what else the machine does meets both alike. */
async function measureRequests(bench: Bench, few: Filled, many: Filled): Promise<Measurement[]> {
  const clock = createClock()
  const client = createLoadClient(clock)
  const times = bench.quick ? 50 : 150

  async function time(filled: Filled, request: Request): Promise<number> {
    const started = clock()
    const method = request.body === undefined ? 'GET' : 'POST'
    await client.call(method, filled.target.url + request.path, request.body)
    return clock() - started
  }

  const measurements: Measurement[] = []
  for (const [what, requestOf] of Object.entries(requests)) {
    const rounds = []
    // The first round warms up.
    for (let round = 0; round <= bench.rounds; round++) {
      const samples = { few: createSamples(), many: createSamples() }
      for (let index = 0; index < times; index++) {
        samples.few.add(await time(few, requestOf(few)))
        samples.many.add(await time(many, requestOf(many)))
      }
      if (round > 0) rounds.push({ few: samples.few.summary(), many: samples.many.summary() })
    }
    measurements.push({
      ...bound,
      what,
      rounds: rounds.map((round) => round.many.p50 / round.few.p50),
      detail: { rounds },
    })
  }
  return measurements
}

/** Whole runs, one at a time: in new sessions, and in the long one with a window on its history. */
async function measureRuns(bench: Bench, few: Filled, many: Filled): Promise<Measurement[]> {
  const duration = bench.quick ? 1500 : 4000
  const places = {
    'a run in a new session': ({ target }: Filled) => target,
    'a run in the long session': ({ target, count }: Filled) => ({
      ...target,
      agent: 'window',
      session: longSession(count),
    }),
  }
  const measurements: Measurement[] = []
  for (const [what, placeOf] of Object.entries(places)) {
    const run = (filled: Filled) => {
      const target = placeOf(filled)
      return bench.load('loop', { target, script: SHORT_ANSWER, concurrency: 1, duration })
    }
    const rounds = []
    for (let round = 0; round < bench.rounds; round++) {
      rounds.push({ few: await run(few), many: await run(many) })
    }
    for (const figure of ['run', 'firstToken'] as const) {
      measurements.push({
        ...bound,
        what: figure === 'run' ? what : `first token of ${what}`,
        rounds: rounds.map((round) => round.many[figure].p50 / round.few[figure].p50),
        detail: { rounds },
      })
    }
  }
  return measurements
}
