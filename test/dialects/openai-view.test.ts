import { expect, test } from 'vitest'
import type { EventBody, RuntimeEvent } from '#contract/event.ts'
import type { Run } from '#contract/run.ts'
import { noUsage } from '#contract/usage.ts'
import { createChatView } from '#http/dialects/openai-chat-view.ts'
import { createResponseView } from '#http/dialects/openai-response-view.ts'

const time = '2026-01-31T12:00:00.000Z'
const run: Run = {
  id: 'run_1',
  session_id: 'ses_1',
  status: 'running',
  agent: 'assistant',
  agent_name: 'root',
  model: 'scripted/scripted',
  created_at: time,
  started_at: time,
  finished_at: null,
  iterations: 0,
  stop_reason: null,
  completed: false,
  waiting_for: null,
  error: null,
  usage: noUsage,
  tool_calls: 0,
  budget: {},
  metadata: { openai: { shown: { model: 'assistant' } } },
}
const started: EventBody = {
  type: 'stream_started',
  agent_info: { model: 'scripted/scripted', description: '', version: '1' },
}
const stopped: EventBody = {
  type: 'stream_stopped',
  reason: 'completed',
  completed: true,
  usage: noUsage,
}
const text = (content: string, offset: number): EventBody => ({
  type: 'agent_choice',
  content,
  part: 0,
  offset,
})
const step: EventBody = { type: 'step_started', step: 1 }

test('pieces that were joined since are cut where the client is', () => {
  const pieces = events([started, step, text('Hel', 0), text('lo ', 3), text('you', 6), stopped])
  const joined = events([started, step, text('Hello you', 0), stopped])
  const whole = frames(createResponseView({ run, part: 0, structured: false }), pieces)
  for (const { sequence_number: at } of whole) {
    const view = createResponseView({ run, part: 0, structured: false, startingAfter: at })
    const rest = frames(view, joined)
    expect(said(rest)).toBe(said(whole.filter(({ sequence_number: number }) => number > at)))
    expect(rest.at(-1)?.type).toBe(
      at === whole.at(-1)?.sequence_number ? undefined : 'response.completed',
    )
  }
})

test("a sub-agent's events are not the response's, but its tokens are", () => {
  const usage = { ...noUsage, input_tokens: 5, output_tokens: 2 }
  const spent: EventBody = {
    type: 'token_usage',
    usage: { ...usage, context_length: 5, context_limit: null },
    totals: usage,
  }
  const log = events([started, step, text('Own', 0), text('Other', 0), spent, stopped]).map(
    (event, index) => (index === 3 || index === 4 ? { ...event, session_id: 'ses_2' } : event),
  )
  const told = frames(createResponseView({ run, part: 0, structured: false }), log)
  expect(said(told)).toBe('Own')
  expect(told.at(-1)).toMatchObject({ response: { usage: { total_tokens: 7 } } })
  const view = chatView({ stream: true })
  for (const event of log) view.show(event)
  expect(view.outcome).toMatchObject({ content: 'Own', finish: 'stop', usage })
})

test('the chunks of a chat, byte for byte', () => {
  const view = chatView({ stream: true })
  const shown = events([started, step, text('Hi', 0), stopped])
    .map(view.show)
    .join('')
  const chunk = (delta: object, finish: string | null = null) =>
    `data: ${JSON.stringify({
      id: 'chatcmpl-1',
      object: 'chat.completion.chunk',
      created: 1769860800,
      model: 'assistant',
      service_tier: 'default',
      system_fingerprint: null,
      choices: [{ index: 0, delta, logprobs: null, finish_reason: finish }],
    })}\n\n`
  expect(shown).toBe(
    `${chunk({ role: 'assistant', content: '' })}${chunk({ content: 'Hi' })}${chunk({}, 'stop')}data: [DONE]\n\n`,
  )
  expect(view.isOver()).toBe(true)
})

test('a step that another server makes anew leaves no text behind, or ends the stream', () => {
  const again: EventBody = { type: 'step_restarted', step: 1, keep_to: 2, reason: 'recovered' }
  const log = events([started, step, text('Hel', 0), again, text('Hello', 0), stopped])
  const told = frames(createResponseView({ run, part: 0, structured: false }), log)
  expect(told.at(-1)).toMatchObject({
    type: 'response.completed',
    response: {
      output: [
        { status: 'incomplete', content: [] },
        { status: 'completed', content: [{ text: 'Hello' }] },
      ],
    },
  })
  const [whole, streamed] = [chatView({ stream: false }), chatView({ stream: true })]
  for (const event of log) whole.show(event)
  expect(whole.outcome).toMatchObject({ content: 'Hello', finish: 'stop' })
  for (const event of log) streamed.show(event)
  expect(streamed.outcome).toMatchObject({ content: 'Hel', finish: null, error: {} })
  expect(streamed.isOver()).toBe(true)
})

test('at the limit of iterations the answer is incomplete', () => {
  const limit: EventBody[] = [
    { type: 'max_iterations_reached', limit: 1 },
    { ...stopped, reason: 'max_iterations', completed: false } as EventBody,
  ]
  const told = frames(
    createResponseView({ run, part: 0, structured: false }),
    events([started, step, ...limit]),
  )
  expect(told.at(-1)).toMatchObject({
    type: 'response.incomplete',
    response: { status: 'incomplete', incomplete_details: { reason: 'max_output_tokens' } },
  })
})

function chatView({ stream }: { stream: boolean }) {
  return createChatView({
    run,
    id: 'chatcmpl-1',
    model: 'assistant',
    structured: false,
    includeUsage: false,
    stream,
  })
}

type Frame = { type: string; sequence_number: number; delta?: string }

function events(bodies: EventBody[]): RuntimeEvent[] {
  return bodies.map((body, index) => ({
    ...body,
    seq: index + 1,
    session_id: 'ses_1',
    run_id: 'run_1',
    agent: 'root',
    timestamp: time,
  }))
}

function frames(view: { show(event: RuntimeEvent): string }, log: RuntimeEvent[]): Frame[] {
  const shown = log.map(view.show).join('')
  return shown
    .split('\n\n')
    .filter((frame) => frame !== '')
    .map((frame) => JSON.parse(frame.slice(frame.indexOf('data: ') + 6)))
}

function said(told: Frame[]): string {
  return told
    .map(({ type, delta }) => (type === 'response.output_text.delta' ? delta : ''))
    .join('')
}
