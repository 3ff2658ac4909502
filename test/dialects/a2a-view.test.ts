import { expect, test } from 'vitest'
import type { EventBody } from '#contract/event.ts'
import { createA2aView } from '#http/dialects/a2a-view.ts'
import { call, log, message, usage } from '../support/event-log.ts'

const begin: EventBody[] = [
  { type: 'user_message', message_id: 'msg_0', message: message('user', 'Go') },
  {
    type: 'stream_started',
    agent_info: { model: 'openai/gpt-5-mini', description: '', version: '1' },
  },
]
const step = (number: number): EventBody => ({ type: 'step_started', step: number })
const definition = {
  name: 'read_file',
  description: '',
  parameters: {},
  annotations: {},
  effect: 'read' as const,
}
const asking: EventBody[] = [
  {
    type: 'tool_call_confirmation',
    tool_call: call('a'),
    tool_definition: definition,
    approval_id: 'apr_1',
    expires_at: '2026-02-01T12:00:00.000Z',
  },
  { type: 'run_waiting', reason: 'approval' },
]
const resumed: EventBody = { type: 'run_resumed', reason: 'approval' }

test('text grows as the artifact, and another step begins it anew', () => {
  expect(
    show([
      ...begin,
      step(1),
      text('Let '),
      text('me see'),
      added('Let me see', ['a']),
      step(2),
      text('Do'),
      text('ne'),
      added('Done'),
      stopped('completed'),
    ]),
  ).toEqual([
    'artifact "Let "',
    'artifact + "me see"',
    'WORKING Let me see',
    'artifact "Do"',
    'artifact + "ne"',
    'artifact + "" last',
    'COMPLETED',
  ])
})

test('text of a step that is made anew is taken back to where it is kept', () => {
  const restarted: EventBody = { type: 'step_restarted', step: 1, keep_to: 4, reason: 'cut' }
  expect(
    show([
      ...begin,
      step(1),
      text('Once'),
      text(' not'),
      restarted,
      text(' upon'),
      added('Once upon'),
      stopped('completed'),
    ]),
  ).toEqual([
    'artifact "Once"',
    'artifact + " not"',
    'artifact "Once upon"',
    'artifact + "" last',
    'COMPLETED',
  ])
})

test('an answer that came in no pieces is sent whole, one with a schema as data', () => {
  const events = [...begin, step(1), added('{"n":1}'), stopped('completed')]
  expect(show(events)).toEqual([`artifact ${JSON.stringify('{"n":1}')} last`, 'COMPLETED'])
  expect(
    show([...begin, step(1), text('{"n"'), text(':1}'), added('{"n":1}'), stopped('completed')], {
      structured: true,
    }),
  ).toEqual(['artifact {"n":1} last', 'COMPLETED'])
})

test('what waits ends the stream, but not where it is past', () => {
  const events = [
    ...begin,
    step(1),
    added('', ['a']),
    ...asking,
    resumed,
    step(2),
    added('Done'),
    stopped('completed'),
  ]
  expect(show(events).at(-1)).toMatch(/^INPUT_REQUIRED May read_file be called with {}\?/)
  expect(show(events, { past: 6 })).toEqual(['WORKING', 'artifact "Done" last', 'COMPLETED'])
})

test('a run that parks with its question answered already just goes on', () => {
  const parked: EventBody = { type: 'run_waiting', reason: 'elicitation' }
  const events = [parked, resumed, step(2), added('Done'), stopped('completed')]
  expect(show(events)).toEqual(['WORKING', 'artifact "Done" last', 'COMPLETED'])
})

test('a run that stops at a limit asks whether to go on', () => {
  const parked: EventBody = { type: 'run_waiting', reason: 'budget' }
  expect(show([...begin, step(1), parked])).toEqual([
    'INPUT_REQUIRED The task stopped at a limit (budget). Reply approve to go on, or reject.',
  ])
})

test('a failed run says why, and leaves no answer', () => {
  const error: EventBody = {
    type: 'error',
    error: 'No model',
    code: 'model_error',
    retryable: false,
  }
  expect(show([...begin, step(1), text('Ha'), error, stopped('failed')])).toEqual([
    'artifact "Ha"',
    'FAILED No model',
  ])
})

function text(content: string): EventBody {
  return { type: 'agent_choice', content, part: 0, offset: 0 }
}

function added(content: string, calls: string[] = []): EventBody {
  return { type: 'message_added', message_id: 'm', message: message('assistant', content, calls) }
}

function stopped(reason: 'completed' | 'failed'): EventBody {
  return { type: 'stream_stopped', reason, completed: reason === 'completed', usage }
}

/** Each update in short, up to the end. */
function show(bodies: EventBody[], { structured = false, past = 0 } = {}): string[] {
  const view = createA2aView({
    run: { id: 'run_1', session_id: 'ses_1' },
    contextId: 'mine',
    structured,
    opening: {},
    past,
    encode: (response) => `${JSON.stringify(response)}\n`,
  })
  const lines: string[] = []
  for (const event of log(...bodies)) {
    if (!view.isOver()) lines.push(...view.show(event).split('\n').filter(Boolean))
  }
  return lines.map((line) => inShort(JSON.parse(line)))
}

function inShort({ statusUpdate, artifactUpdate }: ReturnType<typeof JSON.parse>): string {
  if (statusUpdate) {
    const { state, message: said } = statusUpdate.status
    return [state.replace('TASK_STATE_', ''), ...(said ? [said.parts[0].text] : [])].join(' ')
  }
  const { artifact, append, lastChunk } = artifactUpdate
  const [part] = artifact.parts
  const content = JSON.stringify(part.text ?? part.data)
  return ['artifact', ...(append ? ['+'] : []), content, ...(lastChunk ? ['last'] : [])].join(' ')
}
