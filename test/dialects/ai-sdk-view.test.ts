import { expect, test } from 'vitest'
import type { EventBody } from '#contract/event.ts'
import { createAiSdkView } from '#http/dialects/ai-sdk-view.ts'
import { call, log, message, usage } from '../support/event-log.ts'
import { applied } from './ai-sdk-client.ts'

const created = '2026-01-31T12:00:00.000Z'
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

test('an answer, frame by frame', () => {
  const answer = message('assistant', 'Hello')
  const added: EventBody = { type: 'message_added', message_id: 'msg_1', message: answer }
  expect(render([...begin, text('Hel'), text('lo'), added, stopped])).toBe(
    [
      '{"type":"start","messageId":"run_1","messageMetadata":{"runId":"run_1","sessionId":"ses_1","agent":"assistant","createdAt":"2026-01-31T12:00:00.000Z"}}',
      '{"type":"message-metadata","messageMetadata":{"model":"scripted/scripted"}}',
      '{"type":"start-step"}',
      '{"type":"text-start","id":"text-1"}',
      '{"type":"text-delta","id":"text-1","delta":"Hel"}',
      '{"type":"text-delta","id":"text-1","delta":"lo"}',
      '{"type":"text-end","id":"text-1"}',
      '{"type":"finish-step"}',
      '{"type":"finish","finishReason":"stop","messageMetadata":{"usage":{"inputTokens":0,"outputTokens":0,"totalTokens":0,"reasoningTokens":0,"cachedInputTokens":0,"cost":null}}}',
      '[DONE]',
    ]
      .map((data) => `data: ${data}\n\n`)
      .join(''),
  )
})

test('a step that begins anew takes back what it said', async () => {
  const half: EventBody = {
    type: 'partial_tool_call',
    tool_call_id: 'call_1',
    name: 'read_file',
    arguments_delta: '{"pa',
    offset: 0,
  }
  const seen = await applied(render([...begin, text('Half'), half, anew, text('Whole'), stopped]))
  expect(seen?.parts).toEqual([
    { type: 'step-start' },
    { type: 'text', text: 'Whole', state: 'done' },
  ])
})

test('a step that begins anew before it said anything tells nothing of it', () => {
  expect(render([...begin, anew, text('x'), stopped])).not.toContain('reset-step')
})

test('a call that was cut off is an error', async () => {
  const cut: EventBody[] = [
    {
      type: 'partial_tool_call',
      tool_call_id: 'call_c',
      name: 'x',
      arguments_delta: '{',
      offset: 0,
    },
    { type: 'message_added', message_id: 'msg_1', message: message('assistant', '') },
  ]
  const seen = await applied(render([...begin, ...cut, { ...stopped, completed: false }]))
  expect(seen?.parts).toMatchObject([
    { type: 'step-start' },
    {
      type: 'tool-x',
      state: 'output-error',
      errorText: expect.stringContaining('nothing ran'),
      providerExecuted: true,
    },
  ])
})

test('outputs are values, images are files, progress and warnings pass by', async () => {
  const calling = message('assistant', '', ['call_2'])
  const seen = await applied(
    render([
      ...begin,
      { type: 'message_added', message_id: 'msg_1', message: calling },
      { type: 'tool_call_output', tool_call_id: 'call_2', content: 'Half way' },
      { type: 'warning', message: 'Slow', code: 'slow' },
      {
        type: 'tool_call_response',
        tool_call: call('call_2'),
        response: '{"lines":3}',
        result: {
          output: '{"lines":3}',
          is_error: false,
          images: [{ data: 'aGk=', mime_type: 'image/png' }],
        },
        state: 'succeeded',
        duration_ms: 1,
      },
      { type: 'plan_updated', plan: 'First this', updated: false },
      { type: 'plan_updated', plan: 'Then that', updated: true },
      stopped,
    ]),
  )
  expect(seen?.parts.slice(1)).toMatchObject([
    { type: 'tool-read_file', state: 'output-available', output: { lines: 3 } },
    { type: 'file', mediaType: 'image/png', url: 'data:image/png;base64,aGk=' },
    { type: 'data-plan', data: { plan: 'Then that' } },
  ])
  expect(seen?.parts).toHaveLength(4)
})

test('what somebody says to the run is steering, its own message is not', async () => {
  const mine = { ...message('user', 'Hi'), id: 'msg_mine' }
  const other = { ...message('user', 'Hurry'), id: 'msg_other' }
  const seen = await applied(
    render([
      { type: 'user_message', message_id: 'msg_mine', message: mine },
      ...begin,
      { type: 'user_message', message_id: 'msg_other', message: other },
      stopped,
    ]),
  )
  expect(seen?.parts.slice(1)).toEqual([
    { type: 'steering-message', id: 'msg_other', parts: [{ type: 'text', text: 'Hurry' }] },
  ])
})

test.each([
  ['cancelled', '{"type":"abort","reason":"The run was cancelled"}'],
  ['max_iterations', '"finishReason":"other"'],
  ['failed', '{"type":"error","errorText":"The run failed"}'],
] as const)('an answer that is %s ends so', (reason, end) => {
  const shown = render([...begin, text('x'), { ...stopped, reason, completed: false }])
  expect(shown.split('\n\n').at(-3)).toContain(end)
  expect(shown.endsWith('data: [DONE]\n\n')).toBe(true)
})

function render(bodies: EventBody[]): string {
  const view = createAiSdkView({
    run: { id: 'run_1', session_id: 'ses_1', agent: 'assistant', created_at: created },
    messageId: 'run_1',
    isFromStart: true,
  })
  return (
    view.opening +
    log(...bodies)
      .map((event) => view.show(event))
      .join('')
  )
}
