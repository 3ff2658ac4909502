import { expect, test } from 'vitest'
import { type App, startApp } from '../support/app.ts'
import { ask, expectGoesOn, newSession, ofType, start, toldResults } from './conversation.ts'

const picker = `
agents:
  root:
    model: scripted
    toolsets:
      - { type: model_picker, models: [scripted/strong, scripted/cheap] }
      - { type: think, model: scripted/careful }
  other:
    model: scripted
`

const change = (model: string) => ({ toolCalls: [{ name: 'change_model', arguments: { model } }] })

/** The models of the requests so far. */
function asked({ model }: App): unknown[] {
  return model.requests.map(({ body }) => body.model)
}

test('a model that the agent changed to goes on, also in later runs and after a restart', async () => {
  const app = await startApp({ agents: { picker } })
  const session = await newSession(app)
  app.model.push(change('scripted/strong'), { text: 'Stronger' }, { text: 'Still' })
  const { run } = await ask(app, { session, agent: 'picker' })
  expect(run.model).toBe('scripted/strong')
  expect(ofType(await app.events(run.id), 'tool_call_response')[0]?.response).toBe(
    'You go on with scripted/strong.',
  )
  await app.restart()
  const later = await ask(app, { session, agent: 'picker' })
  expect(later.run.model).toBe('scripted/strong')
  expect(asked(app)).toEqual(['scripted', 'strong', 'strong'])
  app.model.push({ toolCalls: [{ name: 'revert_model', arguments: {} }] }, { text: 'As before' })
  await ask(app, { session, agent: 'picker' })
  expect(asked(app).slice(3)).toEqual(['strong', 'scripted'])
  await expectGoesOn(app, session, { agent: 'picker' })
  expect(asked(app).at(-1)).toBe('scripted')
})

test('a caller who asks for a model ends what the agent picked', async () => {
  const app = await startApp({ agents: { picker } })
  const session = await newSession(app)
  app.model.push(change('scripted/strong'), { text: 'a' }, { text: 'b' }, { text: 'c' })
  await ask(app, { session, agent: 'picker' })
  await ask(app, { session, agent: 'picker', options: { model: 'scripted/mine' } })
  await ask(app, { session, agent: 'picker' })
  expect(asked(app)).toEqual(['scripted', 'strong', 'mine', 'scripted'])
})

test('a model that the file does not offer is refused, and another agent keeps its own', async () => {
  const app = await startApp({ agents: { picker } })
  const session = await newSession(app)
  app.model.push(change('scripted/secret'), change('scripted/cheap'), { text: 'a' }, { text: 'b' })
  await ask(app, { session, agent: 'picker' })
  expect(toldResults(app)[0]).toContain('model: ')
  const { data } = await app.client.POST('/api/sessions/{session}/agent/{agent}/{agent_name}', {
    params: { path: { session, agent: 'picker', agent_name: 'other' }, header: {} },
    body: { messages: [{ role: 'user', content: 'And you?' }] },
  })
  expect(data).toMatchObject({ output: 'b' })
  expect(asked(app)).toEqual(['scripted', 'scripted', 'cheap', 'scripted'])
})

test('a toolset names the model of the one step after its tools', async () => {
  const app = await startApp({ agents: { picker } })
  const session = await newSession(app)
  app.model.push(
    { toolCalls: [{ name: 'think', arguments: { thought: 'hm' } }] },
    change('scripted/cheap'),
    { text: 'Done' },
  )
  const { id } = await start(app, { session, agent: 'picker' })
  expect((await app.events(id)).at(-1)).toMatchObject({ reason: 'completed' })
  expect(asked(app)).toEqual(['scripted', 'careful', 'cheap'])
})
