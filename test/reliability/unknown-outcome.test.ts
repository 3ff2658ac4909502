import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { createClient } from '#client/index.ts'
import {
  expectGoesOn,
  getSession,
  lastAnswer,
  lastQuestion,
  newSession,
  ofType,
  start,
} from '../journeys/conversation.ts'
import { collectRun, createHome } from '../support/app.ts'
import { checkedFetch } from '../support/contract.ts'
import { startModelServer } from '../support/model-server.ts'
import { startServerProcess } from '../support/process.ts'
import { has, recordFrames } from './frames.ts'

// The payment service answers nothing at first, so that the server dies while every call is out.
const payments: string[] = []
let answers = false
const service = createServer(async (request, response) => {
  let body = ''
  for await (const chunk of request) body += chunk
  payments.push(JSON.parse(body).order)
  service.emit('paid')
  if (answers) response.end('paid')
})
service.listen(0, '127.0.0.1')
await once(service, 'listening')
const host = `127.0.0.1:${(service.address() as AddressInfo).port}`

const agent = `
agents:
  root:
    model: scripted
    toolsets:
      - type: api
        name: pay
        endpoint: http://${host}/pay
        method: POST
        args: { order: { type: string } }
permissions: { allow: [pay] }
`
// Runs beside each other must not take each other's answers, so that the model reads the question.
const model = await startModelServer({
  script: ({ body }) => {
    const last = body.messages.at(-1)
    if (last?.content === lastQuestion) return { text: lastAnswer }
    if (last?.role === 'tool') return { text: `told: ${last.content}` }
    return { toolCalls: [{ name: 'pay', arguments: { order: String(last?.content) } }] }
  },
})
const home = await createHome({ agents: { assistant: agent }, baseUrl: model.baseUrl })
const server = await startServerProcess({ home, flags: ['--allow-host', host] })
const client = createClient({ baseUrl: server.url, fetch: checkedFetch() })
const asked = new Map<string, { session: string; run: string }>()

beforeAll(async () => {
  const orders = ['again', 'happened', 'failed', 'declined', 'cancelled', 'told']
  for (const order of orders) {
    const session = await newSession({ client })
    const options = order === 'told' ? {} : { on_unknown: 'ask' as const }
    const run = await start({ client }, { session, message: order, options })
    await recordFrames(`${server.url}/api/runs/${run.id}/events`).until(has('tool_call'))
    asked.set(order, { session, run: run.id })
  }
  while (payments.length < orders.length) await once(service, 'paid')
  await server.kill()
  await server.start()
  answers = true
}, 60_000)

afterAll(async () => {
  await server.kill()
  service.close()
  service.closeAllConnections()
  await model.close()
  await home.remove()
})

test('the page is shown a question with the call, and the run waits for its answer', async () => {
  const { session, run } = of('again')
  await waits(run)
  const { status, pending_elicitations } = await getSession({ client }, session)
  expect(status).toBe('waiting')
  expect(pending_elicitations).toHaveLength(1)
  expect(pending_elicitations[0]?.message).toMatch(/The server stopped while pay ran/)
})

test('a call that is to run again does, once, under its own id', async () => {
  const { end } = await say('again', { outcome: 'run_again' })
  expect(end).toMatchObject({ state: 'succeeded', result: { output: 'paid', is_error: false } })
  expect(payments.filter((order) => order === 'again')).toHaveLength(2)
})

test('a call that happened has the result that the person found', async () => {
  const { end, answer } = await say('happened', { outcome: 'happened', output: 'receipt 7' })
  expect(end).toMatchObject({ state: 'succeeded', result: { output: 'receipt 7' } })
  expect(answer).toBe('told: receipt 7')
})

test('a call that failed is told as failed', async () => {
  const { end, answer } = await say('failed', { outcome: 'failed' })
  expect(end).toMatchObject({ state: 'failed', result: { is_error: true } })
  expect(answer).toBe('told: The user looked: the call failed.')
})

test('what somebody does not want to say stays unknown, and an equal call asks', async () => {
  const { end } = await say('declined', undefined)
  expect(end).toMatchObject({ state: 'unknown' })
  const { session } = of('declined')
  const run = await start({ client }, { session, message: 'declined' })
  await waits(run.id)
  const { pending_approvals } = await getSession({ client }, session)
  expect(pending_approvals).toHaveLength(1)
})

test('an answer that is none of the three is refused, and the question stays', async () => {
  const { session, run } = of('cancelled')
  await waits(run)
  const wrong = answerElicitation(session, { outcome: 'perhaps' })
  await expect(wrong).rejects.toMatchObject({ status: 422 })
  expect((await getSession({ client }, session)).pending_elicitations).toHaveLength(1)
})

test('a run that is cancelled instead leaves the outcome unknown', async () => {
  const { session, run } = of('cancelled')
  await waits(run)
  await client.POST('/api/runs/{run}/cancel', { params: { path: { run } } })
  const [end] = ofType(await collectRun(client, run), 'tool_call_response')
  expect(end).toMatchObject({ state: 'unknown' })
  expect((await getSession({ client }, session)).pending_elicitations).toEqual([])
})

test('without on_unknown the model is told, and nobody is asked', async () => {
  const events = await collectRun(client, of('told').run)
  const [end] = ofType(events, 'tool_call_response')
  expect(end).toMatchObject({ state: 'unknown' })
  expect(ofType(events, 'elicitation_request')).toEqual([])
})

test('the conversation goes on', async () => {
  await expectGoesOn({ client, model: { ...model, push: () => undefined } }, of('told').session)
})

function of(order: string): { session: string; run: string } {
  const found = asked.get(order)
  if (!found) throw new Error(`nobody ordered ${order}`)
  return found
}

function waits(run: string) {
  return recordFrames(`${server.url}/api/runs/${run}/events`).until(has('run_waiting'))
}

/** Answers the question about an order; undefined declines it. */
async function say(order: string, content: Record<string, unknown> | undefined) {
  const { session, run } = of(order)
  await waits(run)
  await answerElicitation(session, content)
  const events = await collectRun(client, run)
  const [end, ...more] = ofType(events, 'tool_call_response')
  expect(more).toEqual([])
  const answer = ofType(events, 'agent_choice')
    .map((event) => event.content)
    .join('')
  return { end, answer }
}

function answerElicitation(session: string, content: Record<string, unknown> | undefined) {
  return client.POST('/api/sessions/{session}/elicitation', {
    params: { path: { session } },
    body: content ? { action: 'accept', content } : { action: 'decline' },
  })
}
