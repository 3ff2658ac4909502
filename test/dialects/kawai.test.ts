import { expect, test } from 'vitest'
import { startApp } from '../support/app.ts'

const { url, model, restart } = await startApp({ lifetime: 'file' })
const base = `${url}/compat/kawai`

type Frame = { id: string; type: string; data: Record<string, unknown>; timestamp: string }

test('a message is answered whole, and the session goes on by its id', async () => {
  model.push({ text: 'The capital of France is Paris.' }, { text: 'Again' })
  const first = await post({ message: 'What is the capital of France?', session_id: 'abc123' })
  expect(first).toEqual({
    answer: 'The capital of France is Paris.',
    session_id: 'abc123',
    steps: 1,
    completed: true,
    plan: null,
  })
  await post({ message: 'And now?', session_id: 'abc123' })
  expect(model.requests.at(-1)?.body.messages).toHaveLength(3)
  const shown = await (await fetch(`${base}/sessions/abc123`)).json()
  expect(shown).toMatchObject({ session_id: 'abc123', message_count: 4 })
})

test('a stream shows each thing of a step, and names its session first', async () => {
  model.push(
    { text: 'Let me see.', toolCalls: [{ name: 'think', arguments: { thought: 'hm' } }] },
    { text: 'Done' },
  )
  const frames = await read(await fetch(`${base}/stream?message=Think`))
  expect(frames.map(({ type, data }) => [type, data])).toEqual([
    ['run_start', { prompt: 'Think', model: expect.any(String), session_id: expect.any(String) }],
    ['step_start', { step_index: 0 }],
    ['reasoning', { reasoning: 'Let me see.' }],
    ['tool_call', { tool_name: 'think', tool_arguments: { thought: 'hm' } }],
    ['tool_result', { tool_name: 'think', tool_result: expect.anything() }],
    ['step_start', { step_index: 1 }],
    ['run_end', { answer: 'Done' }],
  ])
})

test('EventSource comes back to its run instead of starting another, also after a restart', async () => {
  model.push({ text: 'Once' })
  const asked = model.requests.length
  const frames = await read(await fetch(`${base}/stream?message=Hi`))
  await restart()
  const [, second] = frames
  const headers = { 'Last-Event-ID': second?.id ?? '' }
  const rest = await read(await fetch(`${base}/stream?message=Hi`, { headers }))
  expect(rest).toEqual(frames.slice(2))
  const last = { 'Last-Event-ID': frames.at(-1)?.id ?? '' }
  expect((await fetch(`${base}/stream?message=Hi`, { headers: last })).status).toBe(204)
  expect(model.requests).toHaveLength(asked + 1)
})

test('at max_steps the answer is forced, or null when that is not wanted', async () => {
  const think = { toolCalls: [{ name: 'think', arguments: { thought: 'hm' } }] }
  model.push(think, { text: 'Forced' })
  expect(await post({ message: 'Think', max_steps: 1 })).toMatchObject({
    answer: 'Forced',
    steps: 1,
    completed: false,
  })
  model.push(think)
  const frames = await read(
    await fetch(`${base}/stream?message=Think&max_steps=1&force_provide_answer=false`),
  )
  expect(frames.at(-1)).toMatchObject({ type: 'run_end', data: { answer: null } })
  expect(frames.map(({ type }) => type)).not.toContain('warning')
})

test('a call that must be approved is denied, since nobody here can', async () => {
  model.push(
    { toolCalls: [{ name: 'write_file', arguments: { path: 'a.txt', content: 'x' } }] },
    { text: 'I may not.' },
  )
  const frames = await read(await fetch(`${base}/stream?message=Write`))
  expect(frames.find(({ type }) => type === 'tool_result')?.data.tool_result).toMatchObject({
    error: expect.stringContaining('needs an approval'),
  })
})

test.each([
  ['{}', { type: 'missing', loc: ['body', 'message'], msg: 'Field required' }],
  ['{"message":7}', { type: 'string_type', loc: ['body', 'message'], input: 7 }],
  ['{"message":"a","session_id":7}', { type: 'string_type', loc: ['body', 'session_id'] }],
  ['{"message":"a","max_steps":"two"}', { type: 'int_parsing', loc: ['body', 'max_steps'] }],
  ['{"message":"a","max_steps":1.5}', { type: 'int_from_float', input: 1.5 }],
  ['{"message":"a","max_steps":[]}', { type: 'int_type' }],
  ['{"message":"a","max_steps":0}', { type: 'greater_than_equal', ctx: { ge: 1 } }],
  ['{"message":"a","max_steps":1001}', { type: 'less_than_equal', ctx: { le: 1000 } }],
  ['{"message":"a","force_provide_answer":"maybe"}', { type: 'bool_parsing' }],
  ['[]', { type: 'model_attributes_type', loc: ['body'] }],
  ['message=a', { type: 'json_invalid', loc: ['body', 0] }],
])('the body %s is 422 with what is wrong', async (body, fault) => {
  const answer = fetch(`${base}/chat`, { method: 'POST', body })
  expect(await status(answer)).toMatchObject([422, { detail: [fault] }])
})

test('all that is wrong with a query is told, and nothing runs', async () => {
  const asked = model.requests.length
  const wrong = fetch(`${base}/stream?max_steps=two&force_provide_answer=maybe`)
  expect(await status(wrong)).toMatchObject([
    422,
    {
      detail: [
        { type: 'missing', loc: ['query', 'message'], input: null },
        { type: 'int_parsing', loc: ['query', 'max_steps'], input: 'two' },
        { type: 'bool_parsing', loc: ['query', 'force_provide_answer'] },
      ],
    },
  ])
  const headers = { 'Last-Event-ID': '17' }
  const lost = fetch(`${base}/stream?message=Hi`, { headers })
  expect(await status(lost)).toMatchObject([
    422,
    { detail: [{ loc: ['header', 'last-event-id'] }] },
  ])
  expect(model.requests).toHaveLength(asked)
})

test('numbers and booleans may be text, and an empty session is none', async () => {
  model.push({ toolCalls: [{ name: 'think', arguments: { thought: 'hm' } }] })
  const body = { message: '', session_id: '', max_steps: '1', force_provide_answer: 'no' }
  expect(await post(body)).toEqual({
    answer: null,
    session_id: expect.stringMatching(/^ses_/),
    steps: 1,
    completed: false,
    plan: null,
  })
})

test('what is not there, and what fails, has its own words', async () => {
  expect(await status(fetch(`${base}/sessions/none`))).toEqual([
    404,
    { detail: 'Session not found' },
  ])
  expect(await status(fetch(`${base}/nothing`))).toEqual([404, { detail: 'Not Found' }])
  const other = await fetch(`${base}/stream`, { method: 'POST' })
  expect([other.status, await other.json()]).toEqual([405, { detail: 'Method Not Allowed' }])
  const refusal = { fault: { kind: 'status' as const, status: 400 } }
  model.push(refusal, refusal)
  const failed = await read(await fetch(`${base}/stream?message=Hi`))
  expect(failed.at(-1)).toMatchObject({ type: 'error', data: { error: expect.any(String) } })
  const whole = fetch(`${base}/chat`, { method: 'POST', body: '{"message":"Hi"}' })
  expect(await status(whole)).toEqual([500, { detail: expect.any(String) }])
})

test('the documented health is told', async () => {
  const [code, body] = await status(fetch(`${base}/health`))
  expect([code, body]).toEqual([
    200,
    {
      status: 'healthy',
      sessions: expect.any(Number),
      uptime: expect.any(Number),
      version: expect.any(String),
    },
  ])
})

test('an agent that plans tells its plan, in the stream and whole', async () => {
  const planner = `
agents:
  root: { model: scripted, planning_interval: 1 }
`
  const app = await startApp({ agents: { planner } })
  app.model.push({ text: '1. Answer' }, { text: 'Done' }, { text: '1. Again' }, { text: 'Done' })
  const frames = await read(await fetch(`${app.url}/compat/kawai/stream?message=Go`))
  expect(frames.map(({ type, data }) => data.plan ?? type)).toEqual([
    'run_start',
    'step_start',
    '1. Answer',
    'run_end',
  ])
  const body = JSON.stringify({ message: 'Go' })
  const answer = await fetch(`${app.url}/compat/kawai/chat`, { method: 'POST', body })
  expect(await answer.json()).toMatchObject({ answer: 'Done', plan: '1. Again' })
})

test('a session that is deleted is gone', async () => {
  model.push({ text: 'Hi' })
  await post({ message: 'Hi', session_id: 'gone' })
  const removed = await fetch(`${base}/sessions/gone`, { method: 'DELETE' })
  expect(await removed.json()).toEqual({ session_id: 'gone', deleted: true })
  expect((await fetch(`${base}/sessions/gone`)).status).toBe(404)
})

async function post(body: object): Promise<Record<string, unknown>> {
  const answer = await fetch(`${base}/chat`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify(body),
  })
  return answer.json()
}

async function status(answer: Promise<Response>): Promise<[number, unknown]> {
  const response = await answer
  return [response.status, await response.json()]
}

async function read(answer: Response): Promise<Frame[]> {
  const text = await answer.text()
  return text
    .split('\n\n')
    .filter((frame) => frame.startsWith('id: '))
    .map((frame) => {
      const [id = '', data = ''] = frame.split('\n')
      return { id: id.slice(4), ...JSON.parse(data.slice(6)) }
    })
}
