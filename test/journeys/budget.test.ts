import { expect, test } from 'vitest'
import { createClient, type RunRequest } from '#client/index.ts'
import { collectRun, createHome, startApp } from '../support/app.ts'
import { checkedFetch } from '../support/contract.ts'
import { startModelServer } from '../support/model-server.ts'
import { startServerProcess } from '../support/process.ts'
import {
  ask,
  expectGoesOn,
  newSession,
  ofType,
  resume,
  start,
  toldResults,
  until,
} from './conversation.ts'

const models = `
models:
  scripted: { provider: scripted, model: scripted, pricing: { input: 1000, output: 10000 } }
  free: { provider: scripted, model: free }
providers:
  scripted: { base_url: "{base_url}" }
`
const assistant = `
agents:
  root:
    model: scripted
    budget: { tokens: 1000 }
    toolsets: [{ type: think }, { type: filesystem, path: ./files }]
${models}`
const unpriced = assistant.replace('model: scripted', 'model: free')
const team = `
agents:
  root:
    model: scripted
    sub_agents: [helper, frugal]
  helper:
    model: scripted
    toolsets: [{ type: think }]
  frugal:
    model: scripted
    budget: { tokens: 100 }
    toolsets: [{ type: think }]
${models}`
const app = await startApp({ lifetime: 'file', agents: { assistant, unpriced, team } })
const { client, model, events } = app

type Budget = NonNullable<RunRequest['budget']>

/** 120 tokens, 0.3 dollars. */
const usage = { prompt_tokens: 100, completion_tokens: 20, total_tokens: 120 }
const think = { toolCalls: [{ name: 'think', arguments: { thought: 'hm' } }], usage }
const answer = { text: 'Done.', usage }
const never = new Promise<never>(() => {})
function thinking(...thoughts: string[]) {
  return {
    toolCalls: thoughts.map((thought) => ({
      id: `call_${thought}`,
      name: 'think',
      arguments: { thought },
    })),
    usage,
  }
}
function transfer(agent: string) {
  return { toolCalls: [{ name: 'transfer_task', arguments: { agent, task: 'Think' } }], usage }
}

/** A run that waits at its budget of 100 tokens, with a call that was not begun. */
async function atBudget(budget: Budget = { tokens: 100 }) {
  const session = await newSession(app)
  model.push(think)
  const { run } = await ask(app, { session, options: { budget } })
  return { session, run }
}

test.each([
  { budget: { tokens: 100 }, reached: { limit: 'tokens', allowed: 100, spent: 120 } },
  { budget: { cost: 0.25 }, reached: { limit: 'cost', allowed: 0.25, spent: 0.3 } },
] as const)(
  'a run waits when it has spent $budget, and an approval allows as much again',
  async ({ budget, reached }) => {
    const { session, run } = await atBudget(budget)
    expect(run).toMatchObject({
      status: 'waiting',
      waiting_for: { kind: 'budget', ids: [run.id] },
      usage: { input_tokens: 100, output_tokens: 20, cost: 0.3 },
    })
    model.push(think, answer)
    await resume(app, session, { confirmation: 'approve' })
    await until(app, run.id, ({ type, seq }) => type === 'run_waiting' && seq > 12)
    await resume(app, session, { confirmation: 'approve' })
    const log = await events(run.id)
    expect(ofType(log, 'budget_exceeded')[0]).toMatchObject(reached)
    expect(ofType(log, 'run_resumed').map(({ reason }) => reason)).toEqual(['budget', 'budget'])
    expect(ofType(log, 'tool_call')).toHaveLength(2)
    expect(log.at(-1)).toMatchObject({ completed: true, usage: { input_tokens: 300 } })
    await expectGoesOn(app, session)
  },
)

test.each([
  ['before the next step', { tokens: 100 }, ['a']],
  ['before a call of several', { tool_calls: 2 }, ['a', 'b', 'c']],
])('with on_budget stop a run ends at its budget %s', async (_where, budget, thoughts) => {
  const session = await newSession(app)
  model.push(thinking(...thoughts))
  const { run, completed } = await ask(app, { session, options: { budget, on_budget: 'stop' } })
  expect(run).toMatchObject({ status: 'completed', stop_reason: 'budget', waiting_for: null })
  expect(completed).toBe(false)
  const log = await events(run.id)
  expect(ofType(log, 'budget_exceeded')).toHaveLength(1)
  expect(ofType(log, 'tool_call_response')).toHaveLength(thoughts.length)
  await expectGoesOn(app, session)
})

test('with on_budget stop a run ends when its sub-agent has spent the budget', async () => {
  const session = await newSession(app)
  model.push(transfer('helper'), think)
  const options = { budget: { tokens: 200 }, on_budget: 'stop' as const }
  const { run } = await ask(app, { session, agent: 'team', options })
  expect(run).toMatchObject({ status: 'completed', stop_reason: 'budget' })
  expect(ofType(await events(run.id), 'run_waiting')).toEqual([])
  await expectGoesOn(app, session)
})

test('time at work counts, and the run waits before it goes on', async () => {
  const session = await newSession(app)
  model.push({ ...think, text: 'a', delayPerChunk: 300 })
  const { run } = await ask(app, { session, options: { budget: { seconds: 0.5 } } })
  expect(run).toMatchObject({ status: 'waiting', waiting_for: { kind: 'budget' } })
  model.push(answer)
  await resume(app, session, { confirmation: 'approve', budget: { seconds: 60 } })
  const log = await events(run.id)
  expect(ofType(log, 'budget_exceeded')).toMatchObject([{ limit: 'seconds', allowed: 0.5 }])
  await expectGoesOn(app, session)
})

test('of calls at the same time only so many begin as the budget allows', async () => {
  const session = await newSession(app)
  model.push(thinking('a', 'b', 'c', 'd'))
  const { run } = await ask(app, { session, options: { budget: { tool_calls: 2 } } })
  expect(run).toMatchObject({ status: 'waiting', waiting_for: { kind: 'budget' } })
  model.push(answer)
  await resume(app, session, { confirmation: 'approve' })
  const log = await events(run.id)
  const order = log.flatMap((event) => {
    if (event.type === 'tool_call') return event.tool_call.id
    return event.type === 'budget_exceeded' || event.type === 'run_resumed' ? event.type : []
  })
  expect(order).toEqual(['call_a', 'call_b', 'budget_exceeded', 'run_resumed', 'call_c', 'call_d'])
  expect(ofType(log, 'budget_exceeded')).toMatchObject([
    { limit: 'tool_calls', allowed: 2, spent: 2 },
  ])
  const results = log.flatMap((event) =>
    event.type === 'message_added' ? (event.message.tool_call_id ?? []) : [],
  )
  expect(results).toEqual(['call_a', 'call_b', 'call_c', 'call_d'])
  await expectGoesOn(app, session)
})

test('a run says what it may spend, as raised so far, and how many calls it has begun', async () => {
  const session = await newSession(app)
  model.push(thinking('a', 'b', 'c'), answer)
  const { run } = await ask(app, { session, options: { budget: { tool_calls: 2, cost: 5 } } })
  expect(run).toMatchObject({ tool_calls: 2, budget: { tool_calls: 2, cost: 5 } })
  await resume(app, session, { confirmation: 'approve', budget: { tool_calls: 7 } })
  await events(run.id)
  const { data } = await client.GET('/api/runs/{run}', { params: { path: { run: run.id } } })
  expect(data).toMatchObject({ tool_calls: 3, budget: { tool_calls: 7, cost: 5 } })
})

test('a run whose tool calls are used up may still answer', async () => {
  const session = await newSession(app)
  model.push(thinking('a', 'b'), answer)
  const { run, output } = await ask(app, { session, options: { budget: { tool_calls: 2 } } })
  expect({ status: run.status, output }).toEqual({ status: 'completed', output: 'Done.' })
  await events(run.id)
})

test('tools of the caller count, too', async () => {
  const session = await newSession(app)
  const tool = { type: 'function' as const, function: { name: 'ring', parameters: {} } }
  model.push({ toolCalls: [{ id: 'call_r', name: 'ring' }, ...thinking('a').toolCalls], usage })
  const { run } = await ask(app, { session, options: { budget: { tool_calls: 1 }, tools: [tool] } })
  expect(run).toMatchObject({ waiting_for: { kind: 'client_tool' } })
  const params = { path: { session } }
  const body = { tool_call_id: 'call_r', output: 'rung' }
  await client.POST('/api/sessions/{session}/tool-results', { params, body })
  await until(app, run.id, ({ type }) => type === 'budget_exceeded')
  model.push(answer)
  await resumeWhenParked(session)
  expect(ofType(await events(run.id), 'tool_call').map(({ tool_call }) => tool_call.id)).toEqual([
    'call_r',
    'call_a',
  ])
  await expectGoesOn(app, session)
})

test('an approval can set new limits, and those that leave nothing are refused', async () => {
  const { session, run } = await atBudget()
  const low = resume(app, session, { confirmation: 'approve', budget: { tokens: 120 } })
  await expect(low).rejects.toMatchObject({
    status: 422,
    problem: { errors: [{ path: 'budget.tokens', message: '120 of 120 is spent already' }] },
  })
  const other = resume(app, session, { confirmation: 'approve', budget: { cost: 5 } })
  await expect(other).rejects.toMatchObject({
    status: 422,
    problem: { errors: [{ path: 'budget.tokens' }] },
  })
  model.push(think, think, answer)
  await resume(app, session, { confirmation: 'approve', budget: { tokens: 1000 } })
  const log = await events(run.id)
  expect(ofType(log, 'budget_exceeded')).toHaveLength(1)
  expect(log.at(-1)).toMatchObject({ completed: true })
  await expectGoesOn(app, session)
})

test('a rejection at the budget ends the run and what it had not begun', async () => {
  const { session, run } = await atBudget()
  await resume(app, session, { confirmation: 'reject' })
  const log = await events(run.id)
  expect(ofType(log, 'tool_call')).toEqual([])
  expect(ofType(log, 'tool_call_response').map(({ state }) => state)).toEqual(['cancelled'])
  expect(log.at(-1)).toMatchObject({ reason: 'completed', completed: false })
  const { data } = await client.GET('/api/runs/{run}', { params: { path: { run: run.id } } })
  expect(data).toMatchObject({ status: 'completed', stop_reason: 'budget', completed: false })
  await expectGoesOn(app, session)
})

test('a run that waits at its budget can be cancelled', async () => {
  const { session, run } = await atBudget()
  const params = { path: { run: run.id } }
  const { data } = await client.POST('/api/runs/{run}/cancel', { params })
  expect(data).toMatchObject({ status: 'cancelled' })
  await events(run.id)
  await expectGoesOn(app, session)
})

test('two approvals at once let the run go on once', async () => {
  const { session, run } = await atBudget()
  model.push(answer)
  const both = await Promise.allSettled([
    resume(app, session, { confirmation: 'approve' }),
    resume(app, session, { confirmation: 'approve' }),
  ])
  expect(both.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected'])
  expect(both.find(({ status }) => status === 'rejected')).toMatchObject({
    reason: { code: 'nothing_pending' },
  })
  expect(ofType(await events(run.id), 'run_resumed')).toHaveLength(1)
  await expectGoesOn(app, session)
})

test('a call that was approved waits until the budget allows it', async () => {
  const session = await newSession(app)
  const write = { name: 'write_file', arguments: { path: 'b.txt', content: 'x' } }
  model.push({ toolCalls: [write, ...thinking('a').toolCalls], usage })
  const { run } = await ask(app, { session, options: { budget: { tool_calls: 1 } } })
  expect(run).toMatchObject({ waiting_for: { kind: 'approval' } })
  await resume(app, session, { confirmation: 'approve' })
  await until(app, run.id, 'budget_exceeded')
  model.push(answer)
  await resumeWhenParked(session)
  const log = await events(run.id)
  expect(ofType(log, 'tool_call_response').map(({ state }) => state)).toEqual([
    'succeeded',
    'succeeded',
  ])
  await expectGoesOn(app, session)
})

test('the lower of what agent and caller allow holds', async () => {
  const session = await newSession(app)
  model.push({ ...think, usage: { ...usage, prompt_tokens: 1200 } })
  const options = { budget: { tokens: 5000, tool_calls: 1 } }
  const { run } = await ask(app, { session, options })
  expect(run.status).toBe('waiting')
  await resume(app, session, { confirmation: 'reject' })
  const log = await events(run.id)
  expect(ofType(log, 'budget_exceeded')).toMatchObject([{ limit: 'tokens', allowed: 1000 }])
})

test.each([
  { budget: { cost: 0 }, path: 'budget.cost' },
  { budget: { tokens: 1.5 }, path: 'budget.tokens' },
  { budget: { euros: 1 }, path: 'budget.euros' },
])('the budget $budget is refused', async ({ budget, path }) => {
  const session = await newSession(app)
  const asked = ask(app, { session, options: { budget: budget as Budget } })
  await expect(asked).rejects.toMatchObject({ status: 422, problem: { errors: [{ path }] } })
})

test('a budget goes with the approval of a run that waits at one', async () => {
  const { session, run } = await atBudget()
  const budget = { tokens: 500 }
  const rejected = resume(app, session, { confirmation: 'reject', budget })
  await expect(rejected).rejects.toMatchObject({
    status: 422,
    problem: { errors: [{ path: 'budget' }] },
  })
  await resume(app, session, { confirmation: 'reject' })
  await events(run.id)
  const late = resume(app, session, { confirmation: 'approve', budget })
  await expect(late).rejects.toMatchObject({ status: 409, code: 'nothing_pending' })
})

test('what a sub-agent spends counts for its parent, which waits for the decision', async () => {
  const session = await newSession(app)
  model.push(transfer('helper'), think)
  const options = { budget: { tokens: 200 } }
  const { run } = await ask(app, { session, agent: 'team', options })
  expect(run).toMatchObject({
    status: 'waiting',
    waiting_for: { kind: 'budget', ids: [run.id] },
    usage: { input_tokens: 200, output_tokens: 40 },
  })
  model.push({ text: 'Thought.', usage }, answer)
  await resume(app, session, { confirmation: 'approve', budget: { tokens: 1000 } })
  const log = await events(run.id)
  expect(ofType(log, 'run_waiting').map(({ session_id }) => session_id)).toEqual([session])
  expect(toldResults(app)).toEqual(['Thought.'])
  expect(log.at(-1)).toMatchObject({ completed: true, usage: { input_tokens: 400 } })
  await expectGoesOn(app, session, { agent: 'team' })
})

test("a sub-agent's own budget surfaces at the run that people see", async () => {
  const session = await newSession(app)
  model.push(transfer('frugal'), think)
  const { run } = await ask(app, { session, agent: 'team' })
  expect(run).toMatchObject({ status: 'waiting', waiting_for: { kind: 'budget' } })
  expect(run.waiting_for?.ids).not.toContain(run.id)
  model.push({ text: 'Thought.', usage }, answer)
  await resume(app, session, { confirmation: 'approve' })
  const log = await events(run.id)
  expect(ofType(log, 'budget_exceeded')).toMatchObject([{ agent: 'frugal', allowed: 100 }])
  expect(log.at(-1)).toMatchObject({ completed: true })
  await expectGoesOn(app, session, { agent: 'team' })
})

test("a rejection at a sub-agent's budget ends both runs", async () => {
  const session = await newSession(app)
  model.push(transfer('frugal'), think)
  const { run } = await ask(app, { session, agent: 'team' })
  await resume(app, session, { confirmation: 'reject' })
  const log = await events(run.id)
  expect(ofType(log, 'stream_stopped').map(({ reason }) => reason)).toEqual([
    'cancelled',
    'completed',
  ])
  await expectGoesOn(app, session, { agent: 'team' })
})

test('sub-agents at work at the same time share what is left', async () => {
  const session = await newSession(app)
  const both = ['call_1', 'call_2'].map((id) => ({ ...transfer('helper').toolCalls[0], id }))
  const toolCalls = both.map((call) => ({ name: 'transfer_task', ...call }))
  model.push({ toolCalls, usage }, think, think, { text: 'Thought.', usage })
  const options = { budget: { tool_calls: 3 } }
  const { run } = await ask(app, { session, agent: 'team', options })
  expect(run).toMatchObject({ status: 'waiting', waiting_for: { kind: 'budget', ids: [run.id] } })
  model.push({ text: 'Thought.', usage }, answer)
  await resume(app, session, { confirmation: 'approve' })
  const log = await events(run.id)
  expect(ofType(log, 'budget_exceeded')).toMatchObject([{ allowed: 3, spent: 3 }])
  expect(ofType(log, 'tool_call')).toHaveLength(4)
  expect(log.at(-1)).toMatchObject({ completed: true, usage: { input_tokens: 600 } })
  await expectGoesOn(app, session, { agent: 'team' })
})

test('the limits of the server hold where nobody else sets one', async () => {
  const flags = ['--max-run-tool-calls', '1']
  const strict = await startApp({ agents: { assistant }, flags, script: [thinking('a', 'b')] })
  const session = await newSession(strict)
  const { run } = await ask(strict, { session })
  expect(run).toMatchObject({ status: 'waiting', waiting_for: { kind: 'budget' } })
  strict.model.push(answer)
  await resume(strict, session, { confirmation: 'approve' })
  const log = await strict.events(run.id)
  expect(ofType(log, 'budget_exceeded')).toMatchObject([{ limit: 'tool_calls', allowed: 1 }])
})

test('a limit on cost says once that a price is not known; tokens count', async () => {
  const session = await newSession(app)
  model.push(think, think, answer)
  const options = { budget: { cost: 0.000_001 } }
  const { run } = await ask(app, { session, agent: 'unpriced', options })
  expect(run).toMatchObject({ status: 'completed', usage: { input_tokens: 300, cost: null } })
  const log = await events(run.id)
  expect(ofType(log, 'warning')).toMatchObject([{ code: 'price_unknown' }])
  expect(ofType(log, 'budget_exceeded')).toEqual([])
  await expectGoesOn(app, session, { agent: 'unpriced' })
})

test('a run waits at its budget through a restart', async () => {
  const { session, run } = await atBudget()
  await app.restart()
  model.push(answer)
  await resume(app, session, { confirmation: 'approve' })
  expect((await events(run.id)).at(-1)).toMatchObject({
    completed: true,
    usage: { input_tokens: 200 },
  })
  await expectGoesOn(app, session)
})

test('a server that is killed forgets nothing that was spent', async ({ onTestFinished }) => {
  const scripted = await startModelServer({
    script: [think, { text: 'One two three', hold: never }],
  })
  const home = await createHome({ agents: { assistant }, baseUrl: scripted.baseUrl })
  const server = await startServerProcess({ home })
  onTestFinished(async () => {
    await server.kill()
    await scripted.close()
    await home.remove()
  })
  const second = { client: createClient({ baseUrl: server.url, fetch: checkedFetch() }) }
  const session = await newSession(second)
  const run = await start(second, { session, options: { budget: { tokens: 200 } } })
  await until(second, run.id, 'agent_choice')
  await server.kill()
  scripted.push(think, answer)
  await server.start()
  const log = await until(second, run.id, 'run_waiting')
  expect(ofType(log, 'budget_exceeded')).toMatchObject([{ allowed: 200, spent: 240 }])
  await resume(second, session, { confirmation: 'approve' })
  expect((await collectRun(second.client, run.id)).at(-1)).toMatchObject({
    completed: true,
    usage: { input_tokens: 300 },
  })
}, 60_000)

/** The event is there a moment before the row says that the run waits. */
async function resumeWhenParked(session: string): Promise<void> {
  const { data } = await client.GET('/api/sessions/{session}', { params: { path: { session } } })
  await until(app, data.active_run_id ?? '', ({ type, seq }) => type === 'run_waiting' && seq > 8)
  await resume(app, session, { confirmation: 'approve' })
}
