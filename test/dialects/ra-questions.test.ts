import { createRequire } from 'node:module'
import { expect, test } from 'vitest'
import { startApp } from '../support/app.ts'

const server = createRequire(import.meta.url).resolve(
  '@modelcontextprotocol/server-everything/dist/index.js',
)
const assistant = `
agents:
  root:
    model: scripted
    sub_agents: [helper]
    toolsets:
      - type: user_prompt
      - type: mcp
        name: all
        command: ${JSON.stringify(process.execPath)}
        args: [${JSON.stringify(server)}, stdio]
  helper:
    model: scripted
    toolsets: [{ type: user_prompt }]
permissions:
  allow: ["all_*"]
`
const { url, model } = await startApp({ lifetime: 'file', agents: { assistant } })
const base = `${url}/compat/ra`

type Event = { type: string; question?: string; delta?: string }

test('questions of one step are asked one after the other', async () => {
  const sessionId = 'several'
  model.push({ toolCalls: [prompt('First?'), prompt('Second?')] }, { text: 'Thanks.' })
  expect(await stream('Go', sessionId)).toMatchObject(asks('First?'))
  expect(await stream('one', sessionId)).toEqual(asks('Second?', sessionId))
  expect(await stream('two', sessionId)).toMatchObject([
    { type: 'text', delta: 'Thanks.' },
    { type: 'done', sessionId },
  ])
  expect(results()).toEqual([accepted({ answer: 'one' }), accepted({ answer: 'two' })])
})

test('the waiting route asks them in the same way', async () => {
  const sessionId = 'several whole'
  model.push({ toolCalls: [prompt('First?'), prompt('Second?')] }, { text: 'Thanks.' })
  expect(await sync('Go', sessionId)).toEqual({ response: '', sessionId, askUser: 'First?' })
  expect(await sync('one', sessionId)).toEqual({ response: '', sessionId, askUser: 'Second?' })
  expect(await sync('two', sessionId)).toEqual({ response: 'Thanks.', sessionId })
})

test('a sub-agent asks, too', async () => {
  const sessionId = 'below'
  const task = { name: 'transfer_task', arguments: { agent: 'helper', task: 'Ask' } }
  model.push({ toolCalls: [task] }, { toolCalls: [prompt('Which?')] })
  expect((await stream('Go', sessionId)).slice(-2)).toMatchObject(asks('Which?'))
  model.push({ text: 'It is a.txt.' }, { text: 'Done.' })
  expect((await stream('a.txt', sessionId)).at(-1)).toMatchObject({ type: 'done', sessionId })
})

test('a tool that holds its question open does not hold the client', async () => {
  const sessionId = 'held'
  model.push(
    { toolCalls: [{ name: 'all_trigger-elicitation-request', arguments: {} }] },
    { text: 'Hello Ada.' },
  )
  const asked = await sync('Go', sessionId)
  expect(asked).toEqual({ response: '', sessionId, askUser: expect.any(String) })
  // A form of several fields is answered as JSON.
  expect(await sync('{"name":"Ada"}', sessionId)).toEqual({ response: 'Hello Ada.', sessionId })
  expect(results().at(-1)).toContain('Ada')
})

test('an answer has the type that is asked for, and one that does not fit is refused', async () => {
  const sessionId = 'typed'
  const schema = { type: 'object', properties: { age: { type: 'integer' } }, required: ['age'] }
  model.push({
    toolCalls: [{ name: 'user_prompt', arguments: { message: 'How old?', schema } }],
  })
  await stream('Go', sessionId)
  const wrong = await post('/chat', 'very', sessionId)
  expect([wrong.status, await wrong.json()]).toEqual([422, { error: expect.any(String) }])
  model.push({ text: 'Seven.' })
  expect(await sync('7', sessionId)).toEqual({ response: 'Seven.', sessionId })
  expect(results()).toEqual([accepted({ age: 7 })])
})

test('an answer that looks like JSON is text where text is asked for', async () => {
  const sessionId = 'braces'
  model.push({ toolCalls: [prompt('Which object?')] })
  await stream('Go', sessionId)
  model.push({ text: 'Noted.' })
  expect(await sync('{"a":1}', sessionId)).toEqual({ response: 'Noted.', sessionId })
  expect(results()).toEqual([accepted({ answer: '{"a":1}' })])
})

test('of two histories at once for one new session one is taken', async () => {
  const messages = [
    { role: 'user', content: 'Hi' },
    { role: 'assistant', content: 'Hello' },
    { role: 'user', content: 'Go on' },
  ]
  const held = Promise.withResolvers<void>()
  model.push({ text: 'Done', hold: held.promise, holdAfter: 0 })
  const post = () => send('/chat/sync', { messages, sessionId: 'at once' })
  const both = [post(), post()]
  const refused = await Promise.race(both)
  held.resolve()
  const statuses = (await Promise.all(both)).map(({ status }) => status)
  expect([refused.status, statuses.toSorted()]).toEqual([409, [200, 409]])
})

test.each([
  ['without a session', undefined],
  ['in a session that is not there yet', 'new here'],
])('a history that the client tells %s reaches the model', async (_where, sessionId) => {
  const call = { id: 'tc_1', name: 'Read', arguments: '{"path":"a.txt"}' }
  const messages = [
    { role: 'system', content: 'Be brief.' },
    { role: 'user', content: [{ type: 'text', text: 'Read it' }] },
    { role: 'assistant', content: '', toolCalls: [call] },
    { role: 'tool', content: 'A file', toolCallId: 'tc_1' },
    { role: 'assistant', content: 'It says: A file' },
    { role: 'user', content: 'Thanks' },
  ]
  model.push({ text: 'Welcome.' }, { text: 'And again.' })
  const answer = await send('/chat/sync', { messages, sessionId })
  const told = await answer.json()
  expect(told).toEqual({ response: 'Welcome.', sessionId: sessionId ?? expect.any(String) })
  const roles = () => model.requests.at(-1)?.body.messages.map(({ role }) => role)
  // The agent's own prompt comes first.
  expect(roles()).toEqual(['system', ...messages.map(({ role }) => role)])
  await sync('More', told.sessionId)
  expect(roles()).toHaveLength(messages.length + 3)
})

function prompt(message: string) {
  return { name: 'user_prompt', arguments: { message } }
}

function asks(question: string, sessionId?: string) {
  const done = { usage: { inputTokens: expect.any(Number), outputTokens: expect.any(Number) } }
  const session = sessionId === undefined ? {} : { sessionId }
  return [
    { type: 'AskUserQuestion', question, ...session },
    { type: 'done', ...done, ...session },
  ]
}

function accepted(content: object): string {
  return JSON.stringify({ action: 'accept', content })
}

/** What the tools of the last step told the model. */
function results(): unknown[] {
  const messages = model.requests.at(-1)?.body.messages ?? []
  const step = messages.slice(messages.findLastIndex(({ role }) => role === 'assistant'))
  return step.flatMap(({ role, content }) => (role === 'tool' ? [content] : []))
}

function send(path: string, body: object): Promise<Response> {
  return fetch(base + path, { method: 'POST', body: JSON.stringify(body) })
}

function post(path: string, content: string, sessionId: string): Promise<Response> {
  return send(path, { messages: [{ role: 'user', content }], sessionId })
}

async function sync(content: string, sessionId: string) {
  return (await post('/chat/sync', content, sessionId)).json()
}

/** Without how calls are written. */
async function stream(content: string, sessionId: string): Promise<Event[]> {
  const text = await (await post('/chat', content, sessionId)).text()
  const events: Event[] = text
    .split('\n\n')
    .filter((frame) => frame.startsWith('data: '))
    .map((frame) => JSON.parse(frame.slice(6)))
  return events.filter(({ type }) => !type.startsWith('tool_call'))
}
