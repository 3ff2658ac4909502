import { expect, test } from 'vitest'
import { startApp } from '../support/app.ts'

const { url, model, restart } = await startApp({ lifetime: 'file' })
const base = `${url}/compat/ra`
const ask = { toolCalls: [{ name: 'user_prompt', arguments: { message: 'Which file?' } }] }

test('the documented request is answered by the documented events', async () => {
  model.push({ reasoning: 'Let me consider...', text: 'Hello there!' })
  const events = await stream({ messages: [{ role: 'user', content: 'Hello' }] })
  expect(joined(events, 'thinking')).toBe('Let me consider...')
  expect(joined(events, 'text')).toBe('Hello there!')
  expect(events.at(-1)).toEqual({
    type: 'done',
    usage: { inputTokens: expect.any(Number), outputTokens: expect.any(Number) },
    sessionId: expect.any(String),
  })
})

test('a call is shown as it is written, and its end is the end of its arguments', async () => {
  model.push(
    { toolCalls: [{ name: 'read_file', arguments: { path: 'src/index.ts' } }] },
    { text: 'It is missing.' },
  )
  const events = await stream({ messages: [{ role: 'user', content: 'Read' }] })
  const [start] = events
  expect(start).toEqual({ type: 'tool_call_start', id: expect.any(String), name: 'read_file' })
  const deltas = events.flatMap(({ type, argsDelta }) =>
    type === 'tool_call_delta' ? [argsDelta] : [],
  )
  expect(JSON.parse(deltas.join(''))).toEqual({ path: 'src/index.ts' })
  expect(events.filter(({ type }) => type === 'tool_call_end')).toEqual([
    { type: 'tool_call_end', id: start?.id },
  ])
})

test.each([
  ['only the new message', [{ role: 'user', content: 'second' }]],
  [
    'the whole history',
    [
      { role: 'user', content: 'first' },
      { role: 'assistant', content: 'one' },
      { role: 'user', content: 'second' },
    ],
  ],
])('a session is resumed with %s', async (how, messages) => {
  const sessionId = `resumed ${how}`
  model.push({ text: 'one' }, { text: 'two' })
  expect(await sync({ messages: [{ role: 'user', content: 'first' }], sessionId })).toEqual([
    200,
    { response: 'one', sessionId },
  ])
  await sync({ messages, sessionId })
  const sent = model.requests.at(-1)?.body.messages.map(({ role, content }) => [role, content])
  expect(sent).toEqual([
    ['user', 'first'],
    ['assistant', 'one'],
    ['user', 'second'],
  ])
})

test('a question ends the stream, and the next message of the session answers it, also after a restart', async () => {
  model.push(ask, { text: 'Reading a.txt' })
  const sessionId = 'asked'
  const asked = await stream({ messages: [{ role: 'user', content: 'Change it' }], sessionId })
  expect(asked.slice(-2)).toMatchObject([
    { type: 'AskUserQuestion', question: 'Which file?', sessionId },
    { type: 'done', sessionId },
  ])
  await restart()
  const events = await stream({ messages: [{ role: 'user', content: 'a.txt' }], sessionId })
  expect(joined(events, 'text')).toBe('Reading a.txt')
  const result = model.requests.at(-1)?.body.messages.at(-1)
  expect(result).toMatchObject({ role: 'tool', content: expect.stringContaining('a.txt') })
})

test('the waiting route tells the question, and takes its answer', async () => {
  model.push(ask, { text: 'Done' })
  const sessionId = 'asked whole'
  expect(await sync({ messages: [{ role: 'user', content: 'Change it' }], sessionId })).toEqual([
    200,
    { response: '', sessionId, askUser: 'Which file?' },
  ])
  expect(await sync({ messages: [{ role: 'user', content: 'b.txt' }], sessionId })).toEqual([
    200,
    { response: 'Done', sessionId },
  ])
})

test('sessions are listed with their age and size', async () => {
  model.push({ text: 'Hi' })
  await sync({ messages: [{ role: 'user', content: 'Hi' }], sessionId: 'listed' })
  const { sessions } = await (await fetch(`${base}/sessions`)).json()
  expect(sessions).toContainEqual({
    id: 'listed',
    createdAt: expect.any(String),
    messageCount: 2,
  })
})

test('a failure of the model is one error event, or a 500', async () => {
  const refusal = { fault: { kind: 'status' as const, status: 401 } }
  model.push(refusal, refusal)
  const messages = [{ role: 'user', content: 'Hi' }]
  expect(await stream({ messages })).toEqual([{ type: 'error', error: expect.any(String) }])
  expect(await sync({ messages })).toEqual([500, { error: expect.any(String) }])
})

test.each(['{', 'null', '7', '"text"'])('the body %s is invalid JSON', async (body) => {
  const answer = await fetch(`${base}/chat`, { method: 'POST', body })
  expect([answer.status, await answer.json()]).toEqual([400, { error: 'Invalid JSON' }])
})

test('any other route or method is 404', async () => {
  for (const answer of [
    await fetch(`${base}/chat`),
    await fetch(`${base}/chat/`, { method: 'POST', body: '{}' }),
    await fetch(`${base}/nothing`),
  ]) {
    expect([answer.status, await answer.json()]).toEqual([404, { error: 'Not Found' }])
  }
})

function post(path: string, body: object): Promise<Response> {
  // Its content type is not looked at.
  return fetch(base + path, { method: 'POST', body: JSON.stringify(body) })
}

async function sync(body: object) {
  const answer = await post('/chat/sync', body)
  return [answer.status, await answer.json()]
}

type Event = { type: string; id?: string; delta?: string; argsDelta?: string }

async function stream(body: object): Promise<Event[]> {
  const text = await (await post('/chat', body)).text()
  return text
    .split('\n\n')
    .filter((frame) => frame.startsWith('data: '))
    .map((frame) => JSON.parse(frame.slice(6)))
}

function joined(events: Event[], type: string): string {
  return events.flatMap((event) => (event.type === type ? [event.delta] : [])).join('')
}
