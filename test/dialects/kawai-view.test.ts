import { expect, test } from 'vitest'
import type { EventBody } from '#contract/event.ts'
import { createKawaiView, type KawaiPosition } from '#http/dialects/kawai-view.ts'
import { call, log, message, usage } from '../support/event-log.ts'

const begin: EventBody[] = [
  { type: 'user_message', message_id: 'msg_0', message: message('user', 'Go') },
  {
    type: 'stream_started',
    agent_info: { model: 'openai/gpt-5-mini', description: '', version: '1' },
  },
  { type: 'step_started', step: 1 },
]
const definition = {
  name: 'read_file',
  description: '',
  parameters: {},
  annotations: {},
  effect: 'read' as const,
}

test('a plan comes behind the start of its step, which is told once', () => {
  expect(
    show([
      ...begin,
      { type: 'plan_updated', plan: '1. Answer', updated: false },
      { type: 'step_started', step: 1 },
      added('Done'),
      stopped('completed', true),
    ]),
  ).toEqual([
    'run_start {"prompt":"Go","model":"openai/gpt-5-mini","session_id":"mine"}',
    'step_start {"step_index":0}',
    'planning {"plan":"1. Answer","updated_plan":false}',
    'run_end {"answer":"Done"}',
  ])
})

test('calls that run side by side are told one after the other, each with its result', () => {
  const frames = show([
    ...begin,
    added('Both.', ['a', 'b']),
    started('a'),
    started('b'),
    ended('b', '{"n":2}'),
    ended('a', 'one'),
  ])
  expect(frames.slice(2)).toEqual([
    'reasoning {"reasoning":"Both."}',
    'tool_call {"tool_name":"read_file","tool_arguments":{}}',
    'tool_result {"tool_name":"read_file","tool_result":"one"}',
    'tool_call {"tool_name":"read_file","tool_arguments":{}}',
    'tool_result {"tool_name":"read_file","tool_result":{"n":2}}',
  ])
})

test('a call that never ran has its call and its failure', () => {
  expect(show([...begin, added('', ['a']), ended('a', 'denied', true)]).slice(2)).toEqual([
    'tool_call {"tool_name":"read_file","tool_arguments":{}}',
    'tool_result {"tool_name":"read_file","tool_result":{"error":"denied"}}',
  ])
})

test('a forced step is announced, and one that is not wanted is not', () => {
  const limit: EventBody = { type: 'max_iterations_reached', limit: 1 }
  const forced = show([
    ...begin,
    limit,
    { type: 'step_started', step: 2 },
    added('Forced'),
    stopped('max_iterations', false),
  ])
  expect(forced.slice(2)).toEqual([
    'warning {"message":"Reached max_steps (1) without final answer. Forcing final_answer call in one extra step."}',
    'step_start {"step_index":1}',
    'run_end {"answer":"Forced"}',
  ])
  expect(show([...begin, limit, stopped('max_iterations', false)]).slice(2)).toEqual([
    'run_end {"answer":null}',
  ])
})

test('what the server warns of is a warning, a failure is an error', () => {
  const frames = show([
    ...begin,
    { type: 'warning', message: 'A toolset is away', code: 'toolset_unavailable' },
    { type: 'error', error: 'No model', code: 'model_error', retryable: false },
    stopped('failed', false),
  ])
  expect(frames.slice(2)).toEqual([
    'warning {"message":"A toolset is away"}',
    'error {"error":"No model"}',
  ])
  expect(show([...begin, stopped('cancelled', false)]).at(-1)).toBe(
    'error {"error":"The run was cancelled"}',
  )
})

test('an answer is an object when the agent has a structured output', () => {
  const bodies = [...begin, added('{"city":"Paris"}'), stopped('completed', true)]
  expect(show(bodies).at(-1)).toBe('run_end {"answer":"{\\"city\\":\\"Paris\\"}"}')
  const structured = bytes(bodies, { structured: true })
  expect(structured).toContain('{"answer":{"city":"Paris"}}')
})

test('whoever comes back between two frames of one event gets the rest of them', () => {
  const bodies = [
    ...begin,
    added('', ['a', 'b']),
    started('a'),
    ended('b', 'two'),
    ended('a', 'one'),
    added('Done'),
    stopped('completed', true),
  ]
  const frames = bytes(bodies).split('\n\n').slice(0, -1)
  for (const [index, frame] of frames.entries()) {
    const [, seq = '', part] = /^id: run_1:(\d+)(?:\.(\d+))?\n/.exec(frame) ?? []
    const from = { runId: 'run_1', seq: Number(seq), frames: part ? Number(part) : null }
    expect(bytes(bodies, { from }).split('\n\n').slice(0, -1)).toEqual(frames.slice(index + 1))
  }
})

type Told = { structured?: boolean; from?: KawaiPosition }

/** What a connection is sent, also one that comes back. */
function bytes(bodies: EventBody[], { structured = false, from }: Told = {}): string {
  const run = { id: 'run_1', session_id: 'ses_1' }
  const view = createKawaiView({ run, sessionId: 'mine', structured, ...(from && { from }) })
  const resumeAfter = from ? (from.frames === null ? from.seq : from.seq - 1) : 0
  return log(...bodies)
    .map((event) => {
      const text = view.show(event)
      return event.seq > resumeAfter ? text : ''
    })
    .join('')
}

/** Kinds with their data. */
function show(bodies: EventBody[]): string[] {
  return bytes(bodies)
    .split('\n\n')
    .slice(0, -1)
    .map((frame) => {
      const { type, data, timestamp } = JSON.parse(frame.replace(/^id: .*\ndata: /, ''))
      expect(timestamp).toBe('2026-01-31T12:00:00.000Z')
      return `${type} ${JSON.stringify(data)}`
    })
}

function added(content: string, calls: string[] = []): EventBody {
  return {
    type: 'message_added',
    message_id: 'msg_1',
    message: message('assistant', content, calls),
  }
}

function started(id: string): EventBody {
  return {
    type: 'tool_call',
    tool_call: call(id),
    tool_definition: definition,
    executor: 'server',
  }
}

function ended(id: string, output: string, is_error = false): EventBody {
  return {
    type: 'tool_call_response',
    tool_call: call(id),
    response: output,
    result: { output, is_error },
    state: is_error ? 'denied' : 'succeeded',
    duration_ms: 1,
  }
}

function stopped(
  reason: Extract<EventBody, { type: 'stream_stopped' }>['reason'],
  completed: boolean,
): EventBody {
  return { type: 'stream_stopped', reason, completed, usage }
}
