import { expect, test } from 'vitest'
import type { EventBody, RuntimeEvent } from '#contract/event.ts'
import { log, message, usage } from '../support/event-log.ts'
import { checkEvidence } from './checker.ts'
import type { Contents } from './contents.ts'
import type { Evidence } from './evidence.ts'
import { createHistory } from './history.ts'
import { answerEnd } from './model.ts'

const session = 'ses_1'
const said = `Hi, ${answerEnd}`
const bodies: EventBody[] = [
  { type: 'user_message', message_id: 'msg_1', message: message('user', 'text one') },
  { type: 'stream_started', agent_info: { model: 'm', description: 'Helps', version: '1' } },
  { type: 'step_started', step: 1 },
  { type: 'agent_choice', content: said, part: 0, offset: 0 },
  { type: 'message_added', message_id: 'msg_1', message: message('assistant', said) },
  { type: 'stream_stopped', reason: 'completed', completed: true, usage },
]

function storedLog(events: RuntimeEvent[]): Contents['logs'] {
  return new Map([
    [session, events.map((event) => ({ seq: event.seq, data: JSON.stringify(event), event }))],
  ])
}

/** A conversation of one run, seen, acknowledged and stored as it should be. */
function soundEvidence(): Evidence {
  const events = log(...bodies)
  const history = createHistory(() => 0)
  const act = { type: 'post' as const, session, message: 'text one', key: 'k' }
  history.add({ kind: 'asked', request: 1, instance: 'a', act })
  history.add({ kind: 'answered', request: 1, status: 202, body: { id: 'run_1' } })
  history.add({ kind: 'connected', stream: 2, instance: 'a', session, after: 0 })
  for (const event of events) {
    history.add({ kind: 'frame', stream: 2, seq: event.seq, data: JSON.stringify(event) })
  }
  return {
    history,
    ledger: [{ callId: 'call_1', item: 'one' }],
    requests: [],
    contents: {
      sessions: [{ id: session, externalId: null, lastSeq: events.length }],
      runs: [{ id: 'run_1', sessionId: session, status: 'completed', enqueued: false, attempt: 1 }],
      logs: storedLog(events),
      calls: [
        { id: 'call_1', runId: 'run_1', tool: 'record_asked', state: 'succeeded', effect: 'once' },
      ],
      approvals: [{ id: 'apr_1', status: 'approved', toolCallId: 'call_1' }],
    },
  }
}

const brokenBy = (change: (evidence: Evidence) => void) => {
  const evidence = soundEvidence()
  change(evidence)
  return [...new Set(checkEvidence(evidence).map(({ promise }) => promise))]
}
const seen = ({ history }: Evidence) => history.entries.filter(({ kind }) => kind === 'frame')
const answered = (evidence: Evidence, body: object) =>
  Object.assign(evidence.history.entries[1] ?? {}, { body })
const act = (evidence: Evidence, changed: object) =>
  Object.assign(evidence.history.entries[0] ?? {}, { act: changed })

test('nothing is found where everything is as it should be', () => {
  expect(checkEvidence(soundEvidence())).toEqual([])
})

test.each<[string, string, (evidence: Evidence) => void]>([
  [
    'R1',
    'a frame was shown with other bytes',
    (e) => Object.assign(seen(e)[3] ?? {}, { data: '{}' }),
  ],
  ['R2', 'a stream left one out', (e) => e.history.entries.splice(5, 1)],
  [
    'R2',
    'the log ends before its head',
    (e) => Object.assign(e.contents.sessions[0] ?? {}, { lastSeq: 9 }),
  ],
  [
    'R3',
    'an acknowledged message is gone',
    (e) => act(e, { type: 'post', session, message: 'text two', key: 'k' }),
  ],
  [
    'R3',
    'an acknowledged session is gone',
    (e) => {
      act(e, { type: 'create', session, key: 'k' })
      answered(e, { id: 'ses_2' })
    },
  ],
  [
    'R3',
    'an acknowledged cancel had no effect',
    (e) => {
      act(e, { type: 'cancel', session, run: 'run_1' })
      answered(e, { status: 'cancelled' })
    },
  ],
  [
    'R3',
    'an acknowledged decision is another one',
    (e) => act(e, { type: 'decide', session, approval: 'apr_1', decision: 'reject' }),
  ],
  [
    'R4',
    'a run is still open',
    (e) => Object.assign(e.contents.runs[0] ?? {}, { status: 'waiting' }),
  ],
  ['R5', 'a call ran twice', (e) => Object.assign(e, { ledger: [...e.ledger, ...e.ledger] })],
  ['R5', 'a call succeeded without a trace', (e) => Object.assign(e, { ledger: [] })],
  [
    'R6',
    'text of another owner is between the pieces',
    (e) =>
      Object.assign(e.contents, {
        logs: storedLog(
          log(
            ...bodies.slice(0, 4),
            { type: 'agent_choice', content: 'x', part: 0, offset: 9 },
            ...bodies.slice(4),
          ),
        ),
      }),
  ],
  [
    'R6',
    'a run ended in another way than it told',
    (e) => Object.assign(e.contents.runs[0] ?? {}, { status: 'failed' }),
  ],
  [
    'R9',
    'a call ran that nobody approved',
    (e) => Object.assign(e.contents.approvals[0] ?? {}, { status: 'rejected' }),
  ],
  [
    'R10',
    'the model was shown a call without its result',
    (e) =>
      Object.assign(e, {
        requests: [
          {
            body: {
              model: 'm',
              messages: [{ role: 'assistant', content: '', tool_calls: [{ id: 'c' }] }],
            },
          },
        ],
      }),
  ],
  [
    'R11',
    'half an answer counts as a whole one',
    (e) =>
      Object.assign(e.contents, {
        logs: storedLog(
          log(
            ...bodies.slice(0, 3),
            { type: 'agent_choice', content: 'Hi', part: 0, offset: 0 },
            { type: 'message_added', message_id: 'msg_1', message: message('assistant', 'Hi') },
            ...bodies.slice(5),
          ),
        ),
      }),
  ],
])('%s is broken when %s', (promise, _, change) => {
  expect(brokenBy(change)).toContain(promise)
})

test('R7 is broken when a run begins inside another one', () => {
  const broken = brokenBy(({ contents }) => {
    const [begin, end] = [bodies.slice(0, 5), bodies.slice(5)]
    Object.assign(contents, { logs: storedLog(log(...begin, ...begin, ...end, ...end)) })
  })
  expect(broken).toContain('R7')
})

test('R8 is broken when one key has two answers', () => {
  const broken = brokenBy(({ history: { entries } }) => {
    const twin = { type: 'post' as const, session, message: 'text one', key: 'k' }
    entries.push({ kind: 'asked', request: 9, instance: 'b', act: twin, at: 0 })
    entries.push({ kind: 'answered', request: 9, status: 202, body: { id: 'run_2' }, at: 0 })
  })
  expect(broken).toContain('R8')
})
