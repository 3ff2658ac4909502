import { LoggingMessageNotificationSchema } from '@modelcontextprotocol/sdk/types.js'
import { expect, test } from 'vitest'
import { getSession, resume, until } from '../journeys/conversation.ts'
import { startApp } from '../support/app.ts'
import { type Answer, callAgent, connectMcp } from './mcp-client.ts'

const assistant = `
agents:
  root:
    model: scripted
    description: Helps
    toolsets:
      - { type: filesystem, path: ./files }
      - { type: user_prompt }
    commands:
      fix: { description: Repairs, instruction: Repair what is named }
`
const sorter = `
agents:
  root:
    model: scripted
    structured_output:
      name: sorted
      schema: { type: object, properties: { kind: { type: string } }, required: [kind] }
`
const app = await startApp({ lifetime: 'file', agents: { assistant, 'mail-sorter': sorter } })
const { url, model } = app
const write = { toolCalls: [{ name: 'write_file', arguments: { path: 'a.txt', content: 'x' } }] }
const ask = { toolCalls: [{ name: 'user_prompt', arguments: { message: 'Which file?' } }] }

test('agents are tools, and a session is gone on with', async () => {
  const client = await connectMcp(url)
  const { tools } = await client.listTools()
  expect(tools).toMatchObject([
    { name: 'assistant', description: 'Helps', inputSchema: { type: 'object' } },
    { name: 'mail-sorter', title: 'mail-sorter', outputSchema: { type: 'object' } },
  ])
  model.push({ text: 'one' }, { text: 'two' })
  const first = await callAgent(client, 'assistant', { message: 'first' })
  const { session_id } = first.structuredContent
  expect(first).toMatchObject({
    content: [{ type: 'text', text: 'one' }],
    structuredContent: { text: 'one', session_id, status: 'completed' },
  })
  await callAgent(client, 'assistant', { message: 'second', session_id })
  const sent = model.requests.at(-1)?.body.messages.map(({ content }) => content)
  expect(sent).toEqual(['first', 'one', 'second'])
})

test('a session id of the caller’s own makes the session, and an agent with a schema answers with an object', async () => {
  const client = await connectMcp(url)
  model.push({ text: '{"kind":"bill"}' })
  const session_id = 'my/own id'
  const { structuredContent } = await callAgent(client, 'mail-sorter', {
    message: 'Sort this',
    session_id,
  })
  expect(structuredContent).toMatchObject({ session_id, output: { kind: 'bill' } })
})

test('a working agent tells its progress, and logs from the level that was set', async () => {
  const client = await connectMcp(url)
  const logged: unknown[] = []
  client.setNotificationHandler(LoggingMessageNotificationSchema, ({ params }) => {
    logged.push(`${params.level} ${Object(params.data).message}`)
  })
  const reading = { toolCalls: [{ name: 'list_directory', arguments: { path: '.' } }] }
  model.push(reading, { text: 'x'.repeat(600) }, { text: 'Done' })
  const told: { progress: number; message?: string | undefined }[] = []
  const onprogress = (progress: (typeof told)[number]) => void told.push(progress)
  await callAgent(client, 'assistant', { message: 'Look' }, { onprogress })
  expect(told.map(({ message }) => message)).toEqual([
    'root begins',
    'root thinks, step 1',
    'root calls list_directory',
    'list_directory: succeeded',
    'root thinks, step 2',
    'root writes',
  ])
  const places = told.map(({ progress }) => progress)
  expect(places).toEqual(places.toSorted((one, other) => one - other))
  expect(logged).toContain('info calls list_directory')
  logged.length = 0
  await client.setLoggingLevel('error')
  await callAgent(client, 'assistant', { message: 'Again' })
  expect(logged).toEqual([])
})

test.each([
  ['approved', { decision: 'approve' }, 'succeeded'],
  ['rejected', { decision: 'reject', reason: 'Not there' }, 'Not there'],
])('a call that must be approved is %s by the client’s user', async (_, content, told) => {
  const asked: unknown[] = []
  const answer: Answer = (params) => {
    asked.push(params.message)
    return { action: 'accept', content }
  }
  const client = await connectMcp(url, { answer })
  model.push(write, { text: 'So be it' })
  const result = await callAgent(client, 'assistant', { message: 'Write' })
  expect(asked).toEqual([expect.stringContaining('root wants to call write_file with {"path"')])
  expect(result.structuredContent).toMatchObject({ text: 'So be it', status: 'completed' })
  const events = await app.events(result.structuredContent.run_id)
  const ended = events.find(({ type }) => type === 'tool_call_response')
  expect(JSON.stringify(ended)).toContain(told)
})

test.each([
  ['declines', { action: 'decline' as const }, 'denied'],
  ['says nothing', { action: 'cancel' as const }, 'denied'],
])('a user who %s has not approved', async (_, reply, state) => {
  const client = await connectMcp(url, { answer: () => reply })
  model.push(write, { text: 'Left it' })
  const { structuredContent } = await callAgent(client, 'assistant', { message: 'Write' })
  const events = await app.events(structuredContent.run_id)
  expect(events.find(({ type }) => type === 'tool_call_response')).toMatchObject({ state })
})

test('an answer that does not fit is none', async () => {
  const schema = {
    type: 'object',
    properties: { size: { type: 'integer' } },
    required: ['size'],
  }
  const asking = { toolCalls: [{ name: 'user_prompt', arguments: { message: 'Size?', schema } }] }
  const client = await connectMcp(url, {
    answer: () => ({ action: 'accept', content: { size: 'big' } }),
  })
  model.push(asking, { text: 'No size' })
  const { structuredContent } = await callAgent(client, 'assistant', { message: 'Order' })
  expect(structuredContent.text).toBe('No size')
  expect(JSON.stringify(model.requests.at(-1)?.body.messages.at(-1))).toContain('cancel')
})

test('a question with a form that the protocol does not have is asked for as JSON', async () => {
  const place = { type: 'object', properties: { city: { type: 'string' } } }
  const schema = { type: 'object', properties: { place } }
  const asking = { toolCalls: [{ name: 'user_prompt', arguments: { message: 'Where?', schema } }] }
  const answer: Answer = ({ message }) => {
    expect(message).toContain('JSON that fits')
    return { action: 'accept', content: { answer: '{"place":{"city":"Oslo"}}' } }
  }
  const client = await connectMcp(url, { answer })
  model.push(asking, { text: 'On my way' })
  await callAgent(client, 'assistant', { message: 'Go' })
  expect(JSON.stringify(model.requests.at(-1)?.body.messages.at(-1))).toContain('Oslo')
})

test('a question of the agent is asked by the client', async () => {
  const answer: Answer = ({ message }) => ({
    action: 'accept',
    content: { answer: `${message} a` },
  })
  const client = await connectMcp(url, { answer })
  model.push(ask, { text: 'Reading' })
  const { structuredContent } = await callAgent(client, 'assistant', { message: 'Change' })
  expect(structuredContent.text).toBe('Reading')
  expect(JSON.stringify(model.requests.at(-1)?.body.messages.at(-1))).toContain('Which file? a')
})

test('a client that cannot ask is told what waits, and goes on when somebody approved', async () => {
  const client = await connectMcp(url)
  model.push(write, { text: 'Written' })
  const first = await callAgent(client, 'assistant', { message: 'Write' })
  const { session_id, status, text } = first.structuredContent
  expect([status, first.isError]).toEqual(['waiting', undefined])
  expect(text).toMatch(/may call write_file with .* once somebody approves it \(apr_\w+/)
  expect(text).toContain(`session_id ${session_id} without a message`)
  const again = await callAgent(client, 'assistant', { session_id })
  expect(again.structuredContent).toMatchObject({ status: 'waiting', text })
  const busy = await callAgent(client, 'assistant', { session_id, message: 'Hurry' })
  expect(busy.isError).toBe(true)
  const run = await resume(app, session_id, { confirmation: 'approve' })
  await until(app, run.id, 'stream_stopped')
  const last = await callAgent(client, 'assistant', { session_id })
  expect(last.structuredContent).toMatchObject({ text: 'Written', status: 'completed' })
})

test('without a way to ask, the next message of the session is the answer to a question', async () => {
  const client = await connectMcp(url)
  model.push(ask, { text: 'Reading a.txt' })
  const first = await callAgent(client, 'assistant', { message: 'Change' })
  expect(first.structuredContent.text).toContain('The agent asks: Which file?')
  const { session_id } = first.structuredContent
  const last = await callAgent(client, 'assistant', { session_id, message: 'a.txt' })
  expect(last.structuredContent).toMatchObject({ text: 'Reading a.txt', status: 'completed' })
})

test('whoever joins a run that waits is asked, also when another client began it', async () => {
  const first = await connectMcp(url)
  model.push(write, { text: 'Written' })
  const { structuredContent } = await callAgent(first, 'assistant', { message: 'Write' })
  const { session_id } = structuredContent
  const answer: Answer = () => ({ action: 'accept', content: { decision: 'approve' } })
  const second = await connectMcp(url, { answer })
  const last = await callAgent(second, 'assistant', { session_id })
  expect(last.structuredContent).toMatchObject({ text: 'Written', status: 'completed' })
})

test('a call that is cancelled cancels its run', async () => {
  const client = await connectMcp(url)
  const seen = model.requests.length
  model.push({ text: ['Once', ' upon'], hold: true, holdAfter: 1 })
  const stop = new AbortController()
  const call = callAgent(
    client,
    'assistant',
    { message: 'Tell', session_id: 'cancelled' },
    { signal: stop.signal },
  )
  await model.received(seen + 1)
  const { active_run_id } = await getSession(app, 'cancelled')
  stop.abort('Enough')
  await expect(call).rejects.toThrow('Enough')
  const events = await app.events(active_run_id ?? '')
  expect(events.at(-1)).toMatchObject({ type: 'stream_stopped', reason: 'cancelled' })
})

test('a session tells its last answer again, or that it was cancelled', async () => {
  const client = await connectMcp(url)
  model.push({ text: 'Said' })
  const first = await callAgent(client, 'assistant', { message: 'Say it', session_id: 'again' })
  const again = await callAgent(client, 'assistant', { session_id: 'again' })
  expect(again).toEqual(first)
  const cancelled = await callAgent(client, 'assistant', { session_id: 'cancelled' })
  expect(cancelled).toMatchObject({ isError: true, structuredContent: { status: 'cancelled' } })
})

test('a call whose session is deleted ends, and its stream is gone', async () => {
  const client = await connectMcp(url)
  const seen = model.requests.length
  model.push({ text: ['Once', ' upon'], hold: true, holdAfter: 1 })
  const call = callAgent(client, 'assistant', { message: 'Tell', session_id: 'deleted' })
  await model.received(seen + 1)
  const { active_run_id } = await getSession(app, 'deleted')
  await app.client.DELETE('/api/sessions/{session}', { params: { path: { session: 'deleted' } } })
  expect((await call).structuredContent.status).toBe('cancelled')
  const id = `${active_run_id}:0:0:${Buffer.from('[1,null]').toString('base64url')}`
  const gone = await fetch(`${url}/mcp`, { headers: { 'last-event-id': id } })
  expect(gone.status).toBe(404)
})

test('a failed run is a result that says so', async () => {
  const client = await connectMcp(url)
  const refusal = { fault: { kind: 'status' as const, status: 401 } }
  model.push(refusal)
  const result = await callAgent(client, 'assistant', { message: 'Hi' })
  expect(result).toMatchObject({ isError: true, structuredContent: { status: 'failed' } })
})

test('conversations are resources, page by page', async () => {
  const client = await connectMcp(url)
  model.push({ text: 'Noted' })
  await callAgent(client, 'assistant', { message: 'Keep this', session_id: 'kept/one' })
  const { resources } = await client.listResources()
  const found = resources.find(({ name }) => name === 'kept/one')
  expect(found?.uri).toBe('parley://sessions/kept%2Fone')
  const { contents } = await client.readResource({ uri: found?.uri ?? '' })
  expect(JSON.parse(String(Object(contents[0]).text))).toMatchObject({
    agent: 'assistant',
    messages: [
      { role: 'user', content: 'Keep this' },
      { role: 'assistant', agent: 'root', content: 'Noted' },
    ],
  })
  expect((await client.listResourceTemplates()).resourceTemplates).toMatchObject([
    { uriTemplate: 'parley://sessions/{session_id}' },
  ])
  const ref = { type: 'ref/resource' as const, uri: 'parley://sessions/{session_id}' }
  const { completion } = await client.complete({
    ref,
    argument: { name: 'session_id', value: 'kept' },
  })
  expect(completion.values).toEqual(['kept/one'])
  const unknown = client.readResource({ uri: 'parley://sessions/nobody' })
  await expect(unknown).rejects.toMatchObject({ code: -32002 })
})

test('commands are prompts', async () => {
  const client = await connectMcp(url)
  expect((await client.listPrompts()).prompts).toMatchObject([
    { name: 'assistant.fix', description: 'Repairs', arguments: [{ name: 'input' }] },
  ])
  const prompt = await client.getPrompt({ name: 'assistant.fix', arguments: { input: 'the door' } })
  expect(prompt.messages).toEqual([
    { role: 'user', content: { type: 'text', text: 'Repair what is named\n\nthe door' } },
  ])
  await expect(client.getPrompt({ name: 'nothing' })).rejects.toMatchObject({ code: -32602 })
})

test('a restart in the middle of a call is not noticed by its client', async () => {
  const reconnects = Promise.withResolvers<void>()
  const client = await connectMcp(url, {
    fetch: (input, init) => {
      if (new Headers(init?.headers).has('last-event-id')) reconnects.resolve()
      return fetch(input, init)
    },
  })
  const seen = model.requests.length
  model.push({ text: ['Once', ' upon'], hold: reconnects.promise, holdAfter: 1 })
  const call = callAgent(client, 'assistant', { message: 'Tell' })
  await model.received(seen + 1)
  await app.restart()
  expect((await call).structuredContent).toMatchObject({ text: 'Once upon' })
  expect((await client.listTools()).tools).toHaveLength(2)
})

test('a client that takes no streams gets the result as JSON', async () => {
  model.push({ text: 'Whole' })
  const params = { name: 'assistant', arguments: { message: 'Hi' } }
  const request = { jsonrpc: '2.0', id: 'a', method: 'tools/call', params }
  const [status, body] = await post(request, { accept: 'application/json' })
  expect([status, body]).toMatchObject([200, { id: 'a', result: { content: [{ text: 'Whole' }] } }])
})

test.each([
  ['an unknown tool', { name: 'nobody' }, { error: { code: -32602 } }],
  ['a message that is no text', { message: 7 }, { result: { isError: true } }],
  ['an unknown argument', { mesage: 'Hi' }, { result: { isError: true } }],
  ['a session id that is none', { message: 'Hi', session_id: '' }, { result: { isError: true } }],
])('a call with %s is refused where its caller looks', async (_, given, expected) => {
  const params = 'name' in given ? given : { name: 'assistant', arguments: given }
  const request = { jsonrpc: '2.0', id: 1, method: 'tools/call', params }
  expect(await post(request)).toMatchObject([200, { id: 1, ...expected }])
})

test.each([
  ['half JSON', '{"jsonrpc":', {}, 400, -32700],
  ['a batch', '[{"jsonrpc":"2.0","id":1,"method":"ping"}]', {}, 400, -32600],
  ['no JSON-RPC', '{"id":1,"method":"ping"}', {}, 400, -32600],
  ['a null id', '{"jsonrpc":"2.0","id":null,"method":"ping"}', {}, 400, -32600],
  [
    'params that are a list',
    '{"jsonrpc":"2.0","id":1,"method":"ping","params":[]}',
    {},
    400,
    -32600,
  ],
  ['an unknown method', '{"jsonrpc":"2.0","id":1,"method":"toString"}', {}, 200, -32601],
  ['an unknown version', ping(), { 'mcp-protocol-version': '1999-01-01' }, 400, -32600],
  ['an unknown session', ping(), { 'mcp-session-id': 'ses_1.form.loud.2025-11-25' }, 404, -32000],
])('%s is refused with its code', async (_, body, headers, status, code) => {
  expect(await post(body, headers)).toMatchObject([status, { jsonrpc: '2.0', error: { code } }])
})

test('GET goes on with a stream of the caller’s own, and nothing else', async () => {
  const get = (headers: Record<string, string>) => fetch(`${url}/mcp`, { headers })
  expect((await get({})).status).toBe(405)
  expect((await get({ 'last-event-id': 'nonsense' })).status).toBe(400)
  const unknown = `run_0:0:0:${Buffer.from('[1,null]').toString('base64url')}`
  expect((await get({ 'last-event-id': unknown })).status).toBe(404)
  model.push({ text: 'Here' })
  const client = await connectMcp(url)
  const { structuredContent } = await callAgent(client, 'assistant', { message: 'Hi' })
  const ahead = `${structuredContent.run_id}:999:999:${Buffer.from('[1,null]').toString('base64url')}`
  expect((await get({ 'last-event-id': ahead })).status).toBe(400)
  expect((await fetch(`${url}/mcp`, { method: 'DELETE' })).status).toBe(405)
})

test('a stream that is taken up after an event sends what comes after it', async () => {
  model.push({ text: 'Hello' })
  const params = { name: 'assistant', arguments: { message: 'Hi' }, _meta: { progressToken: 'p' } }
  const request = { jsonrpc: '2.0', id: 'ü', method: 'tools/call', params }
  const headers = { 'mcp-protocol-version': '2025-11-25' }
  const whole = framesOf(await (await send(JSON.stringify(request), headers)).text())
  expect(whole[0]).toMatchObject({ data: '' })
  for (const [index, { id }] of whole.entries()) {
    if (id === undefined || index === 0) continue
    const again = await fetch(`${url}/mcp`, { headers: { ...headers, 'last-event-id': id } })
    // The event without data is how each stream begins.
    expect(framesOf(await again.text()).slice(1)).toEqual(whole.slice(index + 1))
  }
})

test('an answer to nothing, or to what was answered, changes nothing', async () => {
  for (const id of ['approval/apr_0', 'question/ses_0/eli_0', 'anything', 7, null]) {
    const answer = { jsonrpc: '2.0', id, result: { action: 'accept', content: {} } }
    const decided = { ...answer, result: { action: 'decline' } }
    expect(await post(id === 'approval/apr_0' ? decided : answer)).toEqual([202, null])
  }
  expect(await post({ jsonrpc: '2.0', method: 'notifications/initialized' })).toEqual([202, null])
})

function ping(): string {
  return JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'ping' })
}

function send(body: string, headers: Record<string, string> = {}): Promise<Response> {
  const all = { 'content-type': 'application/json', ...headers }
  return fetch(`${url}/mcp`, { method: 'POST', headers: all, body })
}

async function post(body: object | string, headers?: Record<string, string>) {
  const answer = await send(typeof body === 'string' ? body : JSON.stringify(body), headers)
  const text = await answer.text()
  return [answer.status, text === '' ? null : JSON.parse(text)]
}

function framesOf(text: string): { id?: string; data?: string }[] {
  return text
    .split('\n\n')
    .filter((frame) => frame !== '' && !frame.startsWith(':'))
    .map((frame) => {
      const lines = frame.split('\n').map((line) => line.split(/: ?(.*)/s).slice(0, 2))
      return Object.fromEntries(lines)
    })
}
