import { expect, onTestFinished, test } from 'vitest'
import { startApp } from '../support/app.ts'
import { startIdentityProvider } from '../support/identity-provider.ts'
import { lastOf, openAgent, outline, type Seen } from './ag-ui-client.ts'

const app = await startApp({ lifetime: 'file' })
const { model } = app
const base = `${app.url}/ag-ui/assistant`

test('a page that is loaded again shows the thread, and goes on with it', async () => {
  const threadId = 'reloaded'
  model.push(
    {
      reasoning: 'Hm.',
      text: 'Looking.',
      toolCalls: [{ id: 'call_k', name: 'think', arguments: { thought: 'hm' } }],
    },
    { text: 'Hello' },
    { text: 'Still here' },
  )
  await openAgent(app, { threadId }).say('Hi')
  const fresh = openAgent(app, { threadId, path: '/ag-ui/assistant/connect' })
  const events = await fresh.run()
  expect(outline(events)).toEqual(['RUN_STARTED', 'MESSAGES_SNAPSHOT', 'RUN_FINISHED'])
  expect(fresh.agent.messages.map(({ role, content }) => [role, content])).toEqual([
    ['user', 'Hi'],
    ['reasoning', 'Hm.'],
    ['assistant', 'Looking.'],
    ['tool', expect.any(String)],
    ['assistant', 'Hello'],
  ])
  const { messages } = await getJson(`${base}/threads/${threadId}`)
  expect(messages).toEqual(fresh.agent.messages)
  const onward = openAgent(app, { threadId })
  onward.agent.setMessages(fresh.agent.messages)
  await onward.say('Are you there?')
  expect(model.requests.at(-1)?.body.messages.map(({ role }) => role)).toEqual([
    'user',
    'assistant',
    'tool',
    'assistant',
    'user',
  ])
})

test('a page that is loaded again while a run goes on follows it to its end', async () => {
  const threadId = 'joined'
  const held = Promise.withResolvers<void>()
  model.push(
    { text: 'First.', toolCalls: [{ id: 'call_j', name: 'think', arguments: { thought: 'hm' } }] },
    { text: ['One ', 'two'], hold: held.promise },
  )
  const first = openAgent(app, { threadId })
  const began = untilText(first, 'One ')
  const whole = first.say('Count', { forwardedProps: { cancelOnDisconnect: false } })
  await began
  first.agent.abortRun()
  await whole
  const second = openAgent(app, { threadId, path: '/ag-ui/assistant/connect' })
  const joined = untilText(second, 'One ')
  const rest = second.run()
  await joined
  held.resolve()
  expect(lastOf(await rest)).toMatchObject({ type: 'RUN_FINISHED', outcome: { type: 'success' } })
  expect(second.agent.messages.map(({ role, content }) => [role, content])).toEqual([
    ['user', 'Count'],
    ['assistant', 'First.'],
    ['tool', expect.any(String)],
    ['assistant', 'One two'],
  ])
})

test('a page that is loaded again knows what the thread waits for', async () => {
  const threadId = 'waits'
  const write = { id: 'call_w', name: 'write_file', arguments: { path: 'w.txt', content: 'x' } }
  model.push({ toolCalls: [write] }, { text: 'Written.' })
  await openAgent(app, { threadId }).say('Write it')
  const fresh = openAgent(app, { threadId, path: '/ag-ui/assistant/connect' })
  await fresh.run()
  const [interrupt] = fresh.agent.pendingInterrupts
  expect(interrupt).toMatchObject({ reason: 'tool_call', toolCallId: 'call_w' })
  const onward = openAgent(app, { threadId })
  onward.agent.setMessages(fresh.agent.messages)
  const payload = { approved: true }
  await onward.run({ resume: [{ interruptId: interrupt?.id ?? '', status: 'resolved', payload }] })
  expect(onward.agent.messages.at(-1)).toMatchObject({ content: 'Written.' })
})

test('abortRun of the client cancels the run', async () => {
  const threadId = 'aborted'
  model.push({ text: ['One ', 'two'], hold: new Promise(() => undefined) })
  const opened = openAgent(app, { threadId })
  const began = untilText(opened, 'One ')
  const whole = opened.say('Count')
  await began
  opened.agent.abortRun()
  await whole
  expect(await model.requests.at(-1)?.ended).toBe('aborted')
})

test('what the client cut off and says anew is a branch of its own', async () => {
  const threadId = 'edited'
  model.push({ text: 'One' }, { text: 'Two' }, { text: 'Three' }, { text: 'Two again' })
  const { agent, say, run } = bound(openAgent(app, { threadId }))
  await say('first')
  await say('second')
  const kept = agent.messages.slice(0, 2)
  agent.setMessages(kept)
  await say('another second')
  expect(sent()).toEqual(['first', 'One', 'another second'])
  agent.setMessages(agent.messages.slice(0, 3))
  await run()
  expect(sent()).toEqual(['first', 'One', 'another second'])
  const { data } = await app.client.GET('/api/sessions/{session}/messages', {
    params: { path: { session: threadId } },
  })
  expect(data?.data.map(({ content, sibling_count }) => [content, sibling_count])).toEqual([
    ['first', 1],
    ['One', 1],
    ['another second', 2],
    ['Two again', 2],
  ])
})

test('a client that keeps no history sends the new message alone', async () => {
  const threadId = 'short'
  model.push({ text: 'One' }, { text: 'Two' })
  await openAgent(app, { threadId }).say('first')
  await openAgent(app, { threadId }).say('second')
  expect(sent()).toEqual(['first', 'One', 'second'])
})

test('the same from the command line', async () => {
  model.push({ text: 'Hello' })
  const response = await postRun({
    threadId: 'curl',
    runId: 'r1',
    messages: [{ id: '1', role: 'user', content: 'Hi' }],
  })
  expect(response.headers.get('content-type')).toContain('text/event-stream')
  const frames = (await response.text()).split('\n\n').filter((frame) => frame !== '')
  expect(JSON.parse(frames[0]?.replace('data: ', '') ?? '')).toEqual({
    type: 'RUN_STARTED',
    threadId: 'curl',
    runId: 'r1',
    protocolVersion: '1.0',
  })
  expect(JSON.parse(frames.at(-1)?.replace('data: ', '') ?? '')).toMatchObject({
    type: 'RUN_FINISHED',
  })
})

test.each([
  ['no object', [], 'body'],
  ['no thread', { runId: 'r', messages: [] }, 'threadId'],
  ['an unknown role', { messages: [{ role: 'king', content: '' }] }, 'messages.0.role'],
  ['text that is none', { messages: [{ role: 'user', content: 5 }] }, 'messages.0.content'],
  [
    'a document that is far away',
    {
      messages: [
        {
          role: 'user',
          content: [{ type: 'document', source: { type: 'url', value: 'http://a' } }],
        },
      ],
    },
    'messages.0.content.0.source',
  ],
  ['a bad tool', { tools: [{ name: 'no spaces', description: '' }] }, 'tools.0.name'],
  ['text that cannot be stored', { messages: [{ role: 'user', content: 'a\u0000b' }] }, undefined],
])('%s is refused', async (_what, fields, path) => {
  const body = Array.isArray(fields)
    ? fields
    : { threadId: 'bad', runId: 'r', messages: [], ...fields }
  const whole = path === 'threadId' ? fields : body
  const response = await postRun(whole)
  expect(response.status).toBe(422)
  const told = await response.json()
  expect(told).toMatchObject({ code: 'validation_failed', message: expect.any(String) })
  if (path !== undefined) expect(told.errors[0].path).toBe(path)
})

test('what is no JSON, no agent, no thread or no route is refused', async () => {
  const post = (path: string, body: string) =>
    fetch(`${app.url}/ag-ui${path}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body,
    })
  expect((await post('/assistant', '{')).status).toBe(400)
  expect((await post('/nobody', '{}')).status).toBe(404)
  expect((await fetch(base)).status).toBe(405)
  expect((await fetch(`${base}/threads/none`)).status).toBe(404)
  expect((await fetch(`${base}/none/none/none`)).status).toBe(404)
})

test('two at once make one thread', async () => {
  const held = Promise.withResolvers<void>()
  model.push({ text: ['One ', 'two'], hold: held.promise })
  const messages = [{ id: '1', role: 'user', content: 'Count' }]
  const twins = [1, 2].map((run) => postRun({ threadId: 'twins', runId: `r${run}`, messages }))
  const responses = await Promise.all(twins)
  held.resolve()
  expect(responses.map(({ status }) => status).toSorted()).toEqual([200, 409])
  await Promise.all(responses.map((response) => response.text()))
})

test('one run at a time in a thread', async () => {
  const threadId = 'busy'
  const held = Promise.withResolvers<void>()
  model.push({ text: ['One ', 'two'], hold: held.promise })
  const opened = openAgent(app, { threadId })
  const began = untilText(opened, 'One ')
  const whole = opened.say('Count')
  await began
  const messages = [{ id: 'b', role: 'user', content: 'More' }]
  const second = await postRun({ threadId, runId: 'r2', messages })
  expect([second.status, (await second.json()).code]).toEqual([409, 'session_busy'])
  held.resolve()
  await whole
})

test("another caller's thread is not there", async () => {
  const provider = await startIdentityProvider()
  onTestFinished(() => provider.close().then(() => undefined))
  const own = await startApp({ flags: provider.flags })
  const [ada, bob] = [await provider.person('red', 'ada'), await provider.person('red', 'bob')]
  own.model.push({ text: 'Hi' })
  await openAgent(own, { threadId: 'mine', token: ada }).say('Hello')
  const look = (token: string) =>
    fetch(`${own.url}/ag-ui/assistant/threads/mine`, {
      headers: { authorization: `Bearer ${token}` },
    })
  expect((await look(ada)).status).toBe(200)
  expect((await look(bob)).status).toBe(404)
  const said = { id: '1', role: 'user', content: 'Hi' }
  const response = await fetch(`${own.url}/ag-ui/assistant`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${bob}` },
    body: JSON.stringify({ threadId: 'mine', runId: 'r', messages: [said] }),
  })
  expect(response.status).toBe(404)
})

test('a key that may run agents but not decide cannot answer an approval', async () => {
  const token = 'the-operators-own-key'
  const own = await startApp({ flags: ['--http-token', token], token })
  const { data } = await own.client.POST('/api/keys', { body: { name: 'runs', scopes: ['runs'] } })
  const write = { name: 'write_file', arguments: { path: 'k.txt', content: 'x' } }
  own.model.push({ toolCalls: [write] }, { text: 'Written.' })
  const opened = openAgent(own, { threadId: 'k', ...(data && { token: data.key }) })
  await opened.say('Write it')
  const interruptId = opened.agent.pendingInterrupts[0]?.id ?? ''
  const response = await fetch(`${own.url}/ag-ui/assistant`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${data?.key}` },
    body: JSON.stringify({
      threadId: 'k',
      runId: 'r2',
      resume: [{ interruptId, status: 'resolved', payload: { approved: true } }],
    }),
  })
  expect([response.status, (await response.json()).code]).toEqual([403, 'forbidden'])
})

function sent(): unknown[] {
  return (model.requests.at(-1)?.body.messages ?? []).map(({ content }) => content)
}

function postRun(body: object): Promise<Response> {
  return fetch(base, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  })
}

async function getJson(url: string) {
  const response = await fetch(url)
  return response.json()
}

/** Resolves when the client got this text. */
function untilText({ agent }: ReturnType<typeof openAgent>, text: string): Promise<void> {
  return new Promise((resolve) => {
    agent.subscribe({
      onTextMessageContentEvent: ({ event }: { event: Partial<Seen> }) => {
        if (event.delta === text) resolve()
      },
    })
  })
}

function bound(opened: ReturnType<typeof openAgent>) {
  return { ...opened, say: opened.say.bind(opened), run: opened.run.bind(opened) }
}
