import { expect, test } from 'vitest'
import type { EventOf, SessionDetail } from '../../src/client/index.ts'
import type { CallView } from '../../web/src/state/items.ts'
import { openQuestions, waitsFor } from '../../web/src/state/open-questions.ts'

const nobody = new Set<string>()

test('a call waits until it is decided here, or the session does not have it any more', () => {
  const call = toCall({ state: 'awaiting', approval: { id: 'apr_1', expires_at: '' }, seq: 5 })
  const pending = session({ pending_approvals: [{ id: 'apr_1' }] })
  expect(waitsFor(call, { session: pending, decided: nobody })).toBe('approval')
  expect(waitsFor(call, { session: pending, decided: new Set(['apr_1']) })).toBeNull()
  expect(waitsFor(call, { session: session({}), decided: nobody })).toBeNull()
  expect(waitsFor({ ...call, seq: 11 }, { session: session({}), decided: nobody })).toBe('approval')
})

test('a call of a client’s tool waits for its result once, whatever its id was before', () => {
  const call = toCall({ state: 'started', executor: 'client', seq: 5 })
  const pending = session({ pending_tool_calls: [{ tool_call: call.tool_call }] })
  expect(waitsFor(call, { session: pending, decided: nobody })).toBe('client_tool')
  expect(waitsFor(call, { session: pending, decided: new Set([call.key]) })).toBeNull()
  expect(waitsFor(call, { session: pending, decided: new Set(['msg_0 call_1']) })).not.toBeNull()
  expect(waitsFor(call, { session: session({}), decided: nobody })).toBeNull()
})

test.each(['proposed', 'succeeded', 'denied', 'unknown'] as const)(
  'a call that is %s waits for nobody',
  (state) => {
    const call = toCall({ state, approval: { id: 'apr_1', expires_at: '' }, seq: 20 })
    expect(waitsFor(call, { session: session({}), decided: nobody })).toBeNull()
  },
)

test('questions that were answered elsewhere are gone when the session is read', () => {
  const questions = [5, 6, 11].map((seq) => ({ seq, elicitation_id: `eli_${seq}` }))
  const asked = questions as EventOf<'elicitation_request'>[]
  const known = session({ pending_elicitations: [{ id: 'eli_6' }] })
  const open = openQuestions(asked, { session: known, decided: nobody })
  expect(open.map(({ seq }) => seq)).toEqual([6, 11])
  const decided = new Set(['eli_11'])
  expect(openQuestions(asked, { session: known, decided }).map(({ seq }) => seq)).toEqual([6])
})

function toCall(given: Partial<CallView>): CallView {
  return {
    key: 'msg_1 call_1',
    tool_call: { id: 'call_1', type: 'function', function: { name: 'n', arguments: '{}' } },
    seq: 0,
    session_id: 'ses_1',
    state: 'started',
    executor: 'server',
    definition: null,
    approval: null,
    output: '',
    response: null,
    result: null,
    duration_ms: null,
    subAgents: [],
    ...given,
  }
}

/** Read when its log ended with 10; only what the functions look at. */
function session(given: object): SessionDetail {
  const nothing = { pending_approvals: [], pending_elicitations: [], pending_tool_calls: [] }
  return { last_seq: 10, ...nothing, ...given } as unknown as SessionDetail
}
