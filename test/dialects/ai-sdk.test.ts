import {
  lastAssistantMessageIsCompleteWithApprovalResponses,
  lastAssistantMessageIsCompleteWithToolCalls,
} from 'ai'
import { expect, test } from 'vitest'
import { startApp } from '../support/app.ts'
import { openChat, outline, type Shown } from './ai-sdk-client.ts'

const team = `
agents:
  root:
    model: scripted
    description: Leads
    sub_agents: [helper]
  helper:
    model: scripted
    description: Helps
    toolsets:
      - { type: filesystem, path: ./files }
`
const assistant = `
agents:
  root:
    model: scripted
    description: Helps
    toolsets:
      - { type: filesystem, path: ./files }
      - type: think
      - type: user_prompt
`
const app = await startApp({ lifetime: 'file', agents: { assistant, team } })
const { model } = app
const write = {
  toolCalls: [{ id: 'call_w', name: 'write_file', arguments: { path: 'a.txt', content: 'x' } }],
}
const locate = { description: 'Where the user is', inputSchema: { type: 'object', properties: {} } }

test('a message is answered by a stream of parts, and the chat goes on', async () => {
  const { chat, lastChunks } = openChat(app, { id: 'told' })
  model.push({ reasoning: 'Hm.', text: 'Hello there' }, { text: 'Again' })
  await chat.sendMessage({ text: 'Hi' })
  expect(outline(await lastChunks())).toEqual([
    'start',
    'message-metadata',
    'start-step',
    'reasoning-start',
    'reasoning-delta',
    'reasoning-end',
    'text-start',
    'text-delta',
    'text-end',
    'finish-step',
    'finish',
  ])
  expect(chat.status).toBe('ready')
  expect(chat.lastMessage).toMatchObject({
    role: 'assistant',
    metadata: { runId: expect.stringMatching(/^run_/), usage: { totalTokens: expect.any(Number) } },
    parts: [
      { type: 'step-start' },
      { type: 'reasoning', text: 'Hm.', state: 'done' },
      { type: 'text', text: 'Hello there', state: 'done' },
    ],
  })
  await chat.sendMessage({ text: 'And now?' })
  expect(sent()).toEqual(['user Hi', 'assistant Hello there', 'user And now?'])
  expect(chat.messages.map(({ role }) => role)).toEqual(['user', 'assistant', 'user', 'assistant'])
})

test('the tools of the server are parts with outputs', async () => {
  const { chat, lastChunks } = openChat(app, {
    id: 'tools',
    sendAutomaticallyWhen: lastAssistantMessageIsCompleteWithToolCalls,
  })
  model.push(
    {
      text: 'Looking.',
      toolCalls: [
        { id: 'call_k', name: 'think', arguments: { thought: 'hm' } },
        { id: 'call_r', name: 'read_file', arguments: { path: 'none.txt' } },
      ],
    },
    { text: 'Done.' },
  )
  await chat.sendMessage({ text: 'Look' })
  expect(outline(await lastChunks())).toContain('tool-input-delta')
  expect(chat.lastMessage?.parts).toMatchObject([
    { type: 'step-start' },
    { type: 'text', text: 'Looking.' },
    {
      type: 'tool-think',
      state: 'output-available',
      input: { thought: 'hm' },
      providerExecuted: true,
    },
    { type: 'tool-read_file', state: 'output-error', errorText: expect.any(String) },
    { type: 'step-start' },
    { type: 'text', text: 'Done.' },
  ])
})

test('an approval is asked for and given, and the answer goes on, also over a restart', async () => {
  const { chat, lastChunks, streams, until } = openChat(app, {
    id: 'asked',
    sendAutomaticallyWhen: lastAssistantMessageIsCompleteWithApprovalResponses,
  })
  model.push(write, { text: 'Written.' })
  await chat.sendMessage({ text: 'Write it' })
  expect(outline(await lastChunks()).slice(-3)).toEqual([
    'tool-approval-request',
    'finish-step',
    'finish',
  ])
  const part = chat.lastMessage?.parts.at(-1)
  expect(part).toMatchObject({ type: 'tool-write_file', state: 'approval-requested' })
  await app.restart()
  await chat.addToolApprovalResponse({ id: approvalOf(chat.lastMessage), approved: true })
  await until(() => chat.status === 'ready' && streams.length === 2)
  expect(chat.messages).toHaveLength(2)
  expect(chat.lastMessage?.parts).toMatchObject([
    { type: 'step-start' },
    { type: 'tool-write_file', state: 'output-available', approval: { approved: true } },
    { type: 'step-start' },
    { type: 'text', text: 'Written.' },
  ])
  const { data } = await app.client.GET('/api/sessions/{session}/runs', {
    params: { path: { session: 'asked' } },
  })
  expect(data?.data.map(({ status }) => status)).toEqual(['completed'])
})

test('an approval that is refused leaves a call that was denied', async () => {
  const { chat, streams, until } = openChat(app, {
    id: 'refused',
    sendAutomaticallyWhen: lastAssistantMessageIsCompleteWithApprovalResponses,
  })
  model.push(write, { text: 'Then not.' })
  await chat.sendMessage({ text: 'Write it' })
  const id = approvalOf(chat.lastMessage)
  await chat.addToolApprovalResponse({ id, approved: false, reason: 'Not that' })
  await until(() => chat.status === 'ready' && streams.length === 2)
  expect(chat.lastMessage?.parts.slice(1)).toMatchObject([
    { type: 'tool-write_file', state: 'output-denied' },
    { type: 'step-start' },
    { type: 'text', text: 'Then not.' },
  ])
  expect(sent().at(-1)).toContain('Not that')
})

test('a decision and a message at once', async () => {
  const { chat, lastChunks } = openChat(app, { id: 'at once' })
  model.push(write, { text: 'Hurried.' })
  await chat.sendMessage({ text: 'Write it' })
  await chat.addToolApprovalResponse({ id: approvalOf(chat.lastMessage), approved: true })
  await chat.sendMessage({ text: 'Hurry' })
  expect(textOf(chat.lastMessage)).toBe('Hurried.')
  expect(outline(await lastChunks())).not.toContain('steering-message')
  expect(sent().filter((text) => text.startsWith('user'))).toEqual(['user Write it', 'user Hurry'])
})

test('two approvals are decided one after the other', async () => {
  const { chat } = openChat(app, { id: 'two' })
  model.push(
    {
      toolCalls: ['b', 'c'].map((name) => ({
        id: `call_${name}`,
        name: 'write_file',
        arguments: { path: `${name}.txt`, content: 'x' },
      })),
    },
    { text: 'Both written.' },
  )
  await chat.sendMessage({ text: 'Write both' })
  await chat.addToolApprovalResponse({ id: approvalOf(chat.lastMessage), approved: true })
  await chat.sendMessage()
  await chat.addToolApprovalResponse({ id: approvalOf(chat.lastMessage), approved: true })
  await chat.sendMessage()
  expect(chat.lastMessage?.parts.at(-1)).toMatchObject({ text: 'Both written.' })
})

test("the client's tools are called with onToolCall, and their outputs go on with the answer", async () => {
  const opened = openChat(app, {
    id: 'client tools',
    body: { tools: { locate } },
    sendAutomaticallyWhen: lastAssistantMessageIsCompleteWithToolCalls,
    onToolCall({ toolCall }) {
      if (toolCall.toolName !== 'locate') return
      const { toolCallId } = toolCall
      void opened.chat.addToolOutput({ tool: 'locate', toolCallId, output: { city: 'Rome' } })
    },
  })
  const { chat, streams, until } = opened
  model.push(
    {
      toolCalls: [
        { id: 'call_l', name: 'locate' },
        { name: 'think', arguments: { thought: 'x' } },
      ],
    },
    { text: 'In Rome.' },
  )
  await chat.sendMessage({ text: 'Where am I?' })
  await until(() => chat.status === 'ready' && streams.length === 2)
  expect(chat.messages).toHaveLength(2)
  expect(chat.lastMessage?.parts).toMatchObject([
    { type: 'step-start' },
    { type: 'tool-locate', state: 'output-available', output: { city: 'Rome' } },
    { type: 'tool-think', state: 'output-available' },
    { type: 'step-start' },
    { type: 'text', text: 'In Rome.' },
  ])
  expect(sent()).toContain('tool {"city":"Rome"}')
})

test('an answer is made anew beside the old one', async () => {
  const { chat } = openChat(app, { id: 'regenerated' })
  model.push({ text: 'One' }, { text: 'Two' }, { text: 'One again' }, { text: 'Three' })
  await chat.sendMessage({ text: 'first' })
  const answer = chat.lastMessage?.id ?? ''
  await chat.sendMessage({ text: 'second' })
  await chat.regenerate({ messageId: answer })
  expect(sent()).toEqual(['user first'])
  await chat.regenerate()
  expect(sent()).toEqual(['user first'])
  expect(chat.messages.map(textOf)).toEqual(['first', 'Three'])
})

test('a message that is edited takes the place of the old one', async () => {
  const { chat } = openChat(app, { id: 'edited' })
  model.push({ text: 'One' }, { text: 'Two' }, { text: 'Other' })
  await chat.sendMessage({ text: 'first' })
  await chat.sendMessage({ text: 'second' })
  const messageId = chat.messages[0]?.id ?? ''
  await chat.sendMessage({ text: 'another first', messageId })
  expect(sent()).toEqual(['user another first'])
  expect(chat.messages.map(textOf)).toEqual(['another first', 'Other'])
})

test('a question of the agent is text and data; the next message answers it', async () => {
  const { chat } = openChat(app, { id: 'question' })
  model.push(
    { toolCalls: [{ name: 'user_prompt', arguments: { message: 'Which file?' } }] },
    { text: 'That one.' },
    { text: 'Yes.' },
  )
  await chat.sendMessage({ text: 'Change it' })
  expect(chat.lastMessage?.parts.slice(-2)).toMatchObject([
    { type: 'text', text: 'Which file?' },
    { type: 'data-elicitation', data: { message: 'Which file?', mode: 'form' } },
  ])
  await chat.sendMessage({ text: 'a.txt' })
  expect(chat.messages.map(textOf).at(-1)).toBe('That one.')
  expect(sent().at(-1)).toContain('a.txt')
  await chat.sendMessage({ text: 'Sure?' })
  expect(sent().filter((text) => text.startsWith('user'))).toEqual(['user Change it', 'user Sure?'])
})

test('a message instead of an answer makes room for itself', async () => {
  const { chat } = openChat(app, { id: 'never mind' })
  model.push(write, { text: 'As you like.' })
  await chat.sendMessage({ text: 'Write it' })
  await chat.sendMessage({ text: 'Never mind' })
  expect(textOf(chat.lastMessage)).toBe('As you like.')
  expect(sent().at(-1)).toBe('user Never mind')
})

test('a call of a sub-agent can be approved too', async () => {
  const { chat } = openChat(app, { id: 'team', agent: 'team' })
  const task = { agent: 'helper', task: 'Write', expected_output: 'That it is written' }
  model.push(
    { toolCalls: [{ id: 'call_t', name: 'transfer_task', arguments: task }] },
    write,
    { text: 'I wrote it.' },
    { text: 'It is written.' },
  )
  await chat.sendMessage({ text: 'Write' })
  await chat.addToolApprovalResponse({ id: approvalOf(chat.lastMessage), approved: true })
  await chat.sendMessage()
  expect(chat.lastMessage?.parts).toMatchObject([
    { type: 'step-start' },
    { type: 'tool-transfer_task', state: 'output-available' },
    { type: 'tool-write_file', state: 'output-available' },
    { type: 'step-start' },
    { type: 'text', text: 'It is written.' },
  ])
})

test('a model that fails is an error, and the answer can be made anew', async () => {
  const { chat } = openChat(app, { id: 'failing' })
  model.push({ fault: { kind: 'status', status: 401 } })
  await chat.sendMessage({ text: 'Hi' })
  expect([chat.status, chat.error?.message]).toEqual(['error', expect.any(String)])
  model.push({ text: 'Better.' })
  await chat.regenerate()
  expect(sent()).toEqual(['user Hi'])
  expect(textOf(chat.lastMessage)).toBe('Better.')
})

test('at the limit of iterations the answer ends', async () => {
  const limited = `${assistant}    max_iterations: 1\n`
  const own = await startApp({ agents: { assistant: limited } })
  const { chat, lastChunks, streams } = openChat(own, {
    id: 'limit',
    sendAutomaticallyWhen: lastAssistantMessageIsCompleteWithToolCalls,
  })
  own.model.push({ toolCalls: [{ name: 'think', arguments: { thought: 'hm' } }] })
  await chat.sendMessage({ text: 'Think' })
  expect((await lastChunks()).at(-1)).toMatchObject({ type: 'finish', finishReason: 'other' })
  expect([chat.status, streams.length]).toEqual(['ready', 1])
})

test('images and files reach the model', async () => {
  const { chat } = openChat(app, { id: 'files' })
  model.push({ text: 'A dot.' })
  const files = [
    { type: 'file' as const, mediaType: 'image/png', url: 'data:image/png;base64,aGk=' },
  ]
  await chat.sendMessage({ text: 'What is it?', files })
  const { messages } = model.requests.at(-1)?.body ?? { messages: [] }
  expect(messages.at(-1)?.content).toEqual([
    { type: 'image_url', image_url: { url: 'data:image/png;base64,aGk=' } },
    { type: 'text', text: 'What is it?' },
  ])
})

function sent(): string[] {
  return (model.requests.at(-1)?.body.messages ?? []).map(
    ({ role, content }) => `${role} ${String(content)}`,
  )
}

function textOf(message: Shown | undefined): string {
  return (message?.parts ?? []).map((part) => (part.type === 'text' ? part.text : '')).join('')
}

function approvalOf(message: Shown | undefined): string {
  for (const part of message?.parts ?? []) {
    if ('state' in part && part.state === 'approval-requested') return part.approval.id
  }
  throw new Error('Nothing asks for an approval')
}
