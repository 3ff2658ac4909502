import { expect, test } from 'vitest'
import type { EventBody } from '#contract/event.ts'
import { beginSession } from '#http/dialects/mcp-session.ts'
import { createMcpView } from '#http/dialects/mcp-view.ts'
import { call, log, message, usage } from '../support/event-log.ts'

const run = { id: 'run_1', session_id: 'ses_1' }
const definition = {
  name: 'read_file',
  description: '',
  parameters: {},
  annotations: {},
  effect: 'read' as const,
}
const begin: EventBody[] = [
  { type: 'user_message', message_id: 'msg_0', message: message('user', 'Go') },
  {
    type: 'stream_started',
    agent_info: { model: 'openai/gpt-5-mini', description: '', version: '1' },
  },
  { type: 'step_started', step: 1 },
]
const asking: EventBody[] = [
  added('', ['a']),
  {
    type: 'tool_call_confirmation',
    tool_call: call('a'),
    tool_definition: definition,
    approval_id: 'apr_1',
    expires_at: '2026-02-01T12:00:00.000Z',
  },
  { type: 'run_waiting', reason: 'approval' },
]
const approved: EventBody[] = [
  { type: 'run_resumed', reason: 'approval' },
  { type: 'tool_call', tool_call: call('a'), tool_definition: definition, executor: 'server' },
  ended('a'),
  { type: 'step_started', step: 2 },
  added('Done'),
  { type: 'stream_stopped', reason: 'completed', completed: true, usage },
]

test('the result comes last, behind what was asked, logged and told', () => {
  const frames = show([...begin, ...asking, ...approved], { elicitation: {} })
  expect(frames).toEqual([
    'notifications/progress root begins',
    'notifications/message begins, with openai/gpt-5-mini',
    'notifications/progress root thinks, step 1',
    'elicitation/create approval/apr_1',
    'notifications/progress waits: approval',
    'notifications/progress goes on',
    'notifications/progress root calls read_file',
    'notifications/message calls read_file',
    'notifications/progress read_file: succeeded',
    'notifications/message read_file: succeeded',
    'notifications/progress root thinks, step 2',
    'notifications/message ends: completed',
    'result completed Done',
  ])
})

test('for a client that cannot ask, the result is what waits', () => {
  const frames = show([...begin, ...asking, ...approved], {})
  expect(frames.at(-1)).toMatch(/^result waiting The agent may call read_file with {}.*apr_1/)
})

test('a client that opens no pages is told the address of a question', () => {
  const question: EventBody = {
    type: 'elicitation_request',
    elicitation_id: 'eli_1',
    message: 'Sign in',
    mode: 'url',
    url: 'https://example.test/sign-in',
    expires_at: '2026-02-01T12:00:00.000Z',
  }
  expect(show([...begin, question], { elicitation: {} }).at(-1)).toMatch(
    /^result waiting The agent asks the user to open https:\/\/example\.test\/sign-in: Sign in/,
  )
  expect(show([...begin, question], { elicitation: { url: {} } }).at(-1)).toBe(
    'elicitation/create question/ses_1/eli_1',
  )
})

test('what sub-agents answer and how they end is not the result', () => {
  const sub = { session_id: 'ses_2', run_id: 'run_2', agent: 'helper' }
  const view = viewOf({})
  const [answer, end, own] = log(
    added('Mine'),
    { type: 'stream_stopped', reason: 'completed', completed: true, usage },
    { type: 'stream_stopped', reason: 'completed', completed: true, usage },
  )
  if (!answer || !end || !own) throw new Error('the log is short')
  view.show({ ...answer, ...sub })
  view.show({ ...end, ...sub })
  expect(view.isOver()).toBe(false)
  view.show(own)
  expect(view.outcome()).toEqual({ text: '', status: 'completed' })
})

test('the id stands on the last message of an event, and is the same in each view', () => {
  const [first] = log(...begin.slice(1, 2))
  if (!first) throw new Error('the log is short')
  const text = viewOf({}).show(first)
  expect(text).toBe(viewOf({}).show(first))
  expect(text.match(/^id: run_1:0:1:\S+$/gm)).toHaveLength(1)
  expect(text.indexOf('id: ')).toBeGreaterThan(text.indexOf('notifications/progress'))
})

function added(content: string, calls: string[] = []): EventBody {
  return { type: 'message_added', message_id: 'm', message: message('assistant', content, calls) }
}

function ended(id: string): EventBody {
  return {
    type: 'tool_call_response',
    tool_call: call(id),
    response: 'ok',
    result: { output: 'ok', is_error: false },
    state: 'succeeded',
    duration_ms: 1,
  }
}

function viewOf(capabilities: object) {
  return createMcpView({
    run,
    place: { runId: run.id, from: 0, requestId: 1, progressToken: 'p' },
    session: beginSession('ses_0', '2025-11-25', capabilities),
    sessionId: 'mine',
    structured: false,
  })
}

/** Each message in short, up to the end. */
function show(bodies: EventBody[], capabilities: object): string[] {
  const view = viewOf(capabilities)
  const frames: string[] = []
  for (const event of log(...bodies)) {
    if (view.isOver()) break
    frames.push(...view.show(event).split('\n\n').filter(Boolean))
  }
  return frames.map((frame) => {
    const { method, id, params, result } = JSON.parse(frame.split('data: ')[1] ?? '')
    if (result) return `result ${result.structuredContent.status} ${result.structuredContent.text}`
    return `${method} ${id ?? params.message ?? params.data.message}`
  })
}
