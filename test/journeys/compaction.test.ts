import { expect, test } from 'vitest'
import { startApp } from '../support/app.ts'
import type { ScriptedAnswer } from '../support/model-server.ts'
import { ask, expectGoesOn, getSession, newSession, ofType, unpairedCalls } from './conversation.ts'

/** The window of gpt-4o is known: 128,000 tokens. */
const assistant = `
agents:
  root:
    model: openai/gpt-4o
    instruction: Be brief
    toolsets: [{ type: think }]
providers:
  openai: { base_url: "{base_url}" }
`
const agents = { assistant }
const nearlyFull = { prompt_tokens: 120_000, completion_tokens: 10, total_tokens: 120_010 }
const tooLong: ScriptedAnswer = {
  fault: {
    kind: 'status',
    status: 400,
    position: 'start',
    body: '{"error":{"code":"context_length_exceeded","message":"too long"}}',
  },
}
const think = { toolCalls: [{ name: 'think', arguments: { thought: 'hm' } }] }

test('before a window is full the conversation is summarised, and the history stays', async () => {
  const app = await startApp({ agents })
  const session = await newSession(app)
  app.model.push(
    { text: 'It is 42.', usage: nearlyFull },
    { text: 'We found 42.' },
    { text: 'Yes.' },
  )
  await ask(app, { session, message: 'What is the answer?' })
  const { run } = await ask(app, { session, message: 'Are you sure?' })
  const log = await app.events(run.id)
  expect(ofType(log, 'session_compaction').map(({ status }) => status)).toEqual([
    'started',
    'completed',
  ])
  expect(ofType(log, 'session_summary').map(({ summary }) => summary)).toEqual(['We found 42.'])
  const [, summarised, answered] = app.model.requests
  expect(summarised?.body.tools).toBeUndefined()
  expect(String(summarised?.body.messages.at(-1)?.content)).toContain('It is 42.')
  expect(answered?.body.messages.map(({ content }) => content)).toEqual([
    'Be brief',
    'Summary of the conversation so far:\n\nWe found 42.',
    'Are you sure?',
  ])
  const { messages } = await getSession(app, session)
  expect(messages.map(({ content }) => content)).toEqual([
    'What is the answer?',
    'It is 42.',
    'Are you sure?',
    'Yes.',
  ])
  await expectGoesOn(app, session)
})

test('a summary outlives the server, and its tokens count', async () => {
  const app = await startApp({ agents })
  const session = await newSession(app)
  const usage = { prompt_tokens: 7, completion_tokens: 3, total_tokens: 10 }
  app.model.push(
    { text: 'It is 42.', usage: nearlyFull },
    { text: 'We found 42.', usage },
    { text: 'Yes.', usage },
  )
  await ask(app, { session, message: 'What is the answer?' })
  await ask(app, { session, message: 'Are you sure?' })
  expect((await getSession(app, session)).usage.input_tokens).toBe(120_014)
  await app.restart()
  await expectGoesOn(app, session)
  expect(app.model.requests.at(-1)?.body.messages.map(({ content }) => content)).toEqual([
    'Be brief',
    'Summary of the conversation so far:\n\nWe found 42.',
    'Are you sure?',
    'Yes.',
    'Are you there?',
  ])
})

test('when the provider finds it too long, the step begins anew with a summary', async () => {
  const app = await startApp({ agents })
  const session = await newSession(app)
  app.model.push({ text: 'Hello.' }, tooLong, { text: 'They said hello.' }, { text: 'Fine.' })
  await ask(app, { session, message: 'Hello' })
  const { run, output } = await ask(app, { session, message: 'How are you?' })
  expect(output).toBe('Fine.')
  const log = await app.events(run.id)
  expect(ofType(log, 'step_started').map(({ step }) => step)).toEqual([1, 1])
  expect(app.model.requests.at(-1)?.body.messages).toHaveLength(3)
  await expectGoesOn(app, session)
})

test('in one long exchange the calls that were answered are summarised', async () => {
  const app = await startApp({ agents })
  const session = await newSession(app)
  app.model.push(think, { ...think, usage: nearlyFull }, { text: 'I thought once.' }, think, {
    text: 'Done.',
  })
  const { run } = await ask(app, { session, message: 'Think thrice' })
  const log = await app.events(run.id)
  expect(ofType(log, 'session_summary')).toHaveLength(1)
  const shown = app.model.requests.at(3)
  expect(shown?.body.messages.map(({ role }) => role)).toEqual([
    'system',
    'user',
    'assistant',
    'tool',
  ])
  expect(shown && unpairedCalls(shown)).toEqual([])
  await expectGoesOn(app, session)
})

test('a second summary is made from the first', async () => {
  const app = await startApp({ agents })
  const session = await newSession(app)
  app.model.push(
    { text: 'one', usage: nearlyFull },
    { text: 'The first.' },
    { text: 'two', usage: nearlyFull },
    { text: 'The second.' },
    { text: 'three' },
  )
  for (const message of ['1', '2', '3']) await ask(app, { session, message })
  const asked = String(app.model.requests.at(3)?.body.messages.at(-1)?.content)
  expect(asked).toContain('<summary_so_far>\nThe first.\n</summary_so_far>')
  expect(asked).toContain('Assistant root: two')
  expect(asked).not.toContain('Assistant root: one')
  await expectGoesOn(app, session)
})

test('a summary that fails is told once, and the run goes on without it', async () => {
  const app = await startApp({ agents })
  const session = await newSession(app)
  const refusal: ScriptedAnswer = {
    fault: { kind: 'status', status: 400, body: '{}', position: 'start' },
  }
  app.model.push({ text: 'It is 42.', usage: nearlyFull }, refusal, think, { text: 'Yes.' })
  await ask(app, { session, message: 'What is the answer?' })
  const { run, output } = await ask(app, { session, message: 'Are you sure?' })
  expect(output).toBe('Yes.')
  const log = await app.events(run.id)
  expect(ofType(log, 'session_compaction').map(({ status }) => status)).toEqual([
    'started',
    'failed',
  ])
  expect(app.model.requests.at(-1)?.body.messages[1]?.content).toBe('What is the answer?')
})

test('a conversation that stays too long fails with the reason', async () => {
  const app = await startApp({ agents })
  const session = await newSession(app)
  app.model.push({ text: 'Hello.' }, tooLong, { text: 'They said hello.' }, tooLong)
  await ask(app, { session, message: 'Hello' })
  const { run } = await ask(app, { session, message: 'How are you?' })
  expect(run.error).toMatchObject({ code: 'context_exceeded' })
  await app.events(run.id)
  await expectGoesOn(app, session)
})

test('a summary stands for its own branch, and for those that leave it later', async () => {
  const app = await startApp({ agents })
  const session = await newSession(app)
  app.model.push(
    { text: 'First' },
    { text: 'Second', usage: nearlyFull },
    { text: 'Summed up' },
    { text: 'Third' },
  )
  for (const message of ['One', 'Two', 'Three']) await ask(app, { session, message })
  const { messages } = await getSession(app, session)
  const summary = 'Summary of the conversation so far:\n\nSummed up'
  const edit = async (index: number, content: string) => {
    app.model.push({ text: 'Again' })
    await app.client.POST('/api/sessions/{session}/messages/{message}/edit', {
      params: { path: { session, message: messages[index]?.id ?? '' } },
      body: { content },
    })
    return app.model.requests.at(-1)?.body.messages.map((message) => message.content)
  }
  expect(await edit(2, 'Other two')).toEqual(['Be brief', 'One', 'First', 'Other two'])
  expect(await edit(4, 'Other three')).toEqual(['Be brief', summary, 'Other three'])
  const fork = async (index: number) => {
    const { data } = await app.client.POST('/api/sessions/{session}/fork', {
      params: { path: { session } },
      body: { message_id: messages[index]?.id ?? '' },
    })
    await expectGoesOn(app, data.id)
    return app.model.requests.at(-1)?.body.messages.map((message) => message.content)
  }
  expect(await fork(5)).toEqual(['Be brief', summary, 'Three', 'Third', 'Are you there?'])
  expect(await fork(2)).toEqual(['Be brief', 'One', 'First', 'Two', 'Are you there?'])
  expect((await getSession(app, session)).messages).toHaveLength(6)
  await app.restart()
  await expectGoesOn(app, session)
  expect(app.model.requests.at(-1)?.body.messages[1]?.content).toBe(summary)
  const { data: document } = await app.client.GET('/api/sessions/{session}/export', {
    params: { path: { session } },
  })
  const { data: copy } = await app.client.POST('/api/sessions/import', { body: document })
  await expectGoesOn(app, copy.id)
  expect(app.model.requests.at(-1)?.body.messages[1]?.content).toBe(summary)
})
