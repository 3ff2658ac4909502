import { expect, test } from 'vitest'
import { startApp } from '../support/app.ts'
import { ask, expectGoesOn, getSession, newSession, ofType, toldResults } from './conversation.ts'
import { startSlowPage } from './slow-page.ts'

const page = await startSlowPage()
const agent = `
agents:
  root:
    model: scripted
    toolsets: [{ type: think }, { type: todo }, { type: fetch, timeout: 0.2 }]
`
const extractor = `
agents:
  root:
    model: scripted
    structured_output:
      name: person
      schema: { type: object, properties: { name: { type: string } }, required: [name] }
`
const app = await startApp({
  lifetime: 'file',
  agents: { assistant: agent, extractor },
  flags: ['--allow-host', page.host],
})
const { model, events } = app
const lastBody = () => model.requests.at(-1)?.body

test('images beside a text reach the model and are kept', async () => {
  const session = await newSession(app)
  const url = 'data:image/png;base64,iVBORw0KGgo='
  const multi_content = [
    { type: 'text' as const, text: 'What is it?' },
    { type: 'image_url' as const, image_url: { url } },
  ]
  model.push({ text: 'A cat.' })
  await ask(app, { session, messages: [{ role: 'user', content: 'What is it?', multi_content }] })
  expect(lastBody()?.messages.at(-1)?.content).toEqual([
    { type: 'text', text: 'What is it?' },
    { type: 'image_url', image_url: { url } },
  ])
  expect((await getSession(app, session)).messages[0]).toMatchObject({ multi_content })
  await expectGoesOn(app, session)
})

test('reasoning is streamed apart from the text and kept with the message', async () => {
  const session = await newSession(app)
  model.push({ reasoning: 'Let me think', text: 'Yes.' })
  const { run, message } = await ask(app, { session })
  const log = await events(run.id)
  const reasoning = ofType(log, 'agent_choice_reasoning').map(({ content }) => content)
  expect(reasoning.join('')).toBe('Let me think')
  expect(message).toMatchObject({ content: 'Yes.', reasoning: 'Let me think' })
  await expectGoesOn(app, session)
})

test('a structured output is given as the object that the model wrote', async () => {
  const session = await newSession(app)
  model.push({ text: '{"name":"Ada"}' })
  const { output } = await ask(app, { session, agent: 'extractor' })
  expect(output).toEqual({ name: 'Ada' })
  expect(lastBody()?.response_format).toMatchObject({
    type: 'json_schema',
    json_schema: { name: 'person', schema: { required: ['name'] } },
  })
  await expectGoesOn(app, session)
})

test('a run can ask for a format of its own', async () => {
  const session = await newSession(app)
  model.push({ text: '[1,2]' })
  const options = { response_format: { type: 'json_object' as const } }
  const { output } = await ask(app, { session, options })
  expect(output).toEqual([1, 2])
  expect(lastBody()?.response_format).toEqual({ type: 'json_object' })
  await expectGoesOn(app, session)
})

test('a tool that does not exist, or wrong arguments, teach the model what to do', async () => {
  const session = await newSession(app)
  model.push(
    {
      toolCalls: [
        { name: 'thinking', arguments: {} },
        { name: 'think', arguments: { thot: 1 } },
      ],
    },
    { toolCalls: [{ name: 'think', arguments: '["no object"]' }] },
    { text: 'I see.' },
  )
  const { run } = await ask(app, { session })
  const log = await events(run.id)
  expect(ofType(log, 'tool_call')).toEqual([])
  const [unknown, wrong, list] = toldResults(app)
  expect(unknown).toContain('There is no tool thinking. The tools are: think')
  expect(wrong).toContain('"thought" is missing')
  expect(list).toContain('are not a JSON object')
  await expectGoesOn(app, session)
})

test('a tool that takes too long is stopped and the model is told', async () => {
  const session = await newSession(app)
  model.push(
    { toolCalls: [{ name: 'fetch', arguments: { urls: [page.url] } }] },
    { text: 'Too slow.' },
  )
  const { run, output } = await ask(app, { session })
  const [response] = ofType(await events(run.id), 'tool_call_response')
  expect(response?.result.is_error).toBe(true)
  expect(toldResults(app)[0]).toContain(page.url)
  expect(output).toBe('Too slow.')
  await expectGoesOn(app, session)
})

test('several calls of one answer give their results in the order of the calls', async () => {
  const session = await newSession(app)
  const todo = (description: string) => ({ name: 'create_todo', arguments: { description } })
  const think = { id: 'c3', name: 'think', arguments: { thought: 'hm' } }
  model.push(
    { toolCalls: [{ id: 'c1', ...todo('a') }, { id: 'c2', ...todo('b') }, think] },
    { text: 'Noted.' },
  )
  await ask(app, { session })
  const results = lastBody()?.messages.filter(({ role }) => role === 'tool')
  expect(results?.map(({ tool_call_id }) => tool_call_id)).toEqual(['c1', 'c2', 'c3'])
  await expectGoesOn(app, session)
})

test('an answer that is cut by its length is incomplete and ends the run', async () => {
  const session = await newSession(app)
  model.push({ text: 'Once upon a', finishReason: 'length' })
  const { run, message } = await ask(app, { session })
  expect(run).toMatchObject({ status: 'completed', stop_reason: 'length', completed: false })
  expect(message).toMatchObject({ status: 'incomplete', content: 'Once upon a' })
  await events(run.id)
  await expectGoesOn(app, session)
})

test('a refusal of the model fails the run with the reason', async () => {
  const session = await newSession(app)
  model.push({ text: 'I', finishReason: 'content_filter' })
  const { run } = await ask(app, { session })
  expect(run).toMatchObject({ status: 'failed', error: { code: 'content_filtered' } })
  expect((await events(run.id)).slice(-2).map(({ type }) => type)).toEqual([
    'error',
    'stream_stopped',
  ])
  await expectGoesOn(app, session)
})
