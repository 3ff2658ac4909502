import { expect, test } from 'vitest'
import { startApp } from '../support/app.ts'
import { lastOf, openAgent, outline } from './ag-ui-client.ts'

const team = `
agents:
  root:
    model: scripted
    description: Leads
    sub_agents: [helper]
  helper: { model: scripted, description: Helps }
`
const assistant = `
agents:
  root:
    model: scripted
    description: Helps
    toolsets:
      - { type: filesystem, path: ./files }
      - type: think
      - type: todo
      - type: user_prompt
`
const app = await startApp({ lifetime: 'file', agents: { assistant, team } })
const { model } = app
const write = {
  toolCalls: [{ id: 'call_w', name: 'write_file', arguments: { path: 'a.txt', content: 'x' } }],
}
const locate = {
  name: 'locate',
  description: 'Where the user is',
  parameters: { type: 'object', properties: {} },
}

test('a run is told by the events of the protocol, and the thread goes on', async () => {
  const { agent, say } = bound(openAgent(app, { threadId: 'told' }))
  model.push({ reasoning: 'Hm.', text: 'Hello there' }, { text: 'Again' })
  const events = await say('Hi')
  expect(outline(events)).toEqual([
    'RUN_STARTED',
    'STEP_STARTED',
    'REASONING_START',
    'REASONING_MESSAGE_START',
    'REASONING_MESSAGE_CONTENT',
    'REASONING_MESSAGE_END',
    'REASONING_END',
    'TEXT_MESSAGE_START',
    'TEXT_MESSAGE_CONTENT',
    'TEXT_MESSAGE_END',
    'CUSTOM',
    'STEP_FINISHED',
    'RUN_FINISHED',
  ])
  expect(lastOf(events)).toMatchObject({
    threadId: 'told',
    outcome: { type: 'success' },
    usage: [{ provider: 'scripted', model: 'scripted', inputTokens: expect.any(Number) }],
  })
  await say('And now?')
  expect(agent.messages.map(({ role, content }) => [role, content])).toEqual([
    ['user', 'Hi'],
    ['reasoning', 'Hm.'],
    ['assistant', 'Hello there'],
    ['user', 'And now?'],
    ['assistant', 'Again'],
  ])
  expect(rolesSent()).toEqual(['user Hi', 'assistant Hello there', 'user And now?'])
})

test("the server's tools are calls with results, and todos are state", async () => {
  const { agent, say } = bound(openAgent(app, { threadId: 'tools' }))
  model.push(
    {
      text: 'Noting.',
      toolCalls: [
        { name: 'create_todos', arguments: { descriptions: ['Buy milk', 'Call Ada'] } },
        { id: 'call_r', name: 'read_file', arguments: { path: 'none.txt' } },
      ],
    },
    {
      toolCalls: [
        { name: 'update_todos', arguments: { updates: [{ id: 'todo_1', status: 'completed' }] } },
      ],
    },
    { text: 'Done.' },
  )
  await say('Note this')
  const asked = agent.messages[1]
  expect(asked).toMatchObject({
    role: 'assistant',
    content: 'Noting.',
    toolCalls: [
      { function: { name: 'create_todos' } },
      { function: { name: 'read_file', arguments: '{"path":"none.txt"}' } },
    ],
  })
  const results = agent.messages.filter(({ role }) => role === 'tool')
  expect(results).toHaveLength(3)
  expect(results.find((message) => Object(message).toolCallId === 'call_r')).toMatchObject({
    metadata: { isError: true, state: 'failed' },
  })
  expect(agent.state).toEqual({
    todos: [
      { id: 'todo_1', status: 'completed', description: 'Buy milk' },
      { id: 'todo_2', status: 'pending', description: 'Call Ada' },
    ],
  })
})

test("the client's tools end the run, and their results go on with it", async () => {
  const { agent, say, run } = bound(openAgent(app, { threadId: 'client tools' }))
  model.push({ toolCalls: [{ id: 'call_l', name: 'locate' }] }, { text: 'In Rome.' })
  const asked = await say('Where am I?', { tools: [locate] })
  expect(lastOf(asked)).toMatchObject({
    outcome: { type: 'success', pendingToolCallIds: ['call_l'] },
  })
  agent.addMessage({ id: 'r1', role: 'tool', toolCallId: 'call_l', content: 'Rome' })
  const told = await run({ tools: [locate] })
  expect(outline(told)).not.toContain('TOOL_CALL_RESULT')
  expect(agent.messages.at(-1)).toMatchObject({ role: 'assistant', content: 'In Rome.' })
  expect(model.requests.at(-1)?.body.messages.at(-1)).toMatchObject({
    role: 'tool',
    content: 'Rome',
  })
  const { data } = await app.client.GET('/api/sessions/{session}/runs', {
    params: { path: { session: 'client tools' } },
  })
  expect(data?.data.map(({ status }) => status)).toEqual(['completed'])
})

test('a run that waits for results is told again to who brings none', async () => {
  const { run, say } = bound(openAgent(app, { threadId: 'no results' }))
  model.push({ toolCalls: [{ id: 'call_again', name: 'locate' }] })
  await say('Where am I?', { tools: [locate] })
  expect(await run({ tools: [locate] })).toMatchObject([
    { type: 'RUN_STARTED' },
    { type: 'RUN_FINISHED', outcome: { pendingToolCallIds: ['call_again'] } },
  ])
})

test('a run that waits for results makes room for what the user says instead', async () => {
  const { say } = bound(openAgent(app, { threadId: 'never mind' }))
  model.push({ toolCalls: [{ id: 'call_n', name: 'locate' }] }, { text: 'As you like.' })
  await say('Where am I?', { tools: [locate] })
  const events = await say('Never mind')
  expect(lastOf(events)).toMatchObject({ outcome: { type: 'success' } })
  expect(rolesSent().at(-1)).toBe('user Never mind')
})

test('a call that must be approved is an interrupt, also over a restart', async () => {
  const { agent, say, run } = bound(openAgent(app, { threadId: 'asked' }))
  model.push(write, { text: 'Written.' })
  const asked = await say('Write it')
  expect(lastOf(asked)).toMatchObject({
    outcome: {
      type: 'interrupt',
      interrupts: [
        { reason: 'tool_call', toolCallId: 'call_w', metadata: { toolName: 'write_file' } },
      ],
    },
  })
  await app.restart()
  const [interrupt] = agent.pendingInterrupts
  const resume = [
    { interruptId: interrupt?.id ?? '', status: 'resolved' as const, payload: { approved: true } },
  ]
  const told = await run({ resume })
  expect(outline(told).slice(0, 2)).toEqual(['RUN_STARTED', 'TOOL_CALL_RESULT'])
  expect(agent.messages.map(({ role }) => role)).toEqual(['user', 'assistant', 'tool', 'assistant'])
  expect(agent.pendingInterrupts).toEqual([])
})

test.each([
  ['rejected', { status: 'resolved' as const, payload: { approved: false, reason: 'Not that' } }],
  ['cancelled', { status: 'cancelled' as const }],
])('a call that is %s has a result that says so', async (how, answer) => {
  const { agent, say, run } = bound(openAgent(app, { threadId: `call ${how}` }))
  model.push(write, { text: 'Then not.' })
  await say('Write it')
  await run({ resume: [{ interruptId: agent.pendingInterrupts[0]?.id ?? '', ...answer }] })
  expect(agent.messages.at(-2)?.metadata).toMatchObject({ state: 'denied', isError: true })
  expect(agent.messages.at(-1)).toMatchObject({ content: 'Then not.' })
})

test('a decision and a message at once', async () => {
  const { agent, say } = bound(openAgent(app, { threadId: 'at once' }))
  model.push(write, { text: 'Hurried.' })
  await say('Write it')
  const interruptId = agent.pendingInterrupts[0]?.id ?? ''
  await say('Hurry', { resume: [{ interruptId, status: 'resolved', payload: true }] })
  expect(agent.messages.map(({ role, content }) => `${role} ${String(content)}`)).toEqual([
    'user Write it',
    'assistant undefined',
    expect.stringContaining('tool '),
    'user Hurry',
    'assistant Hurried.',
  ])
  expect(rolesSent().filter((text) => text.startsWith('user'))).toEqual([
    'user Write it',
    'user Hurry',
  ])
})

test('the caller may edit the arguments that it approves', async () => {
  const { agent, say, run } = bound(openAgent(app, { threadId: 'edited' }))
  model.push(write, { text: 'Written.' })
  await say('Write it')
  const payload = { approved: true, editedArgs: { path: 'b.txt', content: 'y' } }
  const interruptId = agent.pendingInterrupts[0]?.id ?? ''
  await run({ resume: [{ interruptId, status: 'resolved', payload }] })
  expect(agent.messages.at(-2)).toMatchObject({ content: expect.stringContaining('b.txt') })
})

test('a question of the agent is an interrupt with the schema of its answer', async () => {
  const { agent, say, run } = bound(openAgent(app, { threadId: 'question' }))
  model.push(
    { toolCalls: [{ name: 'user_prompt', arguments: { message: 'Which file?' } }] },
    { text: 'That one.' },
  )
  await say('Change it')
  const [asked] = agent.pendingInterrupts
  expect(asked).toMatchObject({ reason: 'input_required', message: 'Which file?' })
  const payload = { answer: 'a.txt' }
  await run({ resume: [{ interruptId: asked?.id ?? '', status: 'resolved', payload }] })
  expect(agent.messages.at(-2)).toMatchObject({ content: expect.stringContaining('a.txt') })
  expect(agent.messages.at(-1)).toMatchObject({ content: 'That one.' })
})

test('a thread that waits takes no run without the answer, and no stale one', async () => {
  const { agent, say } = bound(openAgent(app, { threadId: 'uncovered' }))
  model.push(write, { text: 'Written.' })
  await say('Write it')
  const [interrupt] = agent.pendingInterrupts
  const post = (resume: object[]) => postRun('uncovered', { resume })
  expect(await post([])).toEqual([409, expect.objectContaining({ code: 'conflict' })])
  const entry = { interruptId: interrupt?.id, status: 'resolved' }
  expect(await post([{ ...entry, payload: 'sure' }])).toEqual([
    422,
    expect.objectContaining({
      errors: [expect.objectContaining({ path: 'resume.0.payload.approved' })],
    }),
  ])
  const yes = { ...entry, payload: { approved: true } }
  expect((await post([yes]))[0]).toBe(200)
  expect(await post([yes])).toEqual([409, expect.objectContaining({ code: 'nothing_pending' })])
})

test("a sub-agent's words are its own, and what it used counts", async () => {
  const { agent, say } = bound(openAgent(app, { threadId: 'team', path: '/ag-ui/team' }))
  const task = { agent: 'helper', task: 'Look', expected_output: 'What you saw' }
  model.push(
    { toolCalls: [{ id: 'call_t', name: 'transfer_task', arguments: task }] },
    { text: 'I saw it.' },
    { text: 'It was seen.' },
  )
  const events = await say('Look')
  const started = events.find(({ type }) => type === 'SUBAGENT_STARTED')
  expect(started).toMatchObject({ name: 'helper' })
  const subagentRunId = started?.subagentRunId
  expect(
    agent.messages.filter((message) => Object(message).subagentRunId === subagentRunId),
  ).toMatchObject([{ role: 'assistant', content: 'I saw it.' }])
  expect(agent.messages.at(-1)).toMatchObject({ content: 'It was seen.' })
})

test('a model that fails is RUN_ERROR', async () => {
  const { seen, say } = bound(openAgent(app, { threadId: 'failing' }))
  model.push({ fault: { kind: 'status', status: 401 } })
  await say('Hi')
  expect(seen.at(-1)).toMatchObject({ type: 'RUN_ERROR', code: 'model_error' })
  model.push({ text: 'Better.' })
  const events = await bound(openAgent(app, { threadId: 'failing' })).say('Hi')
  expect(lastOf(events).type).toBe('RUN_FINISHED')
  expect(rolesSent()).toEqual(['user Hi'])
})

test('at the limit of iterations the run can be told to go on', async () => {
  const limited = `${assistant}    max_iterations: 1\n`
  const own = await startApp({ agents: { assistant: limited } })
  const { agent, say, run } = bound(openAgent(own, { threadId: 'limit' }))
  own.model.push(
    { toolCalls: [{ name: 'think', arguments: { thought: 'hm' } }] },
    { text: 'Thought.' },
  )
  await say('Think')
  const [limit] = agent.pendingInterrupts
  expect(limit).toMatchObject({ reason: 'confirmation', metadata: { kind: 'max_iterations' } })
  const entry = { interruptId: limit?.id ?? '', status: 'resolved' as const }
  await run({ resume: [{ ...entry, payload: { approved: true } }] })
  expect(agent.messages.at(-1)).toMatchObject({ content: 'Thought.' })
})

test('context and state reach the model once', async () => {
  const { agent, say } = bound(openAgent(app, { threadId: 'context' }))
  model.push({ text: 'One.' }, { text: 'Two.' })
  agent.setState({ page: 3 })
  const context = [{ description: 'The page', value: 'Invoices' }]
  await say('Hi', { context })
  await say('And?', { context })
  expect(rolesSent()).toEqual([
    'system The application says:\n- The page: Invoices\n- State: {"page":3}',
    'user Hi',
    'assistant One.',
    'user And?',
  ])
})

test('images and documents reach the model', async () => {
  const { agent, run } = bound(openAgent(app, { threadId: 'images' }))
  model.push({ text: 'A dot.' })
  const source = { type: 'data' as const, value: 'aGk=', mimeType: 'image/png' }
  agent.addMessage({
    id: 'i1',
    role: 'user',
    content: [
      { type: 'text', text: 'What is it?' },
      { type: 'image', source },
    ],
  })
  await run()
  expect(model.requests.at(-1)?.body.messages.at(-1)?.content).toEqual([
    { type: 'text', text: 'What is it?' },
    { type: 'image_url', image_url: { url: 'data:image/png;base64,aGk=' } },
  ])
})

/** What the model was sent last. */
function rolesSent(): string[] {
  return (model.requests.at(-1)?.body.messages ?? []).map(
    ({ role, content }) => `${role} ${String(content)}`,
  )
}

async function postRun(threadId: string, fields: object): Promise<[number, unknown]> {
  const response = await fetch(`${app.url}/ag-ui/assistant`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ threadId, runId: 'r', messages: [], ...fields }),
  })
  const text = await response.text()
  return [response.status, response.ok ? text : JSON.parse(text)]
}

function bound(opened: ReturnType<typeof openAgent>) {
  return { ...opened, say: opened.say.bind(opened), run: opened.run.bind(opened) }
}
