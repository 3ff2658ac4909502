import { expect, test } from 'vitest'
import type { EventBody } from '#contract/event.ts'
import {
  applyEvent,
  type Conversation,
  emptyConversation,
  type RuntimeEvent,
} from '../../src/client/index.ts'
import { deltas, sampleLog, started, stopped, toLog, toMessage } from './sample-log.ts'

const toolCall = {
  id: 'call_1',
  type: 'function' as const,
  function: { name: 'read_file', arguments: '{"path":"a"}' },
}
const toolDefinition = {
  name: 'read_file',
  description: '',
  parameters: {},
  annotations: {},
  effect: 'read' as const,
}

test('a finished run leaves its messages and nothing on its way', () => {
  const conversation = replay(sampleLog())
  expect(conversation.messages.map(({ role, content }) => [role, content])).toEqual([
    ['user', 'Grüezi'],
    ['assistant', 'Ein Bär 🐻 brummt\n– laut'],
  ])
  expect(conversation).toMatchObject({ status: 'idle', drafts: [], runs: [], seq: 12 })
})

test('a message on another branch takes the place of what followed its parent', () => {
  const said = (...[id, role, content, parent]: Parameters<typeof toMessage>): EventBody => {
    const message = toMessage(id, role, content, parent)
    const type = role === 'user' ? 'user_message' : 'message_added'
    return { type, message_id: id, message }
  }
  const log = toLog([
    said('msg_1', 'user', 'One'),
    said('msg_2', 'assistant', 'First', 'msg_1'),
    said('msg_3', 'user', 'Two', 'msg_2'),
    said('msg_4', 'user', 'Two again', 'msg_2'),
    said('msg_5', 'assistant', 'Second', 'msg_4'),
  ])
  const contents = ({ messages }: Conversation) => messages.map(({ content }) => content)
  expect(contents(replay(log))).toEqual(['One', 'First', 'Two again', 'Second'])
  const anew = toLog([said('msg_1', 'user', 'One'), said('msg_2', 'user', 'Zero')])
  expect(contents(replay(anew))).toEqual(['Zero'])
})

test('a draft grows with the text, the reasoning and the calls of one answer', () => {
  const conversation = replay(
    toLog([
      started,
      { type: 'agent_choice_reasoning', content: 'hm', part: 0, offset: 0 },
      ...deltas(['Hel', 'lo']),
      partialCall('{"pa', 0),
      partialCall('th":"a"}', 4),
    ]),
  )
  expect(conversation.status).toBe('running')
  expect(conversation.drafts).toMatchObject([
    { run_id: 'run_1', content: ['Hello'], reasoning: ['hm'], tool_calls: [toolCall] },
  ])
})

test('a restarted step takes back what came after the event to keep', () => {
  const log = toLog([
    started,
    { type: 'step_started', step: 1 },
    ...deltas(['kept', ' dropped', ' too']),
    { type: 'step_restarted', step: 1, keep_to: 3, reason: 'model_error' },
    ...deltas([' and new'], 4),
  ])
  expect(replay(log).drafts[0]?.content).toEqual(['kept and new'])
})

test('a row that stands for a range is written over what is there', () => {
  const first = toLog([started, ...deltas(['ab', 'cd'])])
  const [whole] = toLog([{ type: 'agent_choice', content: 'abcdef', part: 0, offset: 0 }], 5)
  const conversation = replay(whole ? [...first, { ...whole, seq_from: 2 }] : [])
  expect(conversation.drafts[0]?.content).toEqual(['abcdef'])
})

test('a call is followed from the question to its result', () => {
  const log = toLog([
    started,
    {
      type: 'tool_call_confirmation',
      tool_call: toolCall,
      tool_definition: toolDefinition,
      approval_id: 'apr_1',
      expires_at: '2026-02-01T12:00:00.000Z',
    },
    { type: 'run_waiting', reason: 'approval' },
    { type: 'run_resumed', reason: 'approval' },
    {
      type: 'tool_call',
      tool_call: toolCall,
      tool_definition: toolDefinition,
      executor: 'server',
    },
    { type: 'tool_call_output', tool_call_id: 'call_1', content: 'half, ' },
    { type: 'tool_call_output', tool_call_id: 'call_1', content: 'whole' },
    {
      type: 'tool_call_response',
      tool_call: toolCall,
      response: 'text',
      result: { output: 'text', is_error: false },
      state: 'succeeded',
      duration_ms: 3,
    },
  ] satisfies EventBody[])
  expect(replay(log.slice(0, 3))).toMatchObject({
    status: 'waiting',
    calls: [{ state: 'awaiting', approval_id: 'apr_1' }],
  })
  expect(replay(log).status).toBe('running')
  expect(replay(log).calls).toMatchObject([
    { state: 'succeeded', output: 'half, whole', response: 'text', tool_call: toolCall },
  ])
})

test('a failed run says why until the next one begins', () => {
  const log = toLog([
    started,
    { type: 'error', error: 'The model hung up', code: 'model_error', retryable: true },
    { ...stopped, reason: 'failed', completed: false } as EventBody,
    { ...started, run_id: 'run_3' },
  ])
  expect(replay(log.slice(0, 3))).toMatchObject({
    status: 'idle',
    error: { code: 'model_error', error: 'The model hung up', retryable: true },
  })
  expect(replay(log)).toMatchObject({ status: 'running', error: null })
})

test('an event that is there already changes nothing', () => {
  const conversation = replay(sampleLog())
  for (const event of sampleLog()) expect(applyEvent(conversation, event)).toBe(conversation)
})

test('no state is changed by the one after it', () => {
  const frozen = sampleLog().reduce(
    (conversation, event) => deepFreeze(applyEvent(conversation, event)),
    emptyConversation,
  )
  expect(frozen.messages.at(-1)).toMatchObject(
    toMessage('msg_2', 'assistant', 'Ein Bär 🐻 brummt\n– laut', 'msg_1'),
  )
})

function replay(events: RuntimeEvent[]): Conversation {
  return events.reduce(applyEvent, emptyConversation)
}

function partialCall(more: string, offset: number): EventBody {
  return {
    type: 'partial_tool_call',
    tool_call_id: 'call_1',
    name: 'read_file',
    arguments_delta: more,
    offset,
  }
}

function deepFreeze<Value>(value: Value): Value {
  if (typeof value === 'object' && value !== null) {
    for (const inner of Object.values(value)) deepFreeze(inner)
    Object.freeze(value)
  }
  return value
}
