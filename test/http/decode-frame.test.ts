import { expect, test } from 'vitest'
import { decodeFrame } from '#http/decode-frame.ts'
import { toFrame } from '#runtime/frame.ts'

const texts = [
  'Hello',
  '',
  ' ',
  '日本 👩‍🚀',
  'a "quoted" one',
  'line\nend',
  '\\',
  '\u2028',
  '}',
  '","part":7',
]

test.each(texts)('the text %j is the same as when its line is parsed', (content) => {
  for (const type of ['agent_choice', 'agent_choice_reasoning']) {
    for (const range of [{}, { seqFrom: 3 }]) {
      const event = { runId: 'run_1', sessionId: 'ses_1', agent: 'a "root"', type }
      const data = JSON.stringify({ content, part: 1, offset: 12 })
      const place = { seq: 9, timestamp: '2026-01-31T12:00:00.000Z', ...range }
      for (const agent of [event.agent, 'root']) {
        const frame = toFrame({ ...event, agent, data }, place)
        expect(decodeFrame(frame)).toEqual(JSON.parse(frame.json))
      }
    }
  }
})

test('what has other fields is parsed', () => {
  const stored = { runId: 'run_1', sessionId: 'ses_1', agent: 'root' }
  const place = { seq: 9, timestamp: '2026-01-31T12:00:00.000Z' }
  const frames = [
    toFrame(
      { ...stored, type: 'agent_choice', data: '{"content":"a","part":0,"offset":0,"x":1}' },
      place,
    ),
    toFrame({ ...stored, type: 'step_started', data: '{"step":1}' }, place),
  ]
  for (const frame of frames) expect(decodeFrame(frame)).toEqual(JSON.parse(frame.json))
})
