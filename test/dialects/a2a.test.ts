import { TaskState } from '@a2a-js/sdk'
import type { Client } from '@a2a-js/sdk/client'
import { describe, expect, test } from 'vitest'
import { resume, until } from '../journeys/conversation.ts'
import { startApp } from '../support/app.ts'
import {
  type Binding,
  collect,
  connectA2a,
  gather,
  nameOf,
  say,
  sendFor,
  textOf,
} from './a2a-client.ts'

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
const app = await startApp({ lifetime: 'file', agents: { assistant, sorter } })
const { url, model } = app
const write = { toolCalls: [{ name: 'write_file', arguments: { path: 'a.txt', content: 'x' } }] }
const ask = { toolCalls: [{ name: 'user_prompt', arguments: { message: 'Which file?' } }] }

test('the card says where the agent answers and what it can do; the default agent has the root', async () => {
  const card = await (await fetch(`${url}/a2a/assistant/.well-known/agent-card.json`)).json()
  const place = `${url}/a2a/assistant`
  expect(card).toMatchObject({
    name: 'assistant',
    description: 'Helps',
    supportedInterfaces: [
      { url: place, protocolBinding: 'JSONRPC', protocolVersion: '1.0' },
      { url: place, protocolBinding: 'HTTP+JSON', protocolVersion: '1.0' },
    ],
    capabilities: { streaming: true, pushNotifications: false, extendedAgentCard: false },
    securityRequirements: [],
    skills: [{ id: 'assistant' }, { id: 'fix', description: 'Repairs' }],
  })
  expect(await (await fetch(`${url}/.well-known/agent-card.json`)).json()).toEqual(card)
  expect((await fetch(`${url}/a2a/nobody/.well-known/agent-card.json`)).status).toBe(404)
})

describe.each<Binding>(['JSONRPC', 'HTTP+JSON'])('over %s', async (binding) => {
  const client = await connectA2a(url, { binding })

  test('a message makes a task with the answer as its artifact, and its context goes on', async () => {
    model.push({ text: 'one' }, { text: 'two' })
    const first = await sendFor(client, { text: 'first' })
    expect(nameOf(first)).toBe('COMPLETED')
    expect(first.artifacts.map(textOf)).toEqual(['one'])
    expect(first.history.map(textOf)).toEqual(['first', 'one'])
    const second = await sendFor(client, { text: 'second', contextId: first.contextId })
    expect([second.contextId, second.id === first.id]).toEqual([first.contextId, false])
    const sent = model.requests.at(-1)?.body.messages.map(({ content }) => content)
    expect(sent).toEqual(['first', 'one', 'second'])
  })

  test('a stream begins with the task, and ends with its last state', async () => {
    const reading = { toolCalls: [{ name: 'list_directory', arguments: { path: '.' } }] }
    model.push({ text: 'Let me see', ...reading }, { text: 'There is nothing' })
    const events = await collect(client.sendMessageStream(say({ text: 'Look' })))
    expect(events[0]?.payload?.$case).toBe('task')
    const { artifact, states } = gather(events)
    expect(artifact).toBe('There is nothing')
    expect([states[0], states.at(-1)]).toEqual(['WORKING', 'COMPLETED'])
    const told = events.flatMap(({ payload }) =>
      payload?.$case === 'statusUpdate' ? [textOf(payload.value.status?.message)] : [],
    )
    expect(told).toEqual(['Let me see', 'root calls list_directory', ''])
  })

  test.each([
    ['approve', 'Written', 'succeeded'],
    ['reject, it is too late', 'Left', 'denied'],
  ])('a task that must ask is input-required, and %s answers it', async (reply, said, state) => {
    model.push(write, { text: said })
    const asked = await sendFor(client, { text: 'Write' })
    expect(nameOf(asked)).toBe('INPUT_REQUIRED')
    expect(textOf(asked.status?.message)).toContain('May write_file be called with {"path":"a.txt"')
    const { id: taskId } = asked
    if (binding === 'JSONRPC') await app.restart()
    const unclear = client.sendMessage(say({ text: 'Perhaps', taskId }))
    await expect(unclear).rejects.toThrow('must begin with approve')
    const done = await sendFor(client, { text: reply, taskId })
    expect([done.id, nameOf(done), done.artifacts.map(textOf)]).toEqual([
      taskId,
      'COMPLETED',
      [said],
    ])
    const events = await app.events(taskId)
    expect(events.find(({ type }) => type === 'tool_call_response')).toMatchObject({ state })
  })

  test('what waits is asked one after the other', async () => {
    const [call] = write.toolCalls
    const other = { name: 'create_directory', arguments: { path: 'b' } }
    model.push({ toolCalls: [call ?? other, other] }, { text: 'Both' })
    const { id: taskId } = await sendFor(client, { text: 'Write' })
    const next = await collect(client.sendMessageStream(say({ text: 'approve', taskId })))
    expect(gather(next).states).toEqual(['INPUT_REQUIRED'])
    const rest = await collect(client.sendMessageStream(say({ text: 'yes', taskId })))
    expect(gather(rest)).toMatchObject({ artifact: 'Both' })
  })

  test('a program names the approval that it decides about', async () => {
    model.push(write, { text: 'Written' })
    const { id: taskId, status } = await sendFor(client, { text: 'Write' })
    const asked = status?.message?.parts.find(({ content }) => content?.$case === 'data')?.content
    const { approval_id } = Object(asked?.value)
    const data = { approval_id, decision: 'approve' }
    expect(nameOf(await sendFor(client, { data, taskId }))).toBe('COMPLETED')
  })

  test('a question is answered by the next message of the task', async () => {
    model.push(ask, { text: 'Reading' })
    const events = await collect(client.sendMessageStream(say({ text: 'Change' })))
    const last = events.at(-1)?.payload
    if (last?.$case !== 'statusUpdate') throw new Error('the stream ends with no state')
    expect(last.value.status?.state).toBe(TaskState.TASK_STATE_INPUT_REQUIRED)
    expect(textOf(last.value.status?.message)).toBe('Which file?')
    const { taskId } = last.value
    const answered = await collect(client.sendMessageStream(say({ text: 'a.txt', taskId })))
    expect(gather(answered)).toMatchObject({ artifact: 'Reading' })
    expect(JSON.stringify(model.requests.at(-1)?.body.messages.at(-1))).toContain('a.txt')
  })

  test('a task that is begun without waiting is looked at, listed, followed and cancelled', async () => {
    model.push({ text: ['Once', ' upon'], hold: true, holdAfter: 1 })
    const contextId = `begun over ${binding}`
    const begun = await sendFor(client, { text: 'Tell', contextId, returnImmediately: true })
    const { id } = begun
    expect(['SUBMITTED', 'WORKING']).toContain(nameOf(begun))
    const updates = collect(client.resubscribeTask({ tenant: '', id }))
    const found = await client.getTask({ tenant: '', id, historyLength: 0 })
    expect([found.id, found.contextId, found.history]).toEqual([id, contextId, []])
    expect((await listOf(client, { contextId })).tasks.map((task) => task.id)).toEqual([id])
    await until(app, id, 'agent_choice')
    expect(nameOf(await client.cancelTask({ tenant: '', id, metadata: undefined }))).toBe(
      'CANCELED',
    )
    const { artifact, states } = gather(await updates)
    expect([artifact, states.at(-1)]).toEqual(['Once', 'CANCELED'])
    const again = client.cancelTask({ tenant: '', id, metadata: undefined })
    await expect(again).rejects.toMatchObject({ name: 'TaskNotCancelableError' })
  })

  test('a message for a task that works reaches the agent', async () => {
    const reading = { toolCalls: [{ name: 'list_directory', arguments: { path: '.' } }] }
    const go = Promise.withResolvers<void>()
    const seen = model.requests.length
    model.push({ text: 'Hm', ...reading, hold: go.promise }, { text: 'Blue then' })
    const { id: taskId } = await sendFor(client, { text: 'Paint', returnImmediately: true })
    await model.received(seen + 1)
    const steered = collect(client.sendMessageStream(say({ text: 'In blue', taskId })))
    await until(app, taskId, 'agent_choice')
    go.resolve()
    expect(gather(await steered)).toMatchObject({ artifact: 'Blue then' })
    expect(JSON.stringify(model.requests.at(-1)?.body.messages)).toContain('In blue')
  })

  test('a stream that follows a waiting task sees what somebody else decides', async () => {
    model.push(write, { text: 'Written' })
    const { id, contextId } = await sendFor(client, { text: 'Write' })
    const stream = client.resubscribeTask({ tenant: '', id })
    const begun = await stream.next()
    if (begun.done) throw new Error('the stream is empty')
    await resume(app, contextId, { confirmation: 'approve' })
    const { artifact, states } = gather([begun.value, ...(await collect(stream))])
    expect([artifact, states[0], states.at(-1)]).toEqual(['Written', 'INPUT_REQUIRED', 'COMPLETED'])
  })

  test('a run that fails is a failed task, which says why', async () => {
    model.push({ fault: { kind: 'status', status: 401 } })
    const task = await sendFor(client, { text: 'Hi' })
    expect(nameOf(task)).toBe('FAILED')
    expect(textOf(task.status?.message)).not.toBe('')
  })

  test('what is wrong has the name that the protocol gives it', async () => {
    model.push({ text: 'Over' })
    const { id } = await sendFor(client, { text: 'Hi' })
    const unknown = client.getTask({ tenant: '', id: 'run_0' })
    await expect(unknown).rejects.toMatchObject({ name: 'TaskNotFoundError' })
    const over = client.sendMessage(say({ text: 'More', taskId: id }))
    await expect(over).rejects.toMatchObject({ name: 'UnsupportedOperationError' })
    const followed = collect(client.resubscribeTask({ tenant: '', id }))
    await expect(followed).rejects.toThrow('is over')
    const elsewhere = await connectA2a(url, { agent: 'sorter', binding })
    const other = elsewhere.getTask({ tenant: '', id })
    await expect(other).rejects.toMatchObject({ name: 'TaskNotFoundError' })
    const moved = client.sendMessage(say({ text: 'More', taskId: id, contextId: 'another' }))
    await expect(moved).rejects.toMatchObject({ name: 'RequestMalformedError' })
  })
})

test('with its session a task is gone', async () => {
  const client = await connectA2a(url)
  model.push({ text: 'Noted' })
  const { id, contextId } = await sendFor(client, { text: 'Note it' })
  await app.client.DELETE('/api/sessions/{session}', { params: { path: { session: contextId } } })
  const gone = client.getTask({ tenant: '', id })
  await expect(gone).rejects.toMatchObject({ name: 'TaskNotFoundError' })
})

test('an agent with a schema answers with data', async () => {
  const client = await connectA2a(url, { agent: 'sorter' })
  model.push({ text: '{"kind":"bill"}' }, { text: '{"kind":"note"}' })
  const task = await sendFor(client, { text: 'Sort' })
  expect(task.artifacts[0]?.parts[0]).toMatchObject({
    content: { $case: 'data', value: { kind: 'bill' } },
    mediaType: 'application/json',
  })
  const events = await collect(client.sendMessageStream(say({ text: 'Sort' })))
  expect(gather(events).artifact).toEqual({ kind: 'note' })
})

test('tasks are listed page by page, by state and by time', async () => {
  const client = await connectA2a(url, { agent: 'sorter' })
  const before = (await listOf(client, {})).totalSize
  model.push({ text: '{}' }, { fault: { kind: 'status', status: 401 } })
  const first = await sendFor(client, { text: 'a' })
  const second = await sendFor(client, { text: 'b' })
  const page = await listOf(client, { pageSize: 1 })
  expect([page.tasks.map(({ id }) => id), page.totalSize]).toEqual([[second.id], before + 2])
  const next = await listOf(client, { pageSize: 1, pageToken: page.nextPageToken })
  expect(next.tasks.map(({ id }) => id)).toEqual([first.id])
  expect(next.tasks[0]?.artifacts).toEqual([])
  const failed = await listOf(client, { status: TaskState.TASK_STATE_FAILED })
  expect(failed.tasks.map(({ id }) => id)).toEqual([second.id])
  const later = await listOf(client, { statusTimestampAfter: '2999-01-01T00:00:00Z' })
  expect(later.tasks).toEqual([])
})

test('images and files reach the model', async () => {
  model.push({ text: 'A dot' })
  const parts = [
    { text: 'What is it?' },
    { raw: 'iVBORw0KGgo=', mediaType: 'image/png' },
    { url: 'https://example.test/dot.png', mediaType: 'image/png' },
  ]
  const message = { messageId: 'm', role: 'ROLE_USER', parts }
  const [status] = await post('/message:send', { message })
  expect(status).toBe(200)
  const content = JSON.stringify(model.requests.at(-1)?.body.messages.at(-1)?.content)
  expect(content).toContain('data:image/png;base64,iVBORw0KGgo=')
  expect(content).toContain('https://example.test/dot.png')
})

const message = { messageId: 'm', role: 'ROLE_USER', parts: [{ text: 'Hi' }] }

test.each([
  ['half JSON', '{"jsonrpc":', -32700],
  ['a batch', '[]', -32600],
  ['an unknown method', { method: 'message/send' }, -32601],
  ['params that are a list', { method: 'GetTask', params: [] }, -32602],
  ['no message', { method: 'SendMessage', params: {} }, -32602],
  ['no parts', { method: 'SendMessage', params: { message: { ...message, parts: [] } } }, -32602],
  [
    'an agent that speaks',
    { method: 'SendMessage', params: { message: { ...message, role: 'ROLE_AGENT' } } },
    -32602,
  ],
  [
    'an image that is a path',
    sending({ url: 'file:///etc/hosts', mediaType: 'image/png' }),
    -32602,
  ],
  ['bytes that are none', sending({ raw: '"};', mediaType: 'image/png' }), -32602],
  ['a kind that is none', sending({ raw: 'AAAA', mediaType: 'image/png;,' }), -32602],
  ['a list of tasks too long', { method: 'ListTasks', params: { pageSize: 101 } }, -32602],
  [
    'push notifications',
    {
      method: 'SendMessage',
      params: { message, configuration: { taskPushNotificationConfig: { url: 'http://x' } } },
    },
    -32003,
  ],
  ['an extended card', { method: 'GetExtendedAgentCard' }, -32004],
  [
    'a file by its address',
    {
      method: 'SendMessage',
      params: { message: { ...message, parts: [{ url: 'http://x/a.pdf' }] } },
    },
    -32005,
  ],
  [
    'only audio back',
    {
      method: 'SendMessage',
      params: { message, configuration: { acceptedOutputModes: ['audio/wav'] } },
    },
    -32005,
  ],
])('%s is an error of JSON-RPC', async (_, body, code) => {
  const text = typeof body === 'string' ? body : JSON.stringify({ jsonrpc: '2.0', id: 1, ...body })
  expect(await post('', text)).toMatchObject([200, { jsonrpc: '2.0', error: { code } }])
})

test.each([
  ['/message:send', {}, 400, 'INVALID_ARGUMENT'],
  ['/message:send', '{', 400, 'INVALID_ARGUMENT'],
  ['/message:other', {}, 404, 'NOT_FOUND'],
  ['/tasks/run_0:cancel', '', 404, 'NOT_FOUND'],
  ['/tasks/run_0:explode', '', 404, 'NOT_FOUND'],
  ['/tasks/run_0/pushNotificationConfigs', {}, 400, 'FAILED_PRECONDITION'],
])(
  'POST %s with %j is refused in the shape of the other binding',
  async (path, body, code, status) => {
    const answer = await post(path, body)
    expect(answer).toMatchObject([
      code,
      { error: { code, status, details: [{ domain: 'a2a-protocol.org' }] } },
    ])
  },
)

test('another version of the protocol is refused', async () => {
  const request = JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'ListTasks' })
  const refused = await post('', request, { 'a2a-version': '0.3' })
  expect(refused).toMatchObject([200, { error: { code: -32009 } }])
  expect(await post('', request, { 'a2a-version': '1.0' })).toMatchObject([200, { result: {} }])
})

function sending(part: object) {
  return { method: 'SendMessage', params: { message: { ...message, parts: [part] } } }
}

async function post(path: string, body: object | string, headers: Record<string, string> = {}) {
  const answer = await fetch(`${url}/a2a/assistant${path}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: typeof body === 'string' ? body : JSON.stringify(body),
  })
  return [answer.status, await answer.json()]
}

function listOf(client: Client, request: Partial<Parameters<Client['listTasks']>[0]>) {
  return client.listTasks({
    tenant: '',
    contextId: '',
    status: TaskState.TASK_STATE_UNSPECIFIED,
    pageToken: '',
    statusTimestampAfter: undefined,
    ...request,
  })
}
