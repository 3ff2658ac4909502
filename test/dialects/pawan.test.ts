import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { startApp } from '../support/app.ts'

const { url, model } = await startApp({ lifetime: 'file' })
const base = `${url}/compat/pawan`
const think = { toolCalls: [{ name: 'think', arguments: { thought: 'hm' } }] }

test('the session id of the caller resumes, is echoed and is the listed id', async () => {
  model.push({ text: 'First' }, { text: 'Second' })
  expect(await post('/chat', { session_id: 'abc-123', message: 'One' })).toEqual([
    200,
    { session_id: 'abc-123', content: 'First', iterations: 1, tool_calls: 0 },
  ])
  await post('/chat', { session_id: 'abc-123', message: 'Two' })
  expect(model.requests.at(-1)?.body.messages).toHaveLength(3)
  const sessions: { id: string }[] = await get('/sessions')
  expect(sessions.find(({ id }) => id === 'abc-123')).toMatchObject({
    model: expect.any(String),
    created_at: expect.any(String),
    updated_at: expect.any(String),
    message_count: 4,
  })
  expect(await get('/sessions/abc-123')).toMatchObject({
    id: 'abc-123',
    messages: [
      { role: 'user', content: 'One', timestamp: expect.any(String), tool_calls: [] },
      { role: 'assistant', content: 'First' },
      { role: 'user', content: 'Two' },
      { role: 'assistant', content: 'Second' },
    ],
  })
})

test('a stream names its events, and ends with one done', async () => {
  model.push({ text: 'Let me see.', ...think }, { text: '<think>hm</think>The loop reads rows.' })
  const events = await stream({ session_id: 'loop', message: 'Explain how the agent loop works' })
  expect(events.filter(([name]) => name !== 'token')).toEqual([
    ['tool_start', { name: 'think' }],
    [
      'tool_complete',
      {
        name: 'think',
        success: true,
        duration_ms: expect.any(Number),
        result_preview: expect.stringMatching(/^"/),
      },
    ],
    ['done', { session_id: 'loop', content: 'The loop reads rows.', iterations: 2, tool_calls: 1 }],
  ])
  const text = events.flatMap(([name, data]) => (name === 'token' ? [data.content] : []))
  expect(text.join('')).toBe('Let me see.<think>hm</think>The loop reads rows.')
})

test('the model of a request is the one that answers, bare or with its provider', async () => {
  model.push({ text: 'Hi' })
  const [status, body] = await post('/chat', { message: 'Hi', model: 'scripted' })
  expect([status, body]).toEqual([200, expect.anything()])
  expect(model.requests.at(-1)?.body.model).toBe('scripted')
  const unknown = { message: 'Hi', model: 'nobody/none' }
  expect(await post('/chat', unknown)).toEqual([422, { error: expect.stringContaining('nobody') }])
})

test('a model that fails is an error, not an answer', async () => {
  const refusal = { fault: { kind: 'status' as const, status: 400 } }
  model.push(refusal, refusal)
  expect(await post('/chat', { message: 'Hi' })).toEqual([500, { error: expect.any(String) }])
  expect(await stream({ message: 'Hi' })).toEqual([['error', { message: expect.any(String) }]])
})

test('text that was shown is never doubled: a model that fails after some ends the run', async () => {
  const asked = model.requests.length
  model.push({ text: 'Half of it', fault: { kind: 'cut', position: 'middle' } })
  const events = await stream({ message: 'Hi' })
  expect(events.map(([name]) => name)).toContain('token')
  expect(events.at(-1)?.[0]).toBe('error')
  expect(model.requests).toHaveLength(asked + 1)
})

test('at the limit of steps it says so and gives no answer', async () => {
  const many = Array.from({ length: 50 }, () => think)
  model.push(...many)
  expect(await post('/chat', { message: 'On and on' })).toEqual([
    500,
    { error: 'Agent error: Max tool iterations (50) exceeded' },
  ])
})

test('what it tells of itself has the documented form, under both kinds of paths', async () => {
  expect(await get('/api/health')).toEqual({
    status: 'ok',
    version: expect.any(String),
    uptime_secs: expect.any(Number),
    agent_id: expect.any(String),
  })
  const { models } = await get('/models')
  expect(models[0]).toEqual({
    name: expect.any(String),
    provider: expect.any(String),
    is_default: expect.any(Boolean),
  })
  expect(await get('/agents')).toEqual({ self: expect.any(String), peers: [] })
})

test('a call that nobody may make ends without having begun', async () => {
  model.push(
    { toolCalls: [{ name: 'write_file', arguments: { path: 'a.txt', content: 'x' } }] },
    { text: 'I may not.' },
  )
  const events = await stream({ message: 'Write' })
  expect(events.filter(([name]) => name.startsWith('tool'))).toEqual([
    [
      'tool_complete',
      {
        name: 'write_file',
        success: false,
        duration_ms: 0,
        result_preview: expect.stringContaining('needs an approval'),
      },
    ],
  ])
})

test('the peers of the network file are told, and the model that answers comes first', async () => {
  const peers = `[peers.agent1]\nip = "192.168.1.100"\ngroups = ["production"]\n[peers.agent2]\n`
  const app = await startApp({
    flags: ['--peers', 'net.toml', '--instance-name', 'pawan@here'],
    prepare: (directory) => writeFile(join(directory, 'net.toml'), peers),
  })
  const ask = async (path: string) => (await fetch(`${app.url}/compat/pawan${path}`)).json()
  expect(await ask('/agents')).toEqual({
    self: 'pawan@here',
    peers: [
      {
        name: 'agent1',
        agent_id: 'pawan@agent1',
        ip: '192.168.1.100',
        groups: ['production'],
      },
      { name: 'agent2', agent_id: 'pawan@agent2', ip: null, groups: null },
    ],
  })
  const { models } = await ask('/models')
  expect(models[0]).toEqual({ name: 'scripted', provider: 'scripted', is_default: true })
  expect(models.filter((each: { is_default: boolean }) => each.is_default)).toHaveLength(1)
})

test('a session can be made, and deleted once', async () => {
  const [status, { session_id: id }] = await post('/sessions')
  expect(status).toBe(200)
  expect(await get(`/sessions/${id}`)).toMatchObject({ id, messages: [] })
  const remove = () => fetch(`${base}/sessions/${id}`, { method: 'DELETE' })
  expect((await remove()).status).toBe(204)
  const again = await remove()
  expect([again.status, await again.json()]).toEqual([404, { error: `session '${id}' not found` }])
})

test.each([
  ['{', 400],
  ['{}', 422],
  ['{"message": 1}', 422],
  ['{"message": "Hi", "session_id": 7}', 422],
])('the body %s is refused with %i and its own error', async (body, status) => {
  const answer = await send('/chat', body)
  expect([answer.status, await answer.json()]).toEqual([status, { error: expect.any(String) }])
})

test('unknown routes and methods are refused in its own form', async () => {
  const unknown = await fetch(`${base}/nothing`)
  expect([unknown.status, await unknown.json()]).toEqual([404, { error: expect.any(String) }])
  const other = await fetch(`${base}/chat/stream`)
  expect([other.status, other.headers.get('allow')]).toEqual([405, 'OPTIONS, POST'])
})

function send(path: string, body: string): Promise<Response> {
  const headers = { 'Content-Type': 'application/json' }
  return fetch(base + path, { method: 'POST', headers, body })
}

async function post(path: string, body: object = {}) {
  const answer = await send(path, JSON.stringify(body))
  return [answer.status, await answer.json()] as const
}

async function get(path: string) {
  const answer = await fetch(base + path)
  return answer.json()
}

async function stream(body: object): Promise<[string, Record<string, unknown>][]> {
  const answer = await send('/chat/stream', JSON.stringify(body))
  expect(answer.headers.get('content-type')).toContain('text/event-stream')
  const text = await answer.text()
  return text
    .split('\n\n')
    .filter((frame) => frame.startsWith('event: '))
    .map((frame) => {
      const [name = '', data = ''] = frame.split('\n')
      return [name.slice(7), JSON.parse(data.slice(6))]
    })
}
