import { expect, test } from 'vitest'
import type { RuntimeEvent } from '../../src/client/index.ts'
import { emptyChat, messagesOf, reduceChat, statusOf } from '../../web/src/state/chat-state.ts'
import { describeEvent } from '../../web/src/state/event-line.ts'
import { createReplay, eventsOfRun, pauseBetween, runsOf } from '../../web/src/state/replay.ts'
import { deltas, sampleLog, session, started, toLog, toMessage } from '../client/sample-log.ts'

test('a replay shows after each event what a page showed that had come so far', () => {
  const events = sampleLog()
  const replay = createReplay(received(events))
  for (const count of [...events.keys(), events.length, 3, 1]) {
    const seq = events[count - 1]?.seq ?? 0
    const { log, record } = received(events.slice(0, count))
    expect(replay.at(seq)).toMatchObject({ log, record })
  }
})

test('long logs are the same from wherever the replay comes', () => {
  const words = Array.from({ length: 1200 }, (_, index) => `w${index} `)
  const events = toLog([started, { type: 'step_started', step: 1 }, ...deltas(words)])
  const replay = createReplay(received(events))
  for (const seq of [1100, 3, 700, 260, 1202]) {
    const { log } = received(events.filter((event) => event.seq <= seq))
    expect(replay.at(seq).log).toEqual(log)
  }
})

test('what was said otherwise later is not there, and another branch replaces the first', () => {
  const said = (id: string, text: string, parent: string | null) => ({
    type: 'user_message' as const,
    message_id: id,
    message: toMessage(id, 'user', text, parent),
  })
  const events = toLog([said('msg_1', 'First', null), started, said('msg_2', 'Other', null)])
  const replay = createReplay(received(events))
  const shown = (seq: number) => replay.at(seq).branch.messages.map(({ content }) => content)
  expect([shown(0), shown(2), shown(3)]).toEqual([[], ['First'], ['Other']])
})

test('a replay that is not loaded yet is empty', () => {
  const state = createReplay(emptyChat).at(5)
  expect([messagesOf(state), statusOf(state)]).toEqual([[], 'idle'])
})

test('a run is its events with those of its sub-agents between them', () => {
  const events = sampleLog()
  const [run] = runsOf(events, session)
  expect(eventsOfRun(events, run)).toEqual(events)
  expect(eventsOfRun(events, undefined)).toBe(events)
  expect(eventsOfRun(events, 'run_other')).toEqual([])
})

test('the pause between two events is theirs, but never long', () => {
  const at = (milliseconds: number) => ({
    timestamp: new Date(1_700_000_000_000 + milliseconds).toISOString(),
  })
  expect(pauseBetween(at(0), at(200), 4)).toBe(50)
  expect(pauseBetween(at(0), at(86_400_000), 1)).toBe(1000)
  expect(pauseBetween(at(0), at(0), 1)).toBe(20)
})

test('an event is described on one line', () => {
  const [event] = toLog(deltas([`a\n\n${'b'.repeat(300)}`]))
  const line = event ? describeEvent(event) : ''
  expect(line).toBe(`a ${'b'.repeat(118)}…`)
})

function received(events: readonly RuntimeEvent[]) {
  return reduceChat(emptyChat, { type: 'received', events })
}
