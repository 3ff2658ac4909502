import { expect, test } from 'vitest'
import type { RuntimeEvent } from '#contract/event.ts'
import { checkGrammar } from '#contract/event-grammar.ts'
import { call, log, message, toolMessage, usage } from '../support/event-log.ts'

const user = { type: 'user_message', message_id: 'm1', message: message('user', 'Hi') } as const
const started = {
  type: 'stream_started',
  agent_info: { model: 'test/model', description: '', version: '1' },
} as const
const stopped = { type: 'stream_stopped', reason: 'completed', completed: true, usage } as const
const failed = { ...stopped, reason: 'failed', completed: false } as const
const error = { type: 'error', error: 'no', code: 'model_error', retryable: false } as const
const step = (number: number) => ({ type: 'step_started', step: number }) as const
const text = (content: string, offset = 0) =>
  ({ type: 'agent_choice', content, part: 0, offset }) as const
const said = (content: string, ...calls: string[]) =>
  ({
    type: 'message_added',
    message_id: 'a1',
    message: message('assistant', content, calls),
  }) as const
const tokens = {
  type: 'token_usage',
  usage: { ...usage, context_length: 1, context_limit: null },
  totals: usage,
} as const
const begun = (id: string) =>
  ({ type: 'tool_call', tool_call: call(id), tool_definition, executor: 'server' }) as const
const ended = (id: string, state: 'succeeded' | 'denied' = 'succeeded') =>
  ({
    type: 'tool_call_response',
    tool_call: call(id),
    response: 'ok',
    result: { output: 'ok', is_error: false },
    state,
    duration_ms: 1,
  }) as const
const answered = (id: string) =>
  ({ type: 'message_added', message_id: `t_${id}`, message: toolMessage(id) }) as const
const asked = (id: string) =>
  ({
    type: 'tool_call_confirmation',
    tool_call: call(id),
    tool_definition,
    approval_id: 'apr_1',
    expires_at: '2026-01-31T12:00:00.000Z',
  }) as const
const waiting = { type: 'run_waiting', reason: 'approval' } as const
const resumed = { type: 'run_resumed', reason: 'approval' } as const
const title = { type: 'session_title', title: 'Greeting' } as const
const warning = { type: 'warning', message: 'no', code: 'toolset_unavailable' } as const
const tool_definition = {
  name: 'read_file',
  description: '',
  parameters: {},
  annotations: {},
  effect: 'read',
} as const

const answer = [user, started, step(1), text('Hel'), text('lo', 3), said('Hello'), tokens, stopped]
const twoCalls = [user, started, step(1), said('', 'c1', 'c2'), tokens]

const wellFormed: [string, RuntimeEvent[]][] = [
  ['an answer', log(...answer)],
  ['two runs with a title between', log(...answer, title, ...answer)],
  [
    'a title beside the second run',
    log(...answer, user, started, step(1), text('a'), title, text('b', 1), said('ab'), stopped),
  ],
  [
    'a step that begins anew after a warning',
    log(user, started, step(1), warning, warning, step(1), said('a'), stopped),
  ],
  [
    'calls that interleave',
    log(
      ...twoCalls,
      begun('c1'),
      begun('c2'),
      ended('c2'),
      ended('c1'),
      answered('c1'),
      answered('c2'),
      step(2),
      said('ok'),
      stopped,
    ),
  ],
  [
    'a denied call',
    log(
      user,
      started,
      step(1),
      said('', 'c1'),
      asked('c1'),
      waiting,
      resumed,
      ended('c1', 'denied'),
      answered('c1'),
      step(2),
      said('ok'),
      stopped,
    ),
  ],
  [
    'a call that goes on after its server died',
    log(
      user,
      started,
      step(1),
      said('', 'c1'),
      begun('c1'),
      { type: 'run_resumed', reason: 'recovered' },
      ended('c1'),
      answered('c1'),
      step(2),
      said('ok'),
      stopped,
    ),
  ],
  [
    'an approved call',
    log(
      user,
      started,
      step(1),
      said('', 'c1'),
      asked('c1'),
      waiting,
      resumed,
      begun('c1'),
      ended('c1'),
      answered('c1'),
      step(2),
      said('ok'),
      stopped,
    ),
  ],
  [
    'a restarted step',
    log(
      user,
      started,
      step(1),
      text('Hel'),
      { type: 'step_restarted', step: 1, keep_to: 3, reason: 'reset' },
      text('Hello'),
      said('Hello'),
      stopped,
    ),
  ],
  ['a failure', log(user, started, step(1), error, failed)],
  ['a steered message', log(user, started, step(1), said('a'), user, step(2), said('b'), stopped)],
]

const broken: [string, RuntimeEvent[], string][] = [
  ['a run without an end', log(...answer.slice(0, -1)), 'has no stream_stopped'],
  ['two ends', log(...answer, stopped), 'without a start'],
  ['two beginnings', log(user, started, started, stopped), 'inside a run'],
  ['a delta outside a step', log(user, started, text('a'), stopped), 'outside a step'],
  ['a delta outside a run', log(text('a')), 'outside a run'],
  [
    'a delta after the message',
    log(user, started, step(1), text('a'), said('a'), text('b', 1), stopped),
    'after the message',
  ],
  [
    'a hole in the text',
    log(user, started, step(1), text('a'), text('c', 2), said('ac'), stopped),
    'begins at 2, not at 1',
  ],
  [
    'a message that says something else',
    log(user, started, step(1), text('a'), said('b'), stopped),
    'does not say',
  ],
  [
    'two messages in a step',
    log(user, started, step(1), said('a'), said('b'), stopped),
    'two messages',
  ],
  ['usage twice', log(user, started, step(1), said('a'), tokens, tokens, stopped), 'twice'],
  [
    'a step that begins again after its text',
    log(user, started, step(1), text('a'), warning, step(1), said('a'), stopped),
    'step 1 follows step 1',
  ],
  [
    'a step that is skipped',
    log(user, started, step(2), said('a'), stopped),
    'step 2 follows step 0',
  ],
  [
    'a call without a result at the end',
    log(...twoCalls, begun('c1'), ended('c1'), answered('c1'), stopped),
    'call c2 has no result at',
  ],
  [
    'a step before the results',
    log(...twoCalls, step(2), said('a'), stopped),
    'has no result before step 2',
  ],
  ['two results', log(...twoCalls, begun('c1'), ended('c1'), ended('c1')), 'when it is responded'],
  ['a call that starts twice', log(...twoCalls, begun('c1'), begun('c1')), 'when it is started'],
  [
    'a call that starts after its result',
    log(...twoCalls, ended('c1', 'denied'), begun('c1')),
    'when it is responded',
  ],
  ['success without a start', log(...twoCalls, ended('c1')), 'never started'],
  ['a call nobody made', log(...twoCalls, begun('c3')), 'which the model did not make'],
  [
    'tool messages in another order',
    log(...twoCalls, begun('c1'), begun('c2'), ended('c1'), ended('c2'), answered('c2')),
    'comes before that of c1',
  ],
  [
    'a tool message without a result',
    log(...twoCalls, begun('c1'), answered('c1')),
    'when it is started',
  ],
  [
    'a confirmation after the start',
    log(...twoCalls, begun('c1'), asked('c1')),
    'when it is started',
  ],
  ['a resume without a wait', log(user, started, resumed, stopped), 'without run_waiting'],
  [
    'a step while the run waits',
    log(...twoCalls, asked('c1'), waiting, step(2)),
    'while the run waits',
  ],
  [
    'a call that starts while the run waits',
    log(...twoCalls, asked('c1'), waiting, begun('c1')),
    'while the run waits',
  ],
  [
    'an error without a failed end',
    log(user, started, error, stopped),
    'followed by stream_stopped completed',
  ],
  ['a failed end without an error', log(user, started, failed), 'failed without an error'],
  ['something after the error', log(user, started, error, step(1), failed), 'after the error'],
  [
    'a restart of another step',
    log(
      user,
      started,
      step(1),
      { type: 'step_restarted', step: 2, keep_to: 2, reason: '' },
      stopped,
    ),
    'restarted inside step 1',
  ],
  [
    'a restart that keeps the future',
    log(
      user,
      started,
      step(1),
      { type: 'step_restarted', step: 1, keep_to: 9, reason: '' },
      stopped,
    ),
    'lies ahead',
  ],
  ['a hole in the sequence', log(...answer).filter(({ seq }) => seq !== 4), 'follows seq 3'],
  [
    'an event that comes twice',
    log(...answer).flatMap((event) => (event.seq === 4 ? [event, event] : [event])),
    'follows seq 4',
  ],
  [
    'another run inside a run',
    log(...answer).map((event) => (event.seq === 4 ? { ...event, run_id: 'run_2' } : event)),
    'is of run run_2',
  ],
]

test.each(wellFormed)('%s is well formed', (_name, events) => {
  expect(checkGrammar(events, { complete: true })).toEqual([])
})

test.each(broken)('%s is found', (_name, events, problem) => {
  expect(checkGrammar(events, { complete: true }).join('\n')).toContain(problem)
})

test.each(wellFormed)('%s is well formed so far, wherever it is cut', (_name, events) => {
  for (let end = 0; end <= events.length; end += 1) {
    expect(checkGrammar(events.slice(0, end), { complete: false })).toEqual([])
  }
})

const sub = (event: RuntimeEvent): RuntimeEvent =>
  ({ ...event, session_id: 'ses_sub', run_id: 'run_sub' }) as RuntimeEvent
const completed = {
  type: 'sub_session_completed',
  sub_session_id: 'ses_sub',
  tool_call_id: 'c1',
} as const
const before = log(user, started, step(1), said('', 'c1'), begun('c1'))
const inside = log(...answer).map((event) => sub({ ...event, seq: event.seq + 5 }))
const after = log(completed, ended('c1'), answered('c1'), step(2), said('ok'), stopped).map(
  (event) => ({ ...event, seq: event.seq + 13 }),
)

test("a sub-agent's run inside a call is well formed", () => {
  expect(checkGrammar([...before, ...inside, ...after], { complete: true })).toEqual([])
})

test("a sub-agent's run that has not ended when its call does is found", () => {
  const events = [
    ...before,
    ...inside.slice(0, -1),
    ...after.map((event) => ({ ...event, seq: event.seq - 1 })),
  ]
  expect(checkGrammar(events, { complete: true }).join('\n')).toContain('run run_sub has no')
})

test("a sub-agent's run outside a call is found", () => {
  const start = log(user, started, step(1), said('', 'c1'), asked('c1'))
  expect(checkGrammar([...start, ...inside], { complete: false }).join('\n')).toContain(
    'inside no call',
  )
})
