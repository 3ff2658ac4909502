import { expect, test } from 'vitest'
import { startApp } from '../support/app.ts'
import { ask, expectGoesOn, newSession, ofType } from './conversation.ts'

const agent = `
agents:
  root:
    model: scripted
    toolsets: [{ type: think }]
`

test('a model that counts its calls from the beginning in every answer makes no call twice', async () => {
  const think = (thought: string) => ({
    toolCalls: [{ id: 'call_0', name: 'think', arguments: { thought } }],
  })
  const script = [think('one'), think('two'), { text: 'Done' }, think('three'), { text: 'Done' }]
  const app = await startApp({ agents: { assistant: agent }, script })
  const session = await newSession(app)
  const runs = [
    await ask(app, { session, message: 'First' }),
    await ask(app, { session, message: 'Second' }),
  ]
  const events = (await Promise.all(runs.map(({ run }) => app.events(run.id)))).flat()
  const ids = ['call_0', 'call_0_2', 'call_0_3']
  expect(ofType(events, 'tool_call').map(({ tool_call }) => tool_call.id)).toEqual(ids)
  const pieces = ofType(events, 'partial_tool_call').map(({ tool_call_id }) => tool_call_id)
  expect([...new Set(pieces)]).toEqual(ids)
  const told = app.model.requests.at(-1)?.body.messages.filter(({ role }) => role === 'tool')
  expect(told?.map(({ tool_call_id }) => tool_call_id)).toEqual(ids)
  await expectGoesOn(app, session)
})
