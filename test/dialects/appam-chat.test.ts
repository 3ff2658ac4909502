import { expect, test } from 'vitest'
import { startApp } from '../support/app.ts'
import { createAppamClient, textOf, typesOf } from './appam-client.ts'

const app = await startApp({ lifetime: 'file' })
const { model } = app
const { call, chat, send } = createAppamClient(`${app.url}/compat/appam`)
const think = { toolCalls: [{ name: 'think', arguments: { thought: 'hm' } }] }
const write = { toolCalls: [{ name: 'write_file', arguments: { path: 'a.txt', content: 'x' } }] }

test('a chat is one session_started, text, usage, turn_completed and one done', async () => {
  model.push({ text: 'The capital of France is Paris.' })
  const message = 'What is the capital of France?'
  const response = await send('POST', '/api/agents/assistant/chat', { message })
  expect(response.status).toBe(200)
  expect(response.headers.get('content-type')).toMatch(/^text\/event-stream/)
  expect(response.headers.get('cache-control')).toMatch(/no-(cache|store)/)
  const text = await response.text()
  expect(text).toMatch(/^data: \{"type":"session_started","session_id":"[^"]+"\}\n\n/)
  expect(text).not.toMatch(/^(event|id|retry):/m)
  const types = text.match(/"type":"\w+"/g)?.filter((type) => type !== '"type":"content"')
  expect(types).toEqual([
    '"type":"session_started"',
    '"type":"usage_update"',
    '"type":"turn_completed"',
    '"type":"done"',
  ])
})

test('the id of session_started is the session that is listed, shown, continued and removed', async () => {
  model.push({ text: 'First' }, { text: 'Second' })
  const [started] = await chat('/api/agents/assistant/chat', 'One')
  const id = String(started?.session_id)
  await app.restart()
  const again = await chat(`/api/sessions/${id}/chat`, 'Two')
  expect(again[0]).toEqual({ type: 'session_started', session_id: id })
  expect(textOf(again)).toBe('Second')
  expect(model.requests.at(-1)?.body.messages).toHaveLength(3)
  const summary = {
    id,
    agent_name: 'assistant',
    model: 'scripted',
    created_at: expect.stringMatching(/Z$/),
    updated_at: expect.stringMatching(/Z$/),
  }
  const [, sessions] = await call('GET', '/api/sessions')
  expect(sessions).toContainEqual({ ...summary, message_count: 4 })
  expect(await call('GET', '/api/agents/assistant/sessions')).toEqual([200, sessions])
  const answer = { id: expect.any(String), status: 'completed', timestamp: expect.any(String) }
  expect(await call('GET', `/api/sessions/${id}`)).toEqual([
    200,
    {
      ...summary,
      messages: [
        { role: 'user', content: 'One', timestamp: expect.any(String) },
        { role: 'assistant', content: 'First', ...answer },
        { role: 'user', content: 'Two', timestamp: expect.any(String) },
        { role: 'assistant', content: 'Second', ...answer },
      ],
    },
  ])
  expect(await call('DELETE', `/api/sessions/${id}`)).toEqual([200, { success: true }])
  const gone = [404, { error: `Session not found: ${id}` }]
  expect(await call('GET', `/api/sessions/${id}`)).toEqual(gone)
  expect(await call('DELETE', `/api/sessions/${id}`)).toEqual(gone)
  expect(await call('POST', `/api/sessions/${id}/chat`, { message: 'Hi' })).toEqual(gone)
})

test('the session that changed last is listed first', async () => {
  model.push({ text: 'A' }, { text: 'B' }, { text: 'C' })
  const [first] = await chat('/api/agents/assistant/chat', 'One')
  const [second] = await chat('/api/agents/assistant/chat', 'Two')
  await chat(`/api/sessions/${first?.session_id}/chat`, 'Three')
  const list = await (await send('GET', '/api/sessions')).json()
  const ids = list.map(({ id }: { id: string }) => id)
  expect(ids.slice(0, 2)).toEqual([first?.session_id, second?.session_id])
})

test('a tool is told when it begins and ends, and stays in the transcript', async () => {
  model.push({ text: 'Let me think.', ...think }, { text: 'Done' })
  const frames = await chat('/api/agents/assistant/chat', 'Think')
  const tools = frames.filter(({ type }) => type.startsWith('tool_'))
  expect(tools).toEqual([
    { type: 'tool_call_started', tool_name: 'think', arguments: '{"thought":"hm"}' },
    {
      type: 'tool_call_completed',
      tool_name: 'think',
      result: expect.anything(),
      success: true,
      duration_ms: expect.any(Number),
    },
  ])
  const updates = frames.filter(({ type }) => type === 'usage_update')
  expect(updates.at(-1)?.snapshot).toMatchObject({ request_count: 2 })
  const [, session] = await call('GET', `/api/sessions/${frames[0]?.session_id}`)
  expect(session).toMatchObject({
    messages: [
      { role: 'user' },
      {
        role: 'assistant',
        content: 'Let me think.',
        tool_calls: [
          {
            id: expect.any(String),
            type: 'function',
            function: { name: 'think', arguments: '{"thought":"hm"}' },
          },
        ],
      },
      { role: 'tool', name: 'think', tool_call_id: expect.any(String) },
      { role: 'assistant', content: 'Done' },
    ],
  })
})

test('a call that must be approved is denied, since nobody here can', async () => {
  model.push(write, { text: 'I may not.' })
  const frames = await chat('/api/agents/assistant/chat', 'Write')
  expect(frames.filter(({ type }) => type.startsWith('tool_'))).toEqual([
    expect.objectContaining({ type: 'tool_call_started', tool_name: 'write_file' }),
    {
      type: 'tool_call_failed',
      tool_name: 'write_file',
      error: expect.stringContaining('needs an approval'),
    },
  ])
  expect(typesOf(frames).slice(-2)).toEqual(['turn_completed', 'done'])
})

test('with --dialect-approvals wait the stream stays open until somebody approves', async () => {
  const { url, client, model } = await startApp({ flags: ['--dialect-approvals', 'wait'] })
  model.push(write, { text: 'Written' })
  const there = createAppamClient(`${url}/compat/appam`)
  const response = await there.send('POST', '/api/agents/assistant/chat', { message: 'Write' })
  const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader()
  let text = ''
  while (!text.includes('tool_call_started')) text += (await reader?.read())?.value ?? ''
  const session = /"session_id":"([^"]+)"/.exec(text)?.[1] ?? ''
  await expect.poll(async () => (await client.GET('/api/approvals')).data?.data.length).toBe(1)
  const params = { path: { session } }
  await client.POST('/api/sessions/{session}/resume', { params, body: { confirmation: 'approve' } })
  for (let part = await reader?.read(); part && !part.done; part = await reader?.read()) {
    text += part.value
  }
  expect(text).toContain('"type":"tool_call_completed"')
  expect(text).toMatch(/"turn_completed"\}\n\ndata: \{"type":"done"\}\n\n$/)
})

test('a model that fails ends the stream with one error, then done', async () => {
  model.push({ fault: { kind: 'status', status: 400 } })
  const frames = await chat('/api/agents/assistant/chat', 'Hi')
  expect(typesOf(frames)).toEqual(['session_started', 'error', 'done'])
  expect(frames[1]).toEqual({ type: 'error', message: expect.stringMatching(/./) })
})

test('a question to the user is declined, since nobody here can answer', async () => {
  model.push(
    { toolCalls: [{ name: 'user_prompt', arguments: { message: 'Which file?' } }] },
    { text: 'I go on without.' },
  )
  const frames = await chat('/api/agents/assistant/chat', 'Change it')
  expect(typesOf(frames).slice(-2)).toEqual(['turn_completed', 'done'])
  expect(textOf(frames)).toBe('I go on without.')
  const path = `/api/sessions/${frames[0]?.session_id}`
  expect(await call('DELETE', path)).toEqual([200, { success: true }])
})

test('a client that goes away leaves its run, and the session keeps the answer', async () => {
  model.push({ text: 'Still here', hold: true })
  const controller = new AbortController()
  const response = await fetch(`${app.url}/compat/appam/api/agents/assistant/chat`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: '{"message":"Hi"}',
    signal: controller.signal,
  })
  const chunk = await response.body?.getReader().read()
  const id = /"session_id":"([^"]+)"/.exec(new TextDecoder().decode(chunk?.value))?.[1]
  controller.abort()
  const busy = await call('POST', `/api/sessions/${id}/chat`, { message: 'Again' })
  expect(busy).toEqual([409, { error: expect.stringMatching(/run/) }])
  model.release()
  await expect
    .poll(async () => (await call('GET', `/api/sessions/${id}`))[1])
    .toMatchObject({ messages: [{}, { role: 'assistant', content: 'Still here' }] })
})

test('what is wrong with a chat is refused before it begins', async () => {
  expect(await call('POST', '/api/agents/missing-agent/chat', { message: 'Hi' })).toEqual([
    404,
    { error: 'Agent not found: missing-agent' },
  ])
  const path = '/api/agents/assistant/chat'
  expect(await call('POST', path, {})).toEqual([400, { error: expect.stringMatching(/^message/) }])
  expect(await call('POST', path, { message: 7 })).toEqual([400, { error: expect.any(String) }])
  expect(await call('POST', path, [])).toEqual([400, { error: expect.any(String) }])
  const raw = (body: string, type: string) =>
    fetch(`${app.url}/compat/appam${path}`, {
      method: 'POST',
      headers: { 'Content-Type': type },
      body,
    })
  const half = await raw('{"message":', 'application/json')
  expect([half.status, await half.json()]).toEqual([400, { error: expect.any(String) }])
  const text = await raw('{"message":"Hi"}', 'text/plain')
  expect([text.status, await text.json()]).toEqual([415, { error: expect.any(String) }])
  expect(await call('GET', '/api/docs')).toEqual([404, { error: expect.any(String) }])
  expect(await call('GET', path)).toEqual([405, { error: expect.any(String) }])
  expect(await call('GET', '/api/agents/nobody/sessions')).toEqual([200, []])
})

test('an id that looks like a path is only a string', async () => {
  const id = '../../etc/passwd'
  expect(await call('GET', `/api/sessions/${encodeURIComponent(id)}`)).toEqual([
    404,
    { error: `Session not found: ${id}` },
  ])
  for (const odd of ['__proto__', 'constructor', '%F0%9F%98%80', '%E0%A4%A', 'x'.repeat(5000)]) {
    expect(await call('GET', `/api/sessions/${odd}`)).toEqual([404, { error: expect.any(String) }])
    const path = `/api/agents/${odd}/chat`
    expect((await call('POST', path, { message: 'Hi' }))[0]).toBe(404)
  }
  const refused = [400, { error: expect.stringContaining('U+0000') }]
  expect(await call('GET', '/api/sessions/a%00b')).toEqual(refused)
})

test('at the limit of model calls there is an error, then done', async () => {
  const limited = `
agents:
  root:
    model: scripted
    max_iterations: 1
    toolsets: [{ type: think }]
`
  const { url, model } = await startApp({ agents: { limited } })
  model.push(think)
  const there = createAppamClient(`${url}/compat/appam`)
  const frames = await there.chat('/api/agents/limited/chat', 'Think')
  expect(frames.slice(-2)).toEqual([
    { type: 'error', message: 'The limit of 1 model calls was reached' },
    { type: 'done' },
  ])
})

test('with --as appam it has the root of the server', async () => {
  const { url, model } = await startApp({ flags: ['--as', 'appam'] })
  const there = createAppamClient(url)
  model.push({ text: 'Hi' })
  const frames = await there.chat('/api/agents/assistant/chat', 'Hello')
  expect(textOf(frames)).toBe('Hi')
  expect(await there.call('GET', '/api/stats')).toEqual([200, { agent_count: 1, session_count: 1 }])
})
