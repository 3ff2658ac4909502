import { expect, test } from 'vitest'
import { startApp } from '../support/app.ts'
import type { ScriptedAnswer } from '../support/model-server.ts'
import { ask, expectGoesOn, newSession, ofType, resume, until } from './conversation.ts'

const planner = `
agents:
  root:
    model: scripted
    instruction: Be brief
    planning_interval: 2
    toolsets: [{ type: think }]
`
const app = await startApp({ lifetime: 'file', agents: { planner } })
const { model, events } = app
const agent = 'planner'
const think = { toolCalls: [{ name: 'think', arguments: { thought: 'hm' } }] }
const planless: ScriptedAnswer = {
  fault: { kind: 'status', status: 400, body: '{}', position: 'start' },
}
const systemOf = (index: number) => String(model.requests.at(index)?.body.messages[0]?.content)

test('a plan is made before the first step and again after every interval', async () => {
  const session = await newSession(app)
  model.push({ text: 'Plan A' }, think, think, { text: 'Plan B' }, { text: 'Done.' })
  const { run, output } = await ask(app, { session, agent, message: 'Find it' })
  const log = await events(run.id)
  expect({ output, iterations: run.iterations }).toEqual({ output: 'Done.', iterations: 3 })
  expect(ofType(log, 'plan_updated').map(({ plan, updated }) => ({ plan, updated }))).toEqual([
    { plan: 'Plan A', updated: false },
    { plan: 'Plan B', updated: true },
  ])
  const [first, second, third, fourth, fifth] = model.requests.slice(-5)
  expect(first?.body.tools).toBeUndefined()
  const question = String(first?.body.messages.at(-1)?.content)
  expect(question).toContain('- think: ')
  expect(question).toContain('User: Find it')
  for (const step of [second, third]) {
    expect(step?.body.messages[0]?.content).toBe('Be brief\n\nYour plan for this task:\nPlan A')
  }
  expect(String(fourth?.body.messages.at(-1)?.content)).toContain('Plan A')
  expect(fifth?.body.messages[0]?.content).toContain('Plan B')
})

test('what a plan costs counts for the run', async () => {
  const session = await newSession(app)
  const usage = { prompt_tokens: 7, completion_tokens: 3, total_tokens: 10 }
  model.push({ text: 'Plan', usage }, { text: 'Done.', usage })
  const { run } = await ask(app, { session, agent })
  expect(run.usage).toMatchObject({ input_tokens: 14, output_tokens: 6 })
})

test('a plan that fails is told and the run goes on', async () => {
  const session = await newSession(app)
  model.push(planless, { text: 'Done anyway.' })
  const { run, output } = await ask(app, { session, agent })
  const log = await events(run.id)
  expect(ofType(log, 'warning').map(({ code }) => code)).toEqual(['plan_failed'])
  expect({ output, system: systemOf(-1) }).toEqual({ output: 'Done anyway.', system: 'Be brief' })
  model.push({ text: 'Plan' })
  await expectGoesOn(app, session, { agent })
})

test('a run that waits keeps its plan over a restart of the server', async () => {
  const session = await newSession(app)
  model.push({ text: 'Plan A' }, think)
  const { run } = await ask(app, { session, agent, options: { max_iterations: 1 } })
  expect(run.status).toBe('waiting')
  await app.restart()
  model.push({ text: 'Done.' })
  await resume(app, session, { confirmation: 'approve' })
  await until(app, run.id, 'stream_stopped')
  await events(run.id)
  expect(systemOf(-1)).toContain('Plan A')
})
