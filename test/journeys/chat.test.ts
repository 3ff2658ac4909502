import { expect, test } from 'vitest'
import { chat } from '#client/index.ts'
import type { RuntimeEvent } from '#contract/event.ts'
import { startApp, textOf } from '../support/app.ts'

const { client, model, events } = await startApp({ lifetime: 'file' })

test('a chat streams typed events to its end, and the session remembers it', async () => {
  model.push({ text: 'Hello there' }, { text: 'Again' })
  const first = await collect(chat(client, { message: 'Hi', session_id: 'mine' }))
  expect(first.map((event) => event.type).filter(isNotDelta)).toEqual([
    'user_message',
    'stream_started',
    'step_started',
    'message_added',
    'token_usage',
    'stream_stopped',
  ])
  expect(textOf(first)).toBe('Hello there')
  await collect(chat(client, { message: 'More', session_id: 'mine' }))
  expect(model.requests[1]?.body.messages.map(({ role, content }) => [role, content])).toEqual([
    ['user', 'Hi'],
    ['assistant', 'Hello there'],
    ['user', 'More'],
  ])
})

test('the waiting representation gives the run, its message and its output', async () => {
  model.push({ text: 'Forty-two' })
  const { data } = await client.POST('/api/agents/{agent}/chat', {
    params: { path: { agent: 'assistant' } },
    body: { message: 'How many?' },
  })
  expect(data).toMatchObject({
    run: { status: 'completed', stop_reason: 'stop', iterations: 1 },
    message: { role: 'assistant', content: 'Forty-two' },
    output: 'Forty-two',
    completed: true,
  })
})

test('a tool that reads runs without asking and its result reaches the model', async () => {
  model.push(
    { text: 'Let me see.', toolCalls: [{ name: 'think', arguments: { thought: 'hm' } }] },
    { text: 'Done' },
  )
  const { data } = await client.POST('/api/chat', { body: { message: 'Think' } })
  const log = await events('run' in data ? data.run.id : '')
  expect(log.map((event) => event.type).filter(isNotDelta)).toEqual([
    'user_message',
    'stream_started',
    'step_started',
    'message_added',
    'token_usage',
    'tool_call',
    'tool_call_response',
    'message_added',
    'step_started',
    'message_added',
    'token_usage',
    'stream_stopped',
  ])
  expect(model.requests.at(-1)?.body.messages.map(({ role }) => role)).toEqual([
    'user',
    'assistant',
    'tool',
  ])
})

function isNotDelta(type: string): boolean {
  return !['agent_choice', 'agent_choice_reasoning', 'partial_tool_call'].includes(type)
}

async function collect(events: AsyncIterable<RuntimeEvent>): Promise<RuntimeEvent[]> {
  const all: RuntimeEvent[] = []
  for await (const event of events) all.push(event)
  return all
}
