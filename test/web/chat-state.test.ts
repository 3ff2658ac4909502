import { expect, test } from 'vitest'
import type { ListedMessage, RuntimeEvent, SessionDetail } from '../../src/client/index.ts'
import {
  type ChatAction,
  type ChatState,
  currentTitle,
  emptyChat,
  messagesOf,
  reduceChat,
  statusOf,
} from '../../web/src/state/chat-state.ts'
import { deltas, sampleLog, session, started, toLog, toMessage } from '../client/sample-log.ts'

test('a session that is loaded while its log is read shows each message once', () => {
  const log = sampleLog()
  const loaded = detail({ last_seq: 12, messages: [said('msg_1', 'user'), said('msg_2')] })
  const early = after([{ type: 'loaded', session: loaded }, ...received(log)])
  const late = after([...received(log), { type: 'loaded', session: loaded }])
  for (const state of [early, late]) {
    expect(messagesOf(state).map(({ id }) => id)).toEqual(['msg_1', 'msg_2'])
    expect(statusOf(state)).toBe('idle')
  }
})

test('what came after the session was loaded follows its messages', () => {
  const more = toLog(
    [
      {
        type: 'user_message',
        message_id: 'msg_3',
        message: toMessage('msg_3', 'user', 'And?', 'msg_2'),
      },
      started,
      { type: 'step_started', step: 1 },
      ...deltas(['We', 'll']),
    ],
    13,
  )
  const loaded = detail({ last_seq: 12, messages: [said('msg_1', 'user'), said('msg_2')] })
  const state = after([{ type: 'loaded', session: loaded }, ...received([...sampleLog(), ...more])])
  expect(messagesOf(state).map(({ id }) => id)).toEqual(['msg_1', 'msg_2', 'msg_3'])
  expect(state.log.drafts.map(({ content }) => content)).toEqual([['Well']])
  expect(statusOf(state)).toBe('running')
})

test('a copy of a conversation is shown although its log is empty', () => {
  const loaded = detail({ last_seq: 0, messages: [said('msg_1', 'user'), said('msg_2')] })
  const state = after([{ type: 'loaded', session: loaded }])
  expect(messagesOf(state)).toHaveLength(2)
  expect(statusOf(state)).toBe('idle')
})

test('until the log is read the session says what happens', () => {
  const loaded = detail({ last_seq: 12, status: 'waiting' })
  const state = after([{ type: 'loaded', session: loaded }, ...received(sampleLog().slice(0, 2))])
  expect(statusOf(state)).toBe('waiting')
})

test('a posted message stays until it comes back, and its twin stays one longer', () => {
  const actions: ChatAction[] = [
    { type: 'loaded', session: detail({}) },
    { type: 'posted', posted: { key: 'a', content: 'Grüezi' } },
    { type: 'posted', posted: { key: 'b', content: 'Grüezi' } },
  ]
  const state = after([...actions, ...received(sampleLog().slice(0, 1))])
  expect(state.posted.map(({ key }) => key)).toEqual(['b'])
  const failed = reduceChat(state, { type: 'post_failed', key: 'b', failure: 'No' })
  expect(failed.posted[0]?.failure).toBe('No')
  expect(reduceChat(failed, { type: 'post_dropped', key: 'b' }).posted).toEqual([])
})

test('what is about to be said anew goes at once', () => {
  const loaded = detail({ last_seq: 0, messages: [said('msg_1', 'user'), said('msg_2')] })
  const state = after([
    { type: 'loaded', session: loaded },
    { type: 'branching', after: 'msg_1' },
  ])
  expect(messagesOf(state).map(({ id }) => id)).toEqual(['msg_1'])
})

test('earlier messages stay while the branch is the same', () => {
  const loaded = detail({ messages: [said('msg_2', 'assistant', 'msg_1')], messages_cursor: 'c' })
  const state = after([
    { type: 'loaded', session: loaded },
    { type: 'earlier_loaded', messages: [said('msg_1', 'user')], cursor: null },
  ])
  expect(messagesOf(state)).toHaveLength(2)
  const again = reduceChat(state, { type: 'loaded', session: loaded })
  expect([messagesOf(again).length, again.earlierCursor]).toEqual([2, null])
  const later = detail({ messages: [said('msg_3', 'assistant', 'msg_2')], messages_cursor: 'e' })
  const shifted = reduceChat(again, { type: 'loaded', session: later })
  expect(messagesOf(shifted).map(({ id }) => id)).toEqual(['msg_1', 'msg_2', 'msg_3'])
  const other = detail({ messages: [said('msg_5', 'assistant', 'msg_4')], messages_cursor: 'd' })
  const switched = reduceChat(state, { type: 'loaded', session: other })
  expect([messagesOf(switched).length, switched.earlierCursor]).toEqual([1, 'd'])
})

test('the newer title counts: the one of the log or the one that was given', () => {
  const titled = toLog([...[{ type: 'session_title' as const, title: 'From the log' }]], 13)
  const before = after([{ type: 'loaded', session: detail({ last_seq: 12 }) }, ...received(titled)])
  expect(currentTitle(before)).toBe('From the log')
  const renamed = detail({ last_seq: 13, title: 'Given' })
  expect(currentTitle(reduceChat(before, { type: 'loaded', session: renamed }))).toBe('Given')
})

test('a decision counts until the server refuses it', () => {
  const decided = after([{ type: 'decided', id: 'apr_1' }])
  expect([...decided.decided]).toEqual(['apr_1'])
  expect([...reduceChat(decided, { type: 'undecided', id: 'apr_1' }).decided]).toEqual([])
})

test('a log that is read anew leaves the messages where they are', () => {
  const loaded = detail({ last_seq: 12, messages: [said('msg_1', 'user'), said('msg_2')] })
  const before = after([{ type: 'loaded', session: loaded }, ...received(sampleLog())])
  const anew = reduceChat(before, { type: 'log_restarted' })
  expect(messagesOf(anew)).toEqual(messagesOf(before))
  expect([anew.log.seq, anew.events.length, statusOf(anew)]).toEqual([0, 0, 'idle'])
  expect(received(sampleLog()).reduce(reduceChat, anew).record).toEqual(before.record)
})

function after(actions: ChatAction[]): ChatState {
  return actions.reduce(reduceChat, emptyChat)
}

/** In two parts, as they come from a stream. */
function received(events: RuntimeEvent[]): ChatAction[] {
  const middle = Math.ceil(events.length / 2)
  return [events.slice(0, middle), events.slice(middle)].map((part) => ({
    type: 'received',
    events: part,
  }))
}

function said(
  id: string,
  role: 'user' | 'assistant' = 'assistant',
  parent: string | null = role === 'user' ? null : 'msg_1',
): ListedMessage {
  const place = { sibling_index: 0, sibling_count: 1 }
  const message = toMessage(id, role, id, parent) as Omit<ListedMessage, keyof typeof place>
  return { ...message, ...place, previous_sibling_id: null, next_sibling_id: null }
}

function detail(given: Partial<SessionDetail>): SessionDetail {
  return {
    id: session,
    external_id: null,
    title: null,
    status: 'idle',
    active_run_id: null,
    agent: 'assistant',
    agent_name: 'root',
    parent_id: null,
    permissions: {},
    tools_approved: false,
    thinking: false,
    working_dir: null,
    max_iterations: null,
    metadata: {},
    usage: {
      input_tokens: 0,
      output_tokens: 0,
      cached_input_tokens: 0,
      reasoning_tokens: 0,
      cost: null,
    },
    last_seq: 0,
    leaf_message_id: null,
    created_at: '2026-01-31T12:00:00.000Z',
    updated_at: '2026-01-31T12:00:00.000Z',
    pending_approvals: [],
    pending_elicitations: [],
    pending_tool_calls: [],
    messages: [],
    messages_cursor: null,
    ...given,
  }
}
