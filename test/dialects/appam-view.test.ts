import { expect, test } from 'vitest'
import type { EventBody, RuntimeEvent } from '#contract/event.ts'
import { createAppamView } from '#http/dialects/appam-view.ts'
import { call, log, message, toolMessage, usage } from '../support/event-log.ts'
import { type AppamFrame, framesOf, typesOf } from './appam-client.ts'

const begin: EventBody[] = [
  { type: 'user_message', message_id: 'msg_0', message: message('user', 'Hello') },
  {
    type: 'stream_started',
    agent_info: { model: 'anthropic/claude-haiku', description: '', version: '1' },
  },
  { type: 'step_started', step: 1 },
]

test('a plain answer is told in the documented order', () => {
  const frames = show(
    log(
      ...begin,
      { type: 'agent_choice_reasoning', content: 'A city.', part: 0, offset: 0 },
      { type: 'agent_choice', content: 'The capital', part: 1, offset: 0 },
      { type: 'agent_choice', content: ' of France is Paris.', part: 1, offset: 11 },
      { type: 'message_added', message_id: 'msg_1', message: message('assistant', 'The …') },
      used({ input_tokens: 25, output_tokens: 8, cached_input_tokens: 5, cost: 0.25 }),
      stopped('completed'),
    ),
  )
  expect(frames).toEqual([
    { type: 'session_started', session_id: 'abc-123' },
    { type: 'reasoning', content: 'A city.' },
    { type: 'content', content: 'The capital' },
    { type: 'content', content: ' of France is Paris.' },
    {
      type: 'usage_update',
      snapshot: {
        total_input_tokens: 25,
        total_output_tokens: 8,
        total_cache_creation_tokens: 0,
        total_cache_read_tokens: 5,
        total_reasoning_tokens: 0,
        total_compaction_input_tokens: 0,
        total_compaction_output_tokens: 0,
        total_cost_usd: 0.25,
        request_count: 1,
      },
    },
    { type: 'turn_completed' },
    { type: 'done' },
  ])
})

test('the calls of a step all begin, then end in the order of the model', () => {
  const frames = show(
    log(
      ...begin,
      {
        type: 'message_added',
        message_id: 'msg_1',
        message: message('assistant', '', ['call_1', 'call_2']),
      },
      response('call_2', { output: 'no such file', is_error: true }),
      response('call_1', { output: '{"lines":2}', is_error: false }),
      { type: 'message_added', message_id: 'msg_2', message: toolMessage('call_1') },
      { type: 'message_added', message_id: 'msg_3', message: toolMessage('call_2') },
      stopped('completed'),
    ),
  )
  const started = { type: 'tool_call_started', tool_name: 'read_file', arguments: '{}' }
  expect(frames.slice(1, -2)).toEqual([
    started,
    started,
    {
      type: 'tool_call_completed',
      tool_name: 'read_file',
      result: { lines: 2 },
      success: true,
      duration_ms: 4.5,
    },
    { type: 'tool_call_failed', tool_name: 'read_file', error: 'no such file' },
  ])
})

test('a run that fails, is cancelled or reaches its limit ends with one error and one done', () => {
  const failed = show(
    log(
      ...begin,
      { type: 'error', error: 'The model refused', code: 'model_error', retryable: false },
      stopped('failed'),
    ),
  )
  expect(failed.slice(1)).toEqual([
    { type: 'error', message: 'The model refused' },
    { type: 'done' },
  ])
  const limited = show(
    log(...begin, { type: 'max_iterations_reached', limit: 7 }, stopped('max_iterations')),
  )
  expect(limited.slice(1)).toEqual([
    { type: 'error', message: 'The limit of 7 model calls was reached' },
    { type: 'done' },
  ])
  expect(show(log(...begin, stopped('cancelled'))).at(-2)).toEqual({
    type: 'error',
    message: 'The run was cancelled',
  })
})

test.each(['approval', 'elicitation'] as const)(
  'a run that waits for an %s over another door goes on',
  (reason) => {
    const frames = show(
      log(
        ...begin,
        { type: 'run_waiting', reason },
        { type: 'run_resumed', reason },
        stopped('completed'),
      ),
    )
    expect(typesOf(frames)).toEqual(['session_started', 'turn_completed', 'done'])
  },
)

test('a run that waits for what nobody can give here ends the stream, with a reason', () => {
  const frames = show(log(...begin, { type: 'run_waiting', reason: 'budget' }))
  expect(frames.slice(1)).toEqual([
    { type: 'error', message: expect.stringContaining('waits for more budget') },
    { type: 'done' },
  ])
})

test('usage adds up over the run, and an unknown price counts nothing', () => {
  const frames = show(
    log(
      ...begin,
      used({ input_tokens: 10, output_tokens: 1, cost: null }),
      { type: 'step_started', step: 2 },
      used({ input_tokens: 20, output_tokens: 2, cost: null }),
      stopped('completed'),
    ),
  )
  expect(frames.filter(({ type }) => type === 'usage_update').at(-1)?.snapshot).toMatchObject({
    total_input_tokens: 30,
    total_output_tokens: 3,
    total_cost_usd: 0,
    request_count: 2,
  })
})

test('a compacted history is told with its summary', () => {
  const frames = show(
    log(
      ...begin,
      { type: 'session_compaction', status: 'started' },
      { type: 'session_summary', summary: 'They met.' },
      { type: 'session_compaction', status: 'completed' },
      stopped('completed'),
    ),
  )
  expect(frames[1]).toEqual({ type: 'compaction', provider: 'anthropic', summary: 'They met.' })
})

test('what sub-agents say is not shown, and what they use is in the next sum', () => {
  const [first, second, third, text, theirs, own, end] = log(
    ...begin,
    { type: 'agent_choice', content: 'Inside', part: 0, offset: 0 },
    used({ input_tokens: 5 }),
    used({ input_tokens: 6 }),
    stopped('completed'),
  )
  const inside = (event: RuntimeEvent | undefined) =>
    event && { ...event, session_id: 'ses_2', run_id: 'run_2' }
  const events = [first, second, third, inside(text), inside(theirs), own, end]
  const frames = show(events.filter((event) => event !== undefined))
  expect(typesOf(frames)).toEqual(['session_started', 'usage_update', 'turn_completed', 'done'])
  expect(frames[1]?.snapshot).toMatchObject({ total_input_tokens: 11, request_count: 2 })
})

function show(events: RuntimeEvent[]): AppamFrame[] {
  const view = createAppamView({
    run: { id: 'run_1', session_id: 'ses_1' },
    sessionId: 'abc-123',
  })
  let text = view.opening ?? ''
  for (const event of events) {
    expect(view.isOver()).toBe(false)
    text += view.show(event)
  }
  expect(view.isOver()).toBe(true)
  return framesOf(text)
}

function used(tokens: Partial<typeof usage>): EventBody {
  return {
    type: 'token_usage',
    usage: { ...usage, ...tokens, context_length: 9, context_limit: null },
    totals: { ...usage, input_tokens: 1000 },
  }
}

function response(id: string, result: { output: string; is_error: boolean }): EventBody {
  return {
    type: 'tool_call_response',
    tool_call: call(id),
    response: result.output,
    result,
    state: result.is_error ? 'failed' : 'succeeded',
    duration_ms: 4.5,
  }
}

function stopped(reason: Extract<EventBody, { type: 'stream_stopped' }>['reason']): EventBody {
  return { type: 'stream_stopped', reason, completed: reason === 'completed', usage }
}
