import { expect, test } from 'vitest'
import type { EventBody } from '#contract/event.ts'
import type { Message, RuntimeEvent, ToolCall } from '../../src/client/index.ts'
import { type CallView, itemsOf, sumUsage } from '../../web/src/state/items.ts'
import { emptyRecord, type LogRecord, recordEvent } from '../../web/src/state/log-record.ts'
import { todosOf } from '../../web/src/state/todos.ts'
import { started, stopped, toLog, toMessage } from '../client/sample-log.ts'

type StoredMessage = ReturnType<typeof toMessage>

const definition = {
  name: 'write_file',
  description: 'Writes',
  parameters: {},
  annotations: {},
  effect: 'once' as const,
}

const bare = { sessionId: 'ses_1', record: emptyRecord }

test('an answer is one item from its first word to its last, with its calls in place', () => {
  const call = toCall('call_1', 'write_file', { path: 'a' })
  const messages = [
    toMessage('msg_1', 'user', 'Write it'),
    { ...toMessage('msg_2', 'assistant', 'I will.', 'msg_1'), tool_calls: [call] },
    { ...toMessage('msg_3', 'tool', 'Written', 'msg_2'), tool_call_id: 'call_1' },
    toMessage('msg_4', 'assistant', 'Done.', 'msg_3'),
  ]
  const items = itemsOf({ ...bare, messages: messages.map(plain), isActive: false })
  expect(items.map(({ type }) => type)).toEqual(['message', 'answer'])
  const [, answer] = items
  const parts = answer?.type === 'answer' ? answer.parts : []
  expect(parts.map(({ type }) => type)).toEqual(['text', 'call', 'text'])
  expect(callsIn(parts)).toMatchObject([{ state: 'succeeded', response: 'Written' }])
})

test('without a log a call without a result is still to come, or was left', () => {
  const message = toMessage('msg_1', 'assistant', '')
  const messages = [{ ...message, tool_calls: [toCall('call_1', 'think', {})] }]
  const stateOf = (isActive: boolean) => {
    const [item] = itemsOf({ ...bare, messages: messages.map(plain), isActive })
    return callsIn(item?.type === 'answer' ? item.parts : [])[0]?.state
  }
  expect([stateOf(true), stateOf(false)]).toEqual(['proposed', 'cancelled'])
})

test('the log tells about a call from the question to its end', () => {
  const call = toCall('call_1', 'write_file', { path: 'a' })
  const events = toLog([
    started,
    answerWith('msg_1', call),
    {
      type: 'tool_call_confirmation',
      tool_call: call,
      tool_definition: definition,
      approval_id: 'apr_1',
      expires_at: '2026-02-01T12:00:00.000Z',
    },
    { type: 'run_waiting', reason: 'approval' },
    { type: 'run_resumed', reason: 'approval' },
    { type: 'tool_call', tool_call: call, tool_definition: definition, executor: 'server' },
    { type: 'tool_call_output', tool_call_id: 'call_1', content: 'half ' },
    { type: 'tool_call_output', tool_call_id: 'call_1', content: 'way' },
    responseTo(call, 'Written'),
  ])
  const states = events.map((_, index) => {
    const record = recordOf(events.slice(0, index + 1))
    return [record.calls['msg_1 call_1']?.state, record.waiting?.reason]
  })
  expect(states.slice(2)).toEqual([
    ['awaiting', undefined],
    ['awaiting', 'approval'],
    ['awaiting', undefined],
    ['started', undefined],
    ['started', undefined],
    ['started', undefined],
    ['succeeded', undefined],
  ])
  expect(recordOf(events).calls['msg_1 call_1']).toMatchObject({
    output: 'half way',
    response: 'Written',
    duration_ms: 5,
    approval: { id: 'apr_1' },
  })
})

test('the same id in a later answer is another call', () => {
  const [first, second] = [toCall('call_1', 'think', {}), toCall('call_1', 'think', { more: 1 })]
  const record = recordOf(
    toLog([
      started,
      answerWith('msg_1', first),
      responseTo(first, 'One'),
      answerWith('msg_2', second, 'msg_1'),
      responseTo(second, 'Two'),
    ]),
  )
  expect(Object.values(record.calls).map(({ response }) => response)).toEqual(['One', 'Two'])
})

test('a sub-agent belongs to the call that gave it the task, before and after its end', () => {
  const sub = { session_id: 'ses_2', run_id: 'run_2', agent: 'researcher' }
  const calls = ['Count the bears', 'Count the birds'].map((task, index) =>
    toCall(`call_${index}`, 'transfer_task', { agent: 'researcher', task }),
  )
  const events = toLog([
    started,
    answerWith('msg_1', ...calls),
    ...calls.map((tool_call) => ({
      type: 'tool_call' as const,
      tool_call,
      tool_definition: definition,
      executor: 'server' as const,
    })),
    {
      type: 'user_message',
      message_id: 'msg_2',
      message: toMessage('msg_2', 'user', '<task>\nCount the birds\n</task>'),
      ...sub,
    },
    { ...started, ...sub },
    { ...stopped, ...sub },
    { type: 'sub_session_completed', sub_session_id: 'ses_2', tool_call_id: 'call_1' },
  ])
  expect(recordOf(events.slice(0, -2)).subAgents.ses_2).toEqual({
    session_id: 'ses_2',
    agent: 'researcher',
    call: 'msg_1 call_1',
    isRunning: true,
  })
  expect(recordOf(events).subAgents.ses_2).toMatchObject({
    call: 'msg_1 call_1',
    isRunning: false,
  })
})

test('what is said between messages stands after the message that it followed', () => {
  const events = toLog([
    {
      type: 'user_message',
      message_id: 'msg_1',
      message: toMessage('msg_1', 'user', 'Hi'),
    },
    started,
    { type: 'error', error: 'The model is away', code: 'model_error', retryable: true },
    stopped,
  ])
  const items = itemsOf({
    sessionId: 'ses_1',
    messages: [plain(toMessage('msg_1', 'user', 'Hi'))],
    record: recordOf(events),
    isActive: false,
  })
  expect(items.map((item) => (item.type === 'notice' ? item.notice.text : item.type))).toEqual([
    'message',
    'The model is away',
  ])
})

test('a run at its budget tells which limit, until it goes on', () => {
  const events = toLog([
    started,
    { type: 'budget_exceeded', limit: 'tokens', allowed: 10, spent: 12 },
    { type: 'run_waiting', reason: 'budget' },
    { type: 'run_resumed', reason: 'budget' },
  ])
  expect(recordOf(events.slice(0, 3)).waiting).toMatchObject({
    reason: 'budget',
    limit: { limit: 'tokens', allowed: 10, spent: 12 },
  })
  expect(recordOf(events).waiting).toBeNull()
})

test('todos are what the tools said last about each', () => {
  const list = (response: string, name = 'create_todos'): RuntimeEvent[] => {
    const call = toCall(name, name, {})
    return toLog([started, answerWith(`msg_${name}`, call), responseTo(call, response)])
  }
  const events = [
    ...list('todo_1 [pending] Look\ntodo_2 [pending] Leap'),
    ...list('todo_1 [completed] Look\ntodo_2 [in-progress] Leap', 'update_todos'),
  ]
  expect(todosOf(Object.values(recordOf(events).calls))).toEqual([
    { id: 'todo_1', status: 'completed', text: 'Look' },
    { id: 'todo_2', status: 'in-progress', text: 'Leap' },
  ])
})

test('usage adds up; a cost that nobody knows stays unknown', () => {
  const usage = (input: number, cost: number | null) => ({
    input_tokens: input,
    output_tokens: 1,
    cached_input_tokens: 0,
    reasoning_tokens: 0,
    cost,
  })
  const message = toMessage('msg_1', 'assistant', 'Hi')
  const sum = (...usages: ReturnType<typeof usage>[]) =>
    sumUsage(usages.map((each): Message => ({ ...plain(message), usage: each })))
  expect(sum(usage(1, 0.5), usage(2, null))).toMatchObject({ input_tokens: 3, cost: 0.5 })
  expect(sum(usage(1, null))?.cost).toBeNull()
  expect(sumUsage([plain(message)])).toBeNull()
})

/** The contract's message spells its optional fields in another way than the generated one. */
function plain(message: StoredMessage): Message {
  return message as Message
}

function recordOf(events: RuntimeEvent[]): LogRecord {
  return events.reduce((record, event) => recordEvent(record, event, 'ses_1'), emptyRecord)
}

function callsIn(parts: readonly { type: string; call?: CallView }[]): CallView[] {
  return parts.flatMap(({ call }) => (call ? [call] : []))
}

function toCall(id: string, name: string, args: object): ToolCall {
  return { id, type: 'function', function: { name, arguments: JSON.stringify(args) } }
}

function answerWith(id: string, ...rest: (ToolCall | string)[]): EventBody {
  const parent = rest.find((one) => typeof one === 'string') ?? null
  const tool_calls = rest.filter((one) => typeof one !== 'string')
  const message = { ...toMessage(id, 'assistant', '', parent), tool_calls }
  return { type: 'message_added', message_id: id, message }
}

function responseTo(tool_call: ToolCall, response: string): EventBody {
  return {
    type: 'tool_call_response',
    tool_call,
    response,
    result: { output: response, is_error: false },
    state: 'succeeded',
    duration_ms: 5,
  }
}
