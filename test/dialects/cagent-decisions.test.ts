import { expect, test } from 'vitest'
import { startApp } from '../support/app.ts'
import { type CagentEvent, createCagentClient, readEvents, typesOf } from './cagent-client.ts'

const short = `
agents:
  root:
    model: scripted
    max_iterations: 1
    toolsets: [{ type: think }]
`
const assistant = `
agents:
  root:
    model: scripted
    toolsets:
      - { type: filesystem, path: ./files }
      - { type: user_prompt }
`
const app = await startApp({ lifetime: 'file', agents: { assistant, short } })
const { model, restart } = app
const base = `${app.url}/compat/cagent`
const { send, open, newSession, run } = createCagentClient(base)

const write = (path: string) => ({
  toolCalls: [{ name: 'write_file', arguments: { path, content: 'x' } }],
})
const think = { toolCalls: [{ name: 'think', arguments: { thought: 'hm' } }] }

/** Runs, and answers each confirmation with the next of these. */
async function decide(id: string, ...answers: object[]) {
  const told: unknown[] = []
  const events = await run(`${id}/agent/assistant`, 'Write', async ({ type }) => {
    if (type !== 'tool_call_confirmation') return
    told.push(await send('POST', `/sessions/${id}/resume`, answers.shift()))
  })
  return { events, told }
}

const resumed = [200, { message: 'session resumed' }]

test('approve runs the call that waits, and the stream goes on', async () => {
  const id = await newSession()
  model.push(write('a.txt'), { text: 'Done' })
  const { events, told } = await decide(id, { confirmation: 'approve' })
  expect(told).toEqual([resumed])
  const types = typesOf(events)
  const asked = types.indexOf('tool_call_confirmation')
  expect(types.slice(asked, asked + 4)).toEqual([
    'tool_call_confirmation',
    'tool_call',
    'tool_call_response',
    'message_added',
  ])
  expect(types.at(-1)).toBe('stream_stopped')
})

test('reject ends the call with the reason, and the model is told', async () => {
  const id = await newSession()
  model.push(write('a.txt'), { text: 'I see' })
  const { events } = await decide(id, {
    confirmation: 'reject',
    reason: 'Not there',
    tool_name: '',
  })
  expect(typesOf(events)).not.toContain('tool_call')
  expect(events.find(({ type }) => type === 'tool_call_response')).toMatchObject({
    response: expect.stringContaining('Not there'),
    result: { isError: true },
  })
})

test('approve-tool and approve-session hold for what comes after, in this session', async () => {
  const id = await newSession()
  model.push(write('a.txt'), write('b.txt'), { text: 'Done' })
  const { events } = await decide(id, { confirmation: 'approve-tool', tool_name: 'write_*' })
  expect(confirmations(events)).toBe(1)
  expect((await send('GET', `/sessions/${id}`))[1]).toMatchObject({
    permissions: { allow: ['write_*'] },
  })
  const other = await newSession()
  model.push(write('a.txt'), write('b.txt'), { text: 'Done' })
  const all = await decide(other, { confirmation: 'approve-session' })
  expect(confirmations(all.events)).toBe(1)
  const [, shown] = await send('GET', `/sessions/${other}`)
  expect(shown).toMatchObject({ tools_approved: true })
})

test('calls of one answer ask at once, and are decided in their order', async () => {
  const both = { toolCalls: [...write('a.txt').toolCalls, ...write('b.txt').toolCalls] }
  const id = await newSession()
  model.push(both, { text: 'Done' })
  const { events, told } = await decide(
    id,
    { confirmation: 'approve' },
    { confirmation: 'reject', reason: 'Not b' },
  )
  expect(told).toEqual([resumed, resumed])
  const responses = events.filter(({ type }) => type === 'tool_call_response')
  const results = responses.map(({ tool_call, result }) => [argumentsOf(tool_call), result])
  expect(results.toSorted()).toEqual([
    [expect.stringContaining('a.txt'), { output: expect.any(String) }],
    [expect.stringContaining('b.txt'), expect.objectContaining({ isError: true })],
  ])
  const other = await newSession()
  model.push(both, { text: 'Done' })
  const all = await decide(other, { confirmation: 'approve-session' }, { confirmation: 'approve' })
  expect(all.told).toMatchObject([resumed, [409, { code: 'nothing_pending' }]])
  expect(typesOf(all.events).filter((type) => type === 'tool_call')).toHaveLength(2)
})

test('who goes away while a call waits takes the question away', async () => {
  const id = await newSession()
  model.push(write('a.txt'))
  const away = new AbortController()
  const answer = await open(`${id}/agent/assistant`, [{ content: 'Write' }], away.signal)
  for await (const { type } of readEvents(answer)) if (type === 'tool_call_confirmation') break
  away.abort()
  const events = await app.events(await lastRun(id))
  expect(events.at(-1)).toMatchObject({ type: 'stream_stopped', reason: 'cancelled' })
  expect((await send('POST', `/sessions/${id}/resume`, { confirmation: 'approve' }))[0]).toBe(409)
})

test('deny beats approve-all; a toggle and permissions count at once', async () => {
  const id = await newSession()
  expect(await send('POST', `/sessions/${id}/tools/toggle`)).toEqual([200, null])
  const permissions = { deny: ['write_file:path=b*'], allow: null }
  expect(await send('PATCH', `/sessions/${id}/permissions`, { permissions })).toEqual([
    200,
    { message: 'session permissions updated' },
  ])
  expect((await send('GET', `/sessions/${id}`))[1]).toMatchObject({
    tools_approved: true,
    permissions: { deny: ['write_file:path=b*'] },
  })
  model.push(write('a.txt'), write('b.txt'), { text: 'Done' })
  const { events } = await decide(id)
  expect(typesOf(events).filter((type) => type === 'tool_call')).toHaveLength(1)
  expect(typesOf(events)).not.toContain('tool_call_confirmation')
  for (const cleared of [{ permissions: null }, {}]) {
    await send('PATCH', `/sessions/${id}/permissions`, cleared)
    expect((await send('GET', `/sessions/${id}`))[1]).not.toHaveProperty('permissions')
  }
  expect(await send('POST', `/sessions/${id}/thinking/toggle`)).toEqual([200, null])
  expect((await send('GET', `/sessions/${id}`))[1]).toMatchObject({ thinking: false })
})

test('an approval is not lost with the server: the next one takes it and the run goes on', async () => {
  const id = await newSession()
  model.push(write('kept.txt'), { text: 'Done' })
  const answer = await open(`${id}/agent/assistant`, [{ role: 'user', content: 'Write' }])
  const seen: string[] = []
  let restarted: Promise<void> | undefined
  for await (const { type } of readEvents(answer)) {
    seen.push(type)
    if (type === 'tool_call_confirmation') restarted = restart()
  }
  await restarted
  expect(seen.at(-1)).toBe('tool_call_confirmation')
  expect(await send('POST', `/sessions/${id}/resume`, { confirmation: 'approve' })).toEqual(resumed)
  const events = await app.events(await lastRun(id))
  expect(events.at(-1)).toMatchObject({ type: 'stream_stopped', reason: 'completed' })
})

test('a resume is refused when nothing waits, and when its word means nothing', async () => {
  const id = await newSession()
  const resume = (body: object, session = id) => send('POST', `/sessions/${session}/resume`, body)
  expect(await resume({ confirmation: 'approve' })).toMatchObject([
    409,
    { message: expect.stringMatching(/^failed to resume session: /) },
  ])
  expect(await resume({ confirmation: 'yes' })).toMatchObject([422, { code: 'validation_failed' }])
  expect((await resume({}))[0]).toBe(422)
  expect(await resume({ confirmation: 'approve' }, 'none')).toMatchObject([
    404,
    { message: 'failed to resume session: session not found: none' },
  ])
  model.push(write('a.txt'), { text: 'Done' })
  const twice: unknown[] = []
  const events = await run(`${id}/agent/assistant`, 'Write', async ({ type, ...event }) => {
    if (type !== 'tool_call_confirmation') return
    const { id: tool_call_id } = event.tool_call as { id: string }
    expect((await resume({ confirmation: 'approve', tool_call_id: 'other' }))[0]).toBe(409)
    twice.push((await resume({ confirmation: 'approve', tool_call_id }))[0])
  })
  expect(twice).toEqual([200])
  expect(typesOf(events).at(-1)).toBe('stream_stopped')
})

test('at the iteration limit a plain approve goes on, and every other word ends the run', async () => {
  for (const [confirmation, text] of [
    ['approve', 'More'],
    ['approve-session', ''],
    ['approve-tool', ''],
    ['reject', ''],
  ]) {
    const id = await newSession()
    model.push(think, ...(text ? [{ text }] : []))
    const events = await run(`${id}/agent/short`, 'Think', async (event) => {
      if (event.type !== 'max_iterations_reached') return
      expect(event).toMatchObject({ max_iterations: 1 })
      expect(await send('POST', `/sessions/${id}/resume`, { confirmation })).toEqual(resumed)
    })
    expect(typesOf(events).filter((type) => type === 'agent_choice')).toHaveLength(text ? 1 : 0)
    expect(typesOf(events).at(-1)).toBe('stream_stopped')
    expect((await send('GET', `/sessions/${id}`))[1]).toMatchObject({ tools_approved: false })
  }
})

test('a question is told with its schema, and its answer goes on to the model', async () => {
  const id = await newSession()
  const schema = { type: 'object', properties: { age: { type: 'integer' } }, required: ['age'] }
  model.push(
    { toolCalls: [{ name: 'user_prompt', arguments: { message: 'How old?', schema } }] },
    { text: 'Seven.' },
  )
  const reply = (body: object, session = id) =>
    send('POST', `/sessions/${session}/elicitation`, body)
  expect(await reply({ action: 'accept', content: {} })).toMatchObject([
    409,
    { message: expect.stringMatching(/^failed to resume elicitation: /) },
  ])
  expect((await reply({ action: 'accept' }, 'none'))[0]).toBe(404)
  expect((await reply({ action: 'maybe' }))[0]).toBe(422)
  const events = await run(`${id}/agent/assistant`, 'Ask', async (event) => {
    if (event.type !== 'elicitation_request') return
    expect(event).toMatchObject({ message: 'How old?', mode: 'form', schema })
    expect((await reply({ action: 'accept', content: { age: 'old' } }))[0]).toBe(422)
    expect(await reply({ action: 'accept', content: { age: 7 } })).toEqual([200, null])
  })
  expect(model.requests.at(-1)?.body.messages.at(-1)).toMatchObject({
    role: 'tool',
    content: JSON.stringify({ action: 'accept', content: { age: 7 } }),
  })
  expect(typesOf(events).at(-1)).toBe('stream_stopped')
})

async function lastRun(session: string): Promise<string> {
  const { data } = await app.client.GET('/api/sessions/{session}/runs', {
    params: { path: { session } },
  })
  return data.data[0]?.id ?? ''
}

function argumentsOf(call: unknown): string {
  return (call as { function: { arguments: string } }).function.arguments
}

function confirmations(events: CagentEvent[]): number {
  return typesOf(events).filter((type) => type === 'tool_call_confirmation').length
}
