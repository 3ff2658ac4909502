import { HttpAgent } from '@ag-ui/client'
import { expect, test } from 'vitest'
import type { EventBody } from '#contract/event.ts'
import { createAgUiView } from '#http/dialects/ag-ui-view.ts'
import { call, log, message, usage } from '../support/event-log.ts'

const user = { id: 'u1', role: 'user' as const, content: 'Hi' }
const begin: EventBody[] = [
  {
    type: 'stream_started',
    agent_info: { model: 'scripted/scripted', description: '', version: '1' },
  },
  { type: 'step_started', step: 1 },
]
const anew: EventBody = { type: 'step_restarted', step: 1, keep_to: 2, reason: 'recovered' }
const stopped: EventBody = { type: 'stream_stopped', reason: 'completed', completed: true, usage }

function text(content: string): EventBody {
  return { type: 'agent_choice', content, part: 0, offset: 0 }
}

test('a run, frame by frame', () => {
  const answer = message('assistant', 'Hello')
  const added: EventBody = { type: 'message_added', message_id: 'msg_1', message: answer }
  expect(frames([...begin, text('Hel'), text('lo'), added, stopped])).toEqual([
    { type: 'RUN_STARTED', threadId: 't', runId: 'r', protocolVersion: '1.0' },
    { type: 'STEP_STARTED', stepName: 'step 1' },
    { type: 'TEXT_MESSAGE_START', messageId: 'run_1-1', role: 'assistant' },
    { type: 'TEXT_MESSAGE_CONTENT', messageId: 'run_1-1', delta: 'Hel' },
    { type: 'TEXT_MESSAGE_CONTENT', messageId: 'run_1-1', delta: 'lo' },
    { type: 'TEXT_MESSAGE_END', messageId: 'run_1-1' },
    { type: 'STEP_FINISHED', stepName: 'step 1' },
    { type: 'RUN_FINISHED', threadId: 't', runId: 'r', outcome: { type: 'success' } },
  ])
})

test('a step that begins anew takes back what it said', async () => {
  const half: EventBody = {
    type: 'partial_tool_call',
    tool_call_id: 'call_1',
    name: 'read_file',
    arguments_delta: '{"pa',
    offset: 0,
  }
  const thought: EventBody = { type: 'agent_choice_reasoning', content: 'Hm.', part: 0, offset: 0 }
  const again = [thought, text('Whole')]
  const seen = await applied([...begin, thought, text('Half'), half, anew, ...again, stopped])
  expect(seen).toEqual([
    user,
    { id: 'run_1-1-reasoning', role: 'reasoning', content: 'Hm.' },
    { id: 'run_1-1', role: 'assistant', content: 'Whole' },
  ])
})

test('a step that begins anew before it said anything tells nothing of it', () => {
  expect(frames([...begin, anew, text('x')]).map(({ type }) => type)).toEqual([
    'RUN_STARTED',
    'STEP_STARTED',
    'TEXT_MESSAGE_START',
    'TEXT_MESSAGE_CONTENT',
  ])
})

test('a call that was cut off has a result, and one that came whole is told once', async () => {
  const cut: EventBody[] = [
    {
      type: 'partial_tool_call',
      tool_call_id: 'call_cut',
      name: 'x',
      arguments_delta: '{',
      offset: 0,
    },
    { type: 'message_added', message_id: 'msg_1', message: message('assistant', 'So', ['call_2']) },
  ]
  const ended: EventBody = {
    type: 'tool_call_response',
    tool_call: call('call_2'),
    response: 'ok',
    result: { output: 'ok', is_error: false, images: [{ data: 'aGk=', mime_type: 'image/png' }] },
    state: 'succeeded',
    duration_ms: 1,
  }
  const seen = await applied([...begin, text('So'), ...cut, ended, stopped])
  expect(seen.slice(1)).toMatchObject([
    {
      role: 'assistant',
      content: 'So',
      toolCalls: [{ id: 'call_cut' }, { id: 'call_2', function: { arguments: '{}' } }],
    },
    { role: 'tool', toolCallId: 'call_cut', content: expect.stringContaining('nothing ran') },
    {
      role: 'tool',
      toolCallId: 'call_2',
      content: [
        { type: 'text', text: 'ok' },
        { type: 'image', source: { type: 'data', value: 'aGk=', mimeType: 'image/png' } },
      ],
    },
  ])
})

test('what somebody else says to the run is heard, the run’s own message is not', async () => {
  const mine = { ...message('user', 'Hi'), id: 'msg_mine' }
  const other = { ...message('user', 'Hurry'), id: 'msg_other' }
  const seen = await applied([
    { type: 'user_message', message_id: 'msg_mine', message: mine },
    ...begin,
    { type: 'user_message', message_id: 'msg_other', message: other },
    stopped,
  ])
  expect(seen).toEqual([user, { id: 'msg_other', role: 'user', content: 'Hurry' }])
})

test('plans are state', async () => {
  const plans: EventBody[] = [
    { type: 'plan_updated', plan: 'First this', updated: false },
    { type: 'plan_updated', plan: 'Then that', updated: true },
  ]
  const shown = frames([...begin, ...plans, stopped], { page: 3 })
  expect(shown.filter(({ type }) => String(type).startsWith('STATE'))).toEqual([
    { type: 'STATE_SNAPSHOT', snapshot: { page: 3, plan: 'First this' } },
    { type: 'STATE_DELTA', delta: [{ op: 'add', path: '/plan', value: 'Then that' }] },
  ])
})

test('a sub-agent that fails says why', () => {
  const error: EventBody = { type: 'error', error: 'No', code: 'model_error', retryable: false }
  const failed: EventBody = { ...stopped, reason: 'failed', completed: false }
  const view = open()
  for (const event of log(...begin)) view.show(event)
  const shown = log(error, failed).map((event) =>
    view.show({ ...event, session_id: 'ses_2', run_id: 'run_2', agent: 'helper' }),
  )
  expect(parse(shown.join(''))).toEqual([
    { type: 'SUBAGENT_STARTED', subagentRunId: 'run_2', name: 'helper' },
    { type: 'SUBAGENT_ERROR', subagentRunId: 'run_2', message: 'No', code: 'model_error' },
  ])
})

test.each([
  ['cancelled', { type: 'RUN_FINISHED', outcome: { type: 'cancelled' } }],
  ['max_iterations', { type: 'RUN_FINISHED', outcome: { type: 'success' } }],
  ['failed', { type: 'RUN_ERROR', message: 'The run failed' }],
] as const)('a run that is %s ends so', (reason, end) => {
  const shown = frames([...begin, text('x'), { ...stopped, reason, completed: false }])
  expect(shown.at(-1)).toMatchObject(end)
})

function open(state: unknown = {}) {
  return createAgUiView({
    run: { id: 'run_1', session_id: 'ses_1', model: null },
    place: { threadId: 't', runId: 'r' },
    messages: [user],
    state,
    isFromStart: true,
  })
}

function render(bodies: EventBody[], state?: unknown): string {
  const view = open(state)
  return (
    view.opening +
    log(...bodies)
      .map((event) => view.show(event))
      .join('')
  )
}

function frames(bodies: EventBody[], state?: unknown): Record<string, unknown>[] {
  return parse(render(bodies, state))
}

function parse(text: string): Record<string, unknown>[] {
  return text
    .split('\n\n')
    .filter((frame) => frame !== '')
    .map((frame) => {
      const { timestamp: _, ...fields } = JSON.parse(frame.replace('data: ', ''))
      return fields
    })
}

/** What the official client makes of it. */
async function applied(bodies: EventBody[]) {
  const headers = { 'content-type': 'text/event-stream' }
  const agent = new HttpAgent({
    url: 'http://127.0.0.1/',
    initialMessages: [user],
    fetch: async () => new Response(render(bodies), { headers }),
  })
  await agent.runAgent()
  return agent.messages
}
