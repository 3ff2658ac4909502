import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'
import { startApp } from '../support/app.ts'
import { type CagentEvent, createCagentClient, readEvents, typesOf } from './cagent-client.ts'

const assistant = `
agents:
  root:
    model: scripted
    description: Helps
    toolsets:
      - { type: filesystem, path: ./files }
      - { type: think }
      - { type: todo }
      - { type: user_prompt }
`
const plain = `
agents:
  root: { model: scripted, description: Talks }
`
const app = await startApp({ lifetime: 'file', agents: { assistant, 'my-agent': plain } })
const { url, model } = app
const base = `${url}/compat/cagent`
const { send, open, newSession, run } = createCagentClient(base)
const curl = promisify(execFile)

test('the documented curl makes a session and streams a run, message by message', async () => {
  const made = await curl('curl', ['-s', '-X', 'POST', `${base}/api/sessions`])
  const { id } = JSON.parse(made.stdout)
  model.push({ text: 'Hello! How can I help?' })
  const { stdout } = await curl('curl', [
    ...['-N', '-s', '-X', 'POST', `${base}/api/sessions/${id}/agent/my-agent`],
    ...['-H', 'content-type: application/json'],
    ...['-d', '[{"role":"user","content":"Hello!"}]'],
  ])
  const events: CagentEvent[] = stdout
    .split('\n')
    .filter((line) => line.startsWith('data: '))
    .map((line) => JSON.parse(line.slice(6)))
  expect(events.find(({ type }) => type === 'stream_started')).toMatchObject({
    session_id: id,
    agent: 'root',
    agent_name: 'root',
  })
  expect(textOf(events)).toBe('Hello! How can I help?')
  expect(events.at(-1)).toMatchObject({ type: 'stream_stopped', session_id: id, agent: 'root' })
  expect(typesOf(events).filter((type) => type !== 'agent_choice')).toEqual([
    'agent_info',
    'team_info',
    'toolset_info',
    'user_message',
    'stream_started',
    'toolset_info',
    'message_added',
    'token_usage',
    'stream_stopped',
  ])
})

test('a new session has every documented field, and only the template fields count', async () => {
  const template = {
    id: 'mine',
    title: 'Ignored',
    tools_approved: true,
    thinking: false,
    max_iterations: 5,
    permissions: { allow: ['read_file'], deny: null },
    starred: true,
    working_dir: ' files ',
    unknown: 1,
  }
  const [status, session] = await send('POST', '/sessions', template)
  expect([status, session]).toEqual([
    200,
    {
      id: expect.stringMatching(/^ses_/),
      title: '',
      messages: null,
      created_at: expect.any(String),
      tools_approved: true,
      thinking: true,
      hide_tool_results: false,
      working_dir: `${app.directory}/files`,
      SendUserMessage: true,
      max_iterations: 5,
      starred: false,
      input_tokens: 0,
      output_tokens: 0,
      cost: 0,
      permissions: { allow: ['read_file'] },
    },
  ])
  const [missing, { message }] = await sendFor('POST', '/sessions', { working_dir: 'nowhere' })
  expect([missing, message]).toEqual([422, expect.stringMatching(/^failed to create session: /)])
})

test('sessions are listed newest first, shown, renamed and deleted', async () => {
  const older = await newSession()
  const id = await newSession()
  expect(await send('GET', `/sessions/${id}`)).toEqual([
    200,
    {
      id,
      title: '',
      created_at: expect.any(String),
      tools_approved: false,
      thinking: true,
      input_tokens: 0,
      output_tokens: 0,
    },
  ])
  model.push({ text: 'Hi' })
  await run(`${id}/agent/assistant`, 'Hello')
  expect(await send('PATCH', `/sessions/${id}/title`, { title: 'Greeting' })).toEqual([
    200,
    { id, title: 'Greeting' },
  ])
  const [, listed] = await sendFor('GET', '/sessions')
  const ids = [...listed].map((item: { id: string }) => item.id)
  expect(ids.indexOf(id)).toBeLessThan(ids.indexOf(older))
  expect([...listed].find((item: { id: string }) => item.id === id)).toEqual({
    id,
    title: 'Greeting',
    created_at: expect.any(String),
    num_messages: 2,
    input_tokens: 10,
    output_tokens: 1,
  })
  const [, shown] = await sendFor('GET', `/sessions/${id}`)
  expect(shown.messages).toMatchObject([
    { agentName: '', message: { role: 'user', content: 'Hello', created_at: expect.any(String) } },
    {
      agentName: 'root',
      message: { role: 'assistant', content: 'Hi', model: 'scripted/scripted', usage: {} },
    },
  ])
  expect(await send('DELETE', `/sessions/${id}`)).toEqual([200, { message: 'session deleted' }])
  expect((await send('GET', `/sessions/${id}`))[0]).toBe(404)
})

test('a later client may send an object with a model; every message counts, with its role', async () => {
  const id = await newSession()
  model.push({ text: 'Hi' })
  const messages = [
    { role: 'system', content: 'Be short' },
    { role: 'assistant', content: 'One' },
    { content: 'Two', multi_content: [{ type: 'text', text: 'Two' }], more: 1 },
  ]
  const answer = await open(`${id}/agent/assistant/root`, { messages, model: 'scripted' })
  expect(answer.headers.get('content-type')).toBe('text/event-stream')
  expect(answer.headers.get('cache-control')).toBe('no-cache')
  await answer.text()
  const [, { messages: stored }] = await sendFor('GET', `/sessions/${id}`)
  expect(stored.map((each: { message: object }) => each.message)).toMatchObject([
    { role: 'user', content: 'One' },
    { role: 'user', content: 'Two', multi_content: [{ type: 'text', text: 'Two' }] },
    { role: 'assistant', content: 'Hi' },
  ])
  expect(JSON.stringify(model.requests.at(-1)?.body.messages)).toContain('Be short')
  const unknown = await open(`${id}/agent/assistant`, { messages: [], model: 'nobody/none' })
  expect([unknown.status, await unknown.json()]).toMatchObject([
    422,
    { message: expect.stringContaining('nobody') },
  ])
})

test('who goes away stops the run, and the conversation goes on', async () => {
  const id = await newSession()
  model.push({ text: ['Half', ' never'], hold: new Promise<never>(() => {}) })
  const away = new AbortController()
  const answer = await open(`${id}/agent/assistant`, [{ role: 'user', content: 'Go' }], away.signal)
  for await (const { type } of readEvents(answer)) if (type === 'agent_choice') break
  away.abort()
  expect(await model.requests.at(-1)?.ended).toBe('aborted')
  const { data } = await app.client.GET('/api/sessions/{session}/runs', {
    params: { path: { session: id } },
  })
  const log = await app.events(data.data[0]?.id ?? '')
  expect(log.at(-1)).toMatchObject({ type: 'stream_stopped', reason: 'cancelled' })
  model.push({ text: 'Here' })
  expect(textOf(await run(`${id}/agent/assistant`, 'Still there?'))).toBe('Here')
})

test('the ids of frames are places in the log, which the native stream goes on from', async () => {
  const id = await newSession()
  model.push({ text: 'Hi' })
  const answer = await open(`${id}/agent/my-agent`, [{ role: 'user', content: 'Hello' }])
  const seqs = [...(await answer.text()).matchAll(/^id: (\d+)$/gm)].map(([, seq]) => Number(seq))
  expect(seqs).toEqual(seqs.toSorted((a, b) => a - b))
  const { data } = await app.client.GET('/api/sessions/{session}', {
    params: { path: { session: id } },
  })
  expect(seqs.at(-1)).toBe(data.last_seq)
  const headers = { Accept: 'application/json', 'Last-Event-ID': String(seqs.at(-2)) }
  const rest = await fetch(`${url}/api/sessions/${id}/events`, { headers })
  expect((await rest.json()).data).toMatchObject([{ type: 'stream_stopped', seq: seqs.at(-1) }])
})

test('a session that is at work is refused, and can be deleted while it is', async () => {
  const id = await newSession()
  model.push({ text: ['Half', ' never'], hold: new Promise<never>(() => {}) })
  const first = await open(`${id}/agent/assistant`, [{ role: 'user', content: 'Go' }])
  const events: CagentEvent[] = []
  for await (const event of readEvents(first)) {
    events.push(event)
    if (event.type !== 'agent_choice') continue
    const second = await open(`${id}/agent/assistant`, [{ role: 'user', content: 'Me too' }])
    expect([second.status, await second.json()]).toMatchObject([409, { code: 'session_busy' }])
    expect((await send('DELETE', `/sessions/${id}`))[0]).toBe(200)
  }
  expect(typesOf(events)).toContain('agent_choice')
  expect((await send('GET', `/sessions/${id}`))[0]).toBe(404)
})

test('a model that fails is an error and the end of the stream, with nothing shown twice', async () => {
  const id = await newSession()
  model.push({ text: 'One two three four', fault: { kind: 'cut', position: 'middle' } })
  const events = await run(`${id}/agent/assistant`, 'Go')
  expect(typesOf(events.slice(-2))).toEqual(['error', 'stream_stopped'])
  expect('One two three four'.startsWith(textOf(events))).toBe(true)
})

test('agents are listed by their source and shown as their files say', async () => {
  expect(await send('GET', '/ping')).toEqual([200, { status: 'ok' }])
  expect(await send('GET', '/agents')).toEqual([
    200,
    [
      { name: 'assistant', description: 'Helps', multi: false },
      { name: 'my-agent', description: 'Talks', multi: false },
    ],
  ])
  const [status, config] = await send('GET', '/agents/assistant')
  expect([status, config]).toEqual([
    200,
    {
      agents: [
        {
          Name: 'root',
          model: 'scripted',
          description: 'Helps',
          toolsets: ['filesystem', 'think', 'todo', 'user_prompt'].map((type) => ({
            type,
            remote: { url: '' },
            api_config: {},
            defer: {},
            ...(type === 'filesystem' && { path: './files' }),
          })),
        },
      ],
      providers: { scripted: { base_url: model.baseUrl } },
      models: { scripted: { provider: 'scripted', model: 'scripted', parallel_tool_calls: true } },
      metadata: {},
    },
  ])
  expect(await send('GET', '/agents/assistant/root/tools/count')).toEqual([
    200,
    { available_tools: 15 },
  ])
})

test('with --as it has the root of the server', async () => {
  const { url: own, model: ownModel } = await startApp({ flags: ['--as', 'cagent'] })
  const client = createCagentClient(own)
  const id = await client.newSession()
  ownModel.push({ text: 'Hi' })
  expect(textOf(await client.run(`${id}/agent/assistant`, 'Hello'))).toBe('Hi')
})

function textOf(events: CagentEvent[]): string {
  return events.map(({ type, content }) => (type === 'agent_choice' ? content : '')).join('')
}

/** The same with a body whose fields are looked at. */
async function sendFor(method: string, path: string, body?: unknown) {
  const answer = await fetch(`${base}/api${path}`, {
    method,
    headers: { 'Content-Type': 'application/json' },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  })
  return [answer.status, await answer.json()] as const
}
