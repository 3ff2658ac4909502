import { expect, onTestFinished, test } from 'vitest'
import { startApp } from '../support/app.ts'
import { startIdentityProvider } from '../support/identity-provider.ts'
import { openAgent } from './ag-ui-client.ts'
import { openChat, type Shown } from './ai-sdk-client.ts'

const app = await startApp({ lifetime: 'file' })
const { model } = app
const base = `${app.url}/ai-sdk/assistant`
const write = { id: 'call_w', name: 'write_file', arguments: { path: 'w.txt', content: 'x' } }

test('a page that is loaded again shows the chat, and goes on with it', async () => {
  const id = 'reloaded'
  model.push(
    {
      reasoning: 'Hm.',
      text: 'Looking.',
      toolCalls: [{ name: 'think', arguments: { thought: 'hm' } }],
    },
    { text: 'Hello' },
    { text: 'Still here' },
  )
  const before = openChat(app, { id })
  await before.chat.sendMessage({ text: 'Hi' })
  const messages = await load(id)
  expect(messages.map(({ role }) => role)).toEqual(['user', 'assistant'])
  expect(messages[1]?.parts).toMatchObject([
    { type: 'step-start' },
    { type: 'reasoning', text: 'Hm.' },
    { type: 'text', text: 'Looking.' },
    { type: 'tool-think', state: 'output-available', input: { thought: 'hm' } },
    { type: 'step-start' },
    { type: 'text', text: 'Hello' },
  ])
  const after = openChat(app, { id, messages })
  await after.chat.sendMessage({ text: 'Are you there?' })
  expect(sent()).toEqual(['Hi', 'Looking.', expect.any(String), 'Hello', 'Are you there?'])
})

test('a page that is loaded again while it waits can approve', async () => {
  const id = 'waits'
  model.push({ toolCalls: [write] }, { text: 'Written.' })
  await openChat(app, { id }).chat.sendMessage({ text: 'Write it' })
  expect((await fetch(`${base}/${id}/stream`)).status).toBe(204)
  const { chat } = openChat(app, { id, messages: await load(id) })
  const part = chat.lastMessage?.parts.at(-1)
  expect(part).toMatchObject({ type: 'tool-write_file', state: 'approval-requested' })
  const approval = Object(part).approval
  await chat.addToolApprovalResponse({ id: approval.id, approved: true })
  await chat.sendMessage()
  expect(chat.messages).toHaveLength(2)
  expect(chat.lastMessage?.parts.at(-1)).toMatchObject({ text: 'Written.' })
})

test('an answer that goes on is resumed whole by a page that is loaded again', async () => {
  const id = 'resumed'
  const held = Promise.withResolvers<void>()
  model.push(
    { text: 'First.', toolCalls: [{ name: 'think', arguments: { thought: 'hm' } }] },
    { text: ['One ', 'two'], hold: held.promise },
  )
  const before = openChat(app, { id, body: { resumable: true } })
  const whole = before.chat.sendMessage({ text: 'Count' })
  await before.until(() => lastText(before.chat.lastMessage) === 'One ')
  await before.chat.stop()
  await whole
  const messages = await load(id)
  expect(messages.map(({ role }) => role)).toEqual(['user'])
  const { chat, until } = openChat(app, { id, messages })
  const resumed = chat.resumeStream()
  await until(() => lastText(chat.lastMessage) === 'One ')
  held.resolve()
  await resumed
  expect(chat.messages).toHaveLength(2)
  expect(chat.lastMessage?.parts).toMatchObject([
    { type: 'step-start' },
    { type: 'text', text: 'First.' },
    { type: 'tool-think', state: 'output-available' },
    { type: 'step-start' },
    { type: 'text', text: 'One two' },
  ])
  expect((await fetch(`${base}/${id}/stream`)).status).toBe(204)
})

test('the same chat resumes after its connection was lost, without saying anything twice', async () => {
  const id = 'lost'
  const held = Promise.withResolvers<void>()
  model.push({ text: ['One ', 'two'], hold: held.promise })
  const { chat, streams, until } = openChat(app, { id, body: { resumable: true } })
  const whole = chat.sendMessage({ text: 'Count' })
  await until(() => lastText(chat.lastMessage) === 'One ')
  await chat.stop()
  await whole
  const resumed = chat.resumeStream()
  await until(() => streams.length === 2)
  held.resolve()
  await resumed
  expect(chat.messages).toHaveLength(2)
  expect(lastText(chat.lastMessage)).toBe('One two')
})

test('an answer that waited before is resumed with what was decided', async () => {
  const id = 'decided'
  const held = Promise.withResolvers<void>()
  model.push({ toolCalls: [write] }, { text: ['One ', 'two'], hold: held.promise })
  const before = openChat(app, { id, body: { resumable: true } })
  await before.chat.sendMessage({ text: 'Write it' })
  const part = before.chat.lastMessage?.parts.at(-1)
  await before.chat.addToolApprovalResponse({ id: Object(part).approval.id, approved: true })
  const whole = before.chat.sendMessage()
  await before.until(() => lastText(before.chat.lastMessage) === 'One ')
  const { chat, streams, until } = openChat(app, { id, messages: await load(id) })
  const resumed = chat.resumeStream()
  await until(() => streams.length === 1)
  held.resolve()
  await Promise.all([resumed, whole])
  expect(chat.lastMessage?.parts).toMatchObject([
    { type: 'step-start' },
    { type: 'tool-write_file', state: 'output-available', approval: { approved: true } },
    { type: 'step-start' },
    { type: 'text', text: 'One two' },
  ])
})

test('stop of the client cancels the run of a chat that is not resumable', async () => {
  const id = 'stopped'
  model.push({ text: ['One ', 'two'], hold: new Promise(() => undefined) })
  const { chat, until } = openChat(app, { id })
  const whole = chat.sendMessage({ text: 'Count' })
  await until(() => lastText(chat.lastMessage) === 'One ')
  await chat.stop()
  await whole
  expect(await model.requests.at(-1)?.ended).toBe('aborted')
})

test('the route that stops cancels the run of a resumable chat', async () => {
  const id = 'stopped by route'
  model.push({ text: ['One ', 'two'], hold: new Promise(() => undefined) })
  const { chat, lastChunks, until } = openChat(app, { id, body: { resumable: true } })
  const whole = chat.sendMessage({ text: 'Count' })
  await until(() => lastText(chat.lastMessage) === 'One ')
  const stop = () => fetch(`${base}/${encodeURIComponent(id)}/stop`, { method: 'POST' })
  expect(await (await stop()).json()).toEqual({ success: true })
  await whole
  expect((await lastChunks()).at(-1)).toMatchObject({ type: 'abort' })
  expect([(await stop()).status, chat.status]).toEqual([200, 'ready'])
  expect(lastText((await load(id)).at(-1))).toBe('One ')
})

test('a client that sends its newest message alone', async () => {
  const id = 'newest'
  model.push({ text: 'One' }, { text: 'Two' }, { text: 'Two again' })
  await (await post({ id, message: user('first') })).text()
  await (await post({ id, message: user('second') })).text()
  expect(sent()).toEqual(['first', 'One', 'second'])
  const trigger = 'regenerate-message'
  const messageId = (await load(id)).at(-1)?.id
  await (await post({ id, trigger, messageId })).text()
  expect(sent()).toEqual(['first', 'One', 'second'])
  const [, , , again] = await load(id)
  expect(lastText(again)).toBe('Two again')
})

test('the same from the command line', async () => {
  model.push({ text: 'Hello' })
  const response = await post({ id: 'curl', messages: [user('Hi')], trigger: 'submit-message' })
  expect(response.headers.get('x-vercel-ai-ui-message-stream')).toBe('v1')
  expect(response.headers.get('content-type')).toContain('text/event-stream')
  const frames = (await response.text()).split('\n\n')
  expect(frames[0]).toContain('"type":"start"')
  expect(frames.slice(-2)).toEqual(['data: [DONE]', ''])
})

test.each([
  ['no object', [], 'body'],
  ['no chat', { messages: [] }, 'id'],
  ['an unknown role', { messages: [{ role: 'king', parts: [] }] }, 'messages.0.role'],
  ['a message without parts', { messages: [{ role: 'user', content: 'x' }] }, 'messages.0.parts'],
  [
    'text that is none',
    { messages: [{ role: 'user', parts: [{ type: 'text', text: 5 }] }] },
    'messages.0.parts.0.text',
  ],
  [
    'a file that is far away',
    { messages: [{ role: 'user', parts: [{ type: 'file', mediaType: 'a/b', url: 'http://a' }] }] },
    'messages.0.parts.0.url',
  ],
  ['a bad tool', { tools: { 'no spaces': {} } }, 'tools.no spaces'],
  ['an answer to nothing', { messages: [], trigger: 'regenerate-message' }, undefined],
])('%s is refused', async (_what, fields, path) => {
  const id = path === 'id' ? {} : { id: 'bad' }
  const response = await post(Array.isArray(fields) ? fields : { ...id, ...fields })
  expect(response.status).toBe(422)
  if (path !== undefined) expect(await response.text()).toContain(path)
})

test('what is no JSON, no agent, no chat or no route is refused in words', async () => {
  const send = (path: string, body: string) =>
    fetch(`${app.url}/ai-sdk${path}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body,
    })
  expect((await send('/assistant', '{')).status).toBe(400)
  const nobody = await send('/nobody', '{}')
  expect([nobody.status, await nobody.text()]).toEqual([
    404,
    'There is no agent nobody; there are: assistant',
  ])
  expect((await fetch(base)).status).toBe(405)
  expect((await fetch(`${base}/none/messages`)).status).toBe(404)
  expect((await fetch(`${base}/none/stream`)).status).toBe(204)
  expect((await send('/assistant/none/stop', '{}')).status).toBe(404)
})

test('one answer at a time; the client shows why', async () => {
  const id = 'busy'
  const held = Promise.withResolvers<void>()
  model.push({ text: ['One ', 'two'], hold: held.promise })
  const first = openChat(app, { id })
  const whole = first.chat.sendMessage({ text: 'Count' })
  await first.until(() => lastText(first.chat.lastMessage) === 'One ')
  const { chat } = openChat(app, { id })
  await chat.sendMessage({ text: 'More' })
  expect([chat.status, chat.error?.message]).toEqual(['error', expect.stringContaining('active')])
  held.resolve()
  await whole
})

test('answers to what does not wait any more are refused', async () => {
  const id = 'stale'
  model.push({ toolCalls: [{ ...write, id: 'call_s' }] }, { text: 'Written.' })
  const [one, two] = [openChat(app, { id }).chat, openChat(app, { id }).chat]
  await one.sendMessage({ text: 'Write it' })
  two.messages = structuredClone(one.messages)
  for (const chat of [one, two]) {
    const part = chat.lastMessage?.parts.at(-1)
    await chat.addToolApprovalResponse({ id: Object(part).approval.id, approved: true })
    await chat.sendMessage()
  }
  expect(one.status).toBe('ready')
  expect([two.status, two.error?.message]).toEqual([
    'error',
    expect.stringContaining('load its messages again'),
  ])
})

test('a chat that waits is approved over AG-UI, and is whole in both', async () => {
  const id = 'both'
  model.push({ toolCalls: [{ ...write, id: 'call_b' }] }, { text: 'Written.' })
  await openChat(app, { id }).chat.sendMessage({ text: 'Write it' })
  const joined = openAgent(app, { threadId: id, path: '/ag-ui/assistant/connect' })
  await joined.run()
  const interruptId = joined.agent.pendingInterrupts[0]?.id ?? ''
  const other = openAgent(app, { threadId: id })
  other.agent.setMessages(joined.agent.messages)
  await other.run({ resume: [{ interruptId, status: 'resolved', payload: { approved: true } }] })
  expect(other.agent.messages.at(-1)).toMatchObject({ role: 'assistant', content: 'Written.' })
  const messages = await load(id)
  expect(messages.map(({ role }) => role)).toEqual(['user', 'assistant'])
  expect(lastText(messages.at(-1))).toBe('Written.')
})

test('a deleted chat begins anew', async () => {
  const id = 'deleted'
  model.push({ text: 'One' }, { text: 'Two' })
  await openChat(app, { id }).chat.sendMessage({ text: 'first' })
  await app.client.DELETE('/api/sessions/{session}', { params: { path: { session: id } } })
  expect((await fetch(`${base}/${id}/messages`)).status).toBe(404)
  await openChat(app, { id }).chat.sendMessage({ text: 'second' })
  expect(sent()).toEqual(['second'])
})

test("another caller's chat is not there", async () => {
  const provider = await startIdentityProvider()
  onTestFinished(() => provider.close().then(() => undefined))
  const own = await startApp({ flags: provider.flags })
  const headers = async (name: string) => ({
    authorization: `Bearer ${await provider.person('red', name)}`,
  })
  const [ada, bob] = [await headers('ada'), await headers('bob')]
  own.model.push({ text: 'Hi' })
  await openChat(own, { id: 'mine', headers: ada }).chat.sendMessage({ text: 'Hello' })
  const look = (path: string, who: Record<string, string>, method = 'GET') =>
    fetch(`${own.url}/ai-sdk/assistant/mine/${path}`, { method, headers: who })
  expect((await look('messages', ada)).status).toBe(200)
  expect((await look('messages', bob)).status).toBe(404)
  expect((await look('stop', bob, 'POST')).status).toBe(404)
  expect((await look('messages', {})).status).toBe(401)
})

function user(text: string) {
  return { id: text, role: 'user', parts: [{ type: 'text', text }] }
}

function post(body: object): Promise<Response> {
  return fetch(base, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  })
}

async function load(id: string): Promise<Shown[]> {
  const response = await fetch(`${base}/${encodeURIComponent(id)}/messages`)
  return response.json()
}

function sent(): unknown[] {
  return (model.requests.at(-1)?.body.messages ?? []).map(({ content }) => content)
}

/** The last text of a message. */
function lastText(message: Shown | undefined): string {
  const last = message?.parts.findLast(({ type }) => type === 'text')
  return last && 'text' in last ? last.text : ''
}
