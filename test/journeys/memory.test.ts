import { expect, test } from 'vitest'
import { startApp } from '../support/app.ts'
import { ask, expectGoesOn, newSession, ofType, resume, toldResults } from './conversation.ts'

const agent = (toolsets: string) => `
agents:
  root:
    model: scripted
    toolsets: ${toolsets}
`
const app = await startApp({
  lifetime: 'file',
  agents: {
    assistant: agent('[{ type: memory, path: ./memory.db }, { type: tasks }]'),
    other: agent('[{ type: memory }]'),
  },
})
const { model, events } = app

const remember = (memory: string) => ({ name: 'add_memory', arguments: { memory } })
const search = (query: string) => ({ name: 'search_memories', arguments: { query } })

test('what was remembered after an approval is found in another session, by this agent only', async () => {
  const first = await newSession(app)
  model.push({ toolCalls: [remember('Ada prefers the metric system')] }, { text: 'Noted.' })
  const { run } = await ask(app, { session: first })
  expect(run.waiting_for).toMatchObject({ kind: 'approval' })
  await resume(app, first, { confirmation: 'approve' })
  await events(run.id)
  const second = await newSession(app)
  model.push({ toolCalls: [search('metric units')] }, { text: 'Kilometres.' })
  await ask(app, { session: second })
  expect(toldResults(app)[0]).toContain('Ada prefers the metric system')
  const third = await newSession(app)
  model.push({ toolCalls: [search('metric units')] }, { text: 'Miles?' })
  await ask(app, { session: third, agent: 'other' })
  expect(toldResults(app)).toEqual(['Nothing is remembered about that.'])
  await expectGoesOn(app, second)
})

test('tasks are kept over turns and a restart, without asking', async () => {
  const session = await newSession(app)
  const create = (title: string, dependencies: string[] = []) => ({
    name: 'create_task',
    arguments: { title, dependencies },
  })
  model.push(
    { toolCalls: [create('Build')] },
    { toolCalls: [create('Ship', ['task_1'])] },
    { text: 'Two tasks.' },
  )
  const { run } = await ask(app, { session })
  const log = await events(run.id)
  expect(ofType(log, 'tool_call_confirmation')).toEqual([])
  await app.restart()
  model.push({ toolCalls: [{ name: 'next_task', arguments: {} }] }, { text: 'Building.' })
  await ask(app, { session })
  expect(toldResults(app).at(-1)).toBe('task_1 [pending, medium] Build')
  await expectGoesOn(app, session)
})
