import { expect, test } from 'vitest'
import { followSession } from '#client/index.ts'
import { addUsage, noUsage, type Usage } from '#contract/usage.ts'
import { type App, startApp } from '../support/app.ts'
import { ask, getSession, newSession, ofType } from './conversation.ts'

// Dollars for a token rather than for a million: every sum is exact.
const models = `
models:
  priced:
    provider: scripted
    model: scripted
    context_window: 64000
    pricing: { input: 2.0e+6, output: 8.0e+6, cached_input: 0.5e+6 }
  plain: { provider: scripted, model: plain, pricing: { input: 4.0e+6, output: 16.0e+6 } }
  free: { provider: scripted, model: free, pricing: { input: 0, output: 0 } }
  unknown: { provider: scripted, model: unknown }
providers:
  scripted: { base_url: "{base_url}" }
`
const assistant = `
agents:
  root:
    model: priced
    planning_interval: 5
    sub_agents: [helper]
    toolsets: [{ type: think }]
  helper: { model: plain, sub_agents: [deep] }
  deep: { model: plain }
${models}`
const unpriced = `agents: { root: { model: unknown } }\n${models}`
const free = `agents: { root: { model: free } }\n${models}`
const app = await startApp({
  lifetime: 'file',
  agents: { assistant, unpriced, free },
  titles: true,
})
const { client, model, events } = app

function used(input: number, output: number, cached = 0) {
  return {
    prompt_tokens: input,
    completion_tokens: output,
    total_tokens: input + output,
    prompt_tokens_details: { cached_tokens: cached },
  }
}
function transfer(agent: string, usage: object) {
  return {
    toolCalls: [{ name: 'transfer_task', arguments: { agent, task: 'Think' } }],
    usage: { ...usage },
  }
}

async function messageUsage({ client }: App, session: string): Promise<Usage> {
  const { data } = await client.GET('/api/sessions/{session}/messages', {
    params: { path: { session } },
  })
  return data.data.reduce((sum, { usage }) => (usage ? addUsage(sum, usage) : sum), noUsage)
}

test('messages, the run and the session count alike, side calls and sub-agents included', async () => {
  const session = await newSession(app)
  model.push(
    { text: 'The plan.', usage: used(1, 1) },
    transfer('helper', used(4, 1, 2)),
    transfer('deep', used(1, 1)),
    { text: 'Deep thought.', usage: used(2, 1) },
    { text: 'Helped.', usage: used(1, 2) },
    { text: 'Done.', usage: used(8, 2, 6) },
    { text: 'A title', usage: used(1, 1) },
  )
  const { run } = await ask(app, { session })
  const log = await events(run.id)
  const titled = await titledSession(session)
  const children = ofType(log, 'sub_session_completed').map((event) => event.sub_session_id)
  const [deep = '', helper = ''] = children
  const costs = { plan: 10, messages: 4 + 1 + 8 + 4 + 3 + 16, helper: 20 + 36, deep: 24 }
  expect(await messageUsage(app, session)).toMatchObject({
    input_tokens: 12,
    cached_input_tokens: 8,
    cost: costs.messages,
  })
  expect(await messageUsage(app, deep)).toMatchObject({ cost: costs.deep })
  expect((await getSession(app, deep)).usage).toMatchObject({ cost: costs.deep })
  expect(await messageUsage(app, helper)).toMatchObject({ cost: costs.helper })
  expect((await getSession(app, helper)).usage).toMatchObject({ cost: costs.helper + costs.deep })
  const ofRun = costs.plan + costs.messages + costs.helper + costs.deep
  expect(run.usage).toMatchObject({
    input_tokens: 17,
    output_tokens: 8,
    cost: ofRun,
  })
  expect(log.at(-1)).toMatchObject({ usage: run.usage })
  expect(ofType(log, 'token_usage').at(-1)?.totals).toMatchObject({ cost: ofRun })
  // The title is made when the run is over: it counts for the session alone.
  expect(titled.usage).toMatchObject({ input_tokens: 18, cost: ofRun + 10 })
})

test('what nobody knows the price of costs null, never zero', async () => {
  const session = await newSession(app, { title: 'Named' })
  model.push({ text: 'Hello.', usage: used(1, 1) })
  const { run, message } = await ask(app, { session, agent: 'unpriced' })
  expect(message).toMatchObject({ cost: null, usage: { input_tokens: 1, cost: null } })
  expect(run.usage).toMatchObject({ input_tokens: 1, cost: null })
  expect((await getSession(app, session)).usage.cost).toBeNull()
  const [counted] = ofType(await events(run.id), 'token_usage')
  expect(counted).toMatchObject({ usage: { cost: null }, totals: { cost: null } })
})

test('a free model costs zero, and an answer that nobody counted null', async () => {
  const session = await newSession(app, { title: 'Named' })
  model.push({ text: 'Hello.', usage: used(1, 1) }, { text: 'Hello.', usage: null })
  const counted = await ask(app, { session, agent: 'free' })
  expect(counted.message).toMatchObject({ cost: 0 })
  const uncounted = await ask(app, { session, agent: 'free' })
  expect(uncounted.message).toMatchObject({ cost: null, usage: { input_tokens: 0 } })
  expect([counted.run.usage.cost, uncounted.run.usage.cost]).toEqual([0, null])
})

test('the window of the file is the one that usage is measured against', async () => {
  const session = await newSession(app, { title: 'Named' })
  model.push({ text: 'Plan.' }, { text: 'Hello.' })
  const { run } = await ask(app, { session })
  const [counted] = ofType(await events(run.id), 'token_usage')
  expect(counted?.usage).toMatchObject({ context_limit: 64_000 })
})

test('listModels shows what files say of prices and windows', async () => {
  const { data } = await client.GET('/api/models')
  const own = data.filter(({ provider }) => provider === 'scripted')
  expect(own).toEqual([
    {
      id: 'scripted/free',
      provider: 'scripted',
      name: 'free',
      is_default: false,
      pricing: { input: 0, output: 0, cached_input: 0 },
    },
    {
      id: 'scripted/plain',
      provider: 'scripted',
      name: 'plain',
      is_default: false,
      pricing: { input: 4e6, output: 16e6, cached_input: 4e6 },
    },
    {
      id: 'scripted/scripted',
      provider: 'scripted',
      name: 'scripted',
      is_default: false,
      context_window: 64_000,
      pricing: { input: 2e6, output: 8e6, cached_input: 0.5e6 },
    },
  ])
})

/** The session when its title has come, which is after the run. */
async function titledSession(session: string) {
  for await (const { type } of followSession(client, { session })) {
    if (type === 'session_title') break
  }
  return getSession(app, session)
}
