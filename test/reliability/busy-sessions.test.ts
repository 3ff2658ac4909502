import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { createClient } from '#client/index.ts'
import type { RuntimeEvent } from '#contract/event.ts'
import { checkGrammar } from '#contract/event-grammar.ts'
import type { Run, RunOptions } from '#contract/run.ts'
import {
  expectGoesOn,
  lastAnswer,
  lastQuestion,
  newSession,
  ofType,
} from '../journeys/conversation.ts'
import { createHome } from '../support/app.ts'
import { checkedFetch } from '../support/contract.ts'
import { testServer } from '../support/database.ts'
import type { RecordedRequest, ScriptedAnswer } from '../support/model-server.ts'
import { startModelServer } from '../support/model-server.ts'
import { type ServerProcess, startServerProcess } from '../support/process.ts'
import { createRandom } from '../support/random.ts'

/** TRIALS says how many kills; SEED repeats them. */
const trials = Number(process.env.TRIALS ?? 3)
const seed = Number(process.env.SEED ?? Date.now() % 1_000_000)
const random = createRandom(seed)

const model = { ...(await startModelServer({ script: answer })), push: () => undefined }
const agent = `
agents:
  root:
    model: scripted
    toolsets: [{ type: think }]
`
const home = await createHome({ agents: { assistant: agent }, baseUrl: model.baseUrl })
// The embedded database belongs to one process; Postgres lets several share the session.
const servers: ServerProcess[] = []
beforeAll(async () => {
  servers.push(await startServerProcess({ home }))
  if (testServer()) servers.push(await startServerProcess({ home }))
}, 60_000)
afterAll(async () => {
  for (const server of servers) await server.kill()
  await model.close()
  await home.remove()
})

/** Thinks once, so that there is a step in which a steered message can be taken up. */
function answer({ body }: RecordedRequest): ScriptedAnswer {
  if (body.messages.at(-1)?.content === lastQuestion) return { text: lastAnswer }
  const text = ['One ', 'two ', 'three']
  const called = body.messages.at(-1)?.role === 'tool'
  if (called) return { text, delayPerChunk: 2 }
  return { text, delayPerChunk: 2, toolCalls: [{ name: 'think', arguments: { thought: 'Hm' } }] }
}

const appOf = (index: number) => {
  const server = servers[index % servers.length]
  if (!server) throw new Error('no server was started')
  return { client: createClient({ baseUrl: server.url, fetch: checkedFetch() }), model }
}

type Answer = { status: number; run?: Run; code?: string }

/** One client that posts a message and does not wait for the answer. */
async function post(
  index: number,
  { session, message, ...options }: { session: string; message: string; key?: string } & RunOptions,
): Promise<Answer> {
  const { key, ...rest } = options
  const server = servers[index % servers.length]
  const response = await checkedFetch()(`${server?.url}/api/sessions/${session}/agent/assistant`, {
    method: 'POST',
    headers: {
      'Content-Type': 'application/json',
      Prefer: 'respond-async',
      ...(key === undefined ? {} : { 'Idempotency-Key': key }),
    },
    body: JSON.stringify({ messages: [{ role: 'user', content: message }], ...rest }),
  })
  const body = await response.json()
  return response.ok
    ? { status: response.status, run: body }
    : { status: response.status, code: body.code }
}

/** The whole log when the session is at rest, which follows the grammar: no two runs interleave. */
async function restingLog(session: string): Promise<RuntimeEvent[]> {
  const { client } = appOf(0)
  await expect
    .poll(
      async () => {
        const { data } = await client.GET('/api/sessions/{session}/runs', {
          params: { path: { session }, query: { limit: 100 } },
        })
        return data.data
          .filter(({ finished_at }) => finished_at === null)
          .map(({ status }) => status)
      },
      { timeout: 40_000 },
    )
    .toEqual([])
  const events: RuntimeEvent[] = []
  for (;;) {
    const { data } = await client.GET('/api/sessions/{session}/events', {
      params: { path: { session }, query: { limit: 500, after: String(events.at(-1)?.seq ?? 0) } },
      headers: { accept: 'application/json' },
    })
    if (!('data' in data)) throw new Error('the log is no page')
    events.push(...data.data)
    if (data.next_cursor === null) break
  }
  expect(checkGrammar(events, { complete: true })).toEqual([])
  return events
}

const postedIn = (log: RuntimeEvent[]) =>
  ofType(log, 'user_message').map(({ message }) => String(message.content))

test('a twin on another instance gets the same stream and result, while the run goes on and after', async () => {
  const session = await newSession(appOf(0))
  const key = randomUUID()
  const read = async (index: number, accept: string) => {
    const server = servers[index % servers.length]
    const response = await checkedFetch()(
      `${server?.url}/api/sessions/${session}/agent/assistant`,
      {
        method: 'POST',
        headers: { 'Content-Type': 'application/json', 'Idempotency-Key': key, Accept: accept },
        body: JSON.stringify({ messages: [{ role: 'user', content: 'Hello' }] }),
      },
    )
    return withoutHeartbeats(await response.text())
  }
  await post(0, { session, message: 'Hello', key }).then(({ status }) => expect(status).toBe(202))
  const stream = 'text/event-stream'
  const live = await Promise.all([read(0, stream), read(1, stream)])
  expect(live[1]).toBe(live[0])
  expect(live[0]).toContain('"type":"stream_stopped"')
  expect(await read(1, stream)).toBe(live[0])
  const results = [await read(0, 'application/json'), await read(1, 'application/json')]
  expect(results[1]).toBe(results[0])
  expect(results[0]).toContain('"output":"One two three"')
}, 60_000)

const withoutHeartbeats = (text: string) => text.replaceAll(': heartbeat\n\n', '')

test('of fifty clients at once one gets the session, and the others its name', async () => {
  const session = await newSession(appOf(0))
  const clients = Array.from({ length: 50 }, (_, index) =>
    post(index, { session, message: `m${index}` }),
  )
  const answers = await Promise.all(clients)
  const accepted = answers.flatMap(({ run }) => (run ? [run.id] : []))
  for (const { run, status, code } of answers) {
    if (!run) expect({ status, code }).toEqual({ status: 409, code: 'session_busy' })
  }
  const log = await restingLog(session)
  const begun = ofType(log, 'stream_started').map(({ run_id }) => run_id)
  expect(begun).toEqual(accepted.toSorted())
  await expectGoesOn(appOf(1), session)
}, 60_000)

test(`fifty clients with every policy at once: each message that was taken is in the log once (seed ${seed})`, async () => {
  const session = await newSession(appOf(0))
  const policies = ['reject', 'enqueue', 'interrupt', 'rollback', 'steer'] as const
  const clients = Array.from({ length: 50 }, (_, index) =>
    post(index, { session, message: `m${index}`, on_busy: policies[random.below(5)] ?? 'reject' }),
  )
  const answers = await Promise.all(clients)
  const taken = answers.flatMap(({ run }, index) => (run ? [`m${index}`] : []))
  const refusals = answers.filter(({ run }) => !run).map(({ status, code }) => `${status} ${code}`)
  for (const refusal of refusals) expect(refusal).toMatch(/^(409 session_busy|429 queue_full)$/)
  const posted = postedIn(await restingLog(session))
  expect(posted.toSorted()).toEqual(taken.toSorted())
  await expectGoesOn(appOf(1), session)
}, 60_000)

test(
  `twenty twins of one key and a kill at any moment begin one run (seed ${seed})`,
  async () => {
    for (let trial = 0; trial < trials; trial += 1) {
      const session = await newSession(appOf(1))
      const key = randomUUID()
      const request = { session, message: `twin ${trial}`, key }
      const moment = random.below(20)
      let answered = 0
      const reached = Promise.withResolvers<void>()
      const twins = Array.from({ length: 20 }, async (_, index) => {
        const twin = await post(index, request).catch(() => undefined)
        answered += 1
        if (answered > moment) reached.resolve()
        return twin
      })
      if (moment > 0) await reached.promise
      await servers[0]?.kill()
      const answers = await Promise.all(twins)
      await servers[0]?.start()
      // A key that the dead process held is free after its lock.
      let last: Answer | undefined
      await expect
        .poll(
          async () => {
            last = await post(trial, request)
            return last.status
          },
          { timeout: 40_000 },
        )
        .toBe(202)
      const log = await restingLog(session)
      const begun = ofType(log, 'stream_started').map(({ run_id }) => run_id)
      expect(begun).toEqual([last?.run?.id])
      for (const twin of answers) {
        if (twin?.run) expect(twin.run.id).toBe(last?.run?.id)
        else if (twin) expect(twin).toEqual({ status: 409, code: 'idempotency_in_flight' })
      }
      expect(postedIn(log)).toEqual([`twin ${trial}`])
      await expectGoesOn(appOf(0), session)
    }
  },
  60_000 * trials,
)

test(
  `a kill among runs of every policy loses no message that was taken, and no session is stuck (seed ${seed})`,
  async () => {
    const policies = ['enqueue', 'interrupt', 'rollback', 'steer'] as const
    for (let trial = 0; trial < trials; trial += 1) {
      const session = await newSession(appOf(1))
      const moment = random.below(16)
      let answered = 0
      const reached = Promise.withResolvers<void>()
      const clients = Array.from({ length: 16 }, async (_, index) => {
        const on_busy = policies[random.below(4)] ?? 'enqueue'
        const message = `m${index}`
        const taken = await post(index, { session, message, on_busy }).catch(() => undefined)
        answered += 1
        if (answered > moment) reached.resolve()
        return taken?.run ? [message] : []
      })
      await reached.promise
      await servers[0]?.kill()
      const taken = (await Promise.all(clients)).flat()
      await servers[0]?.start()
      const posted = postedIn(await restingLog(session))
      expect(new Set(posted).size).toBe(posted.length)
      for (const message of taken) expect(posted).toContain(message)
      await expectGoesOn(appOf(0), session)
    }
  },
  60_000 * trials,
)
