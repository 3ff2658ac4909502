import { expect, test } from 'vitest'
import { createClock, toStamp } from '../../bench/clock.ts'
import { answerText, type Script, tokenText } from '../../bench/script.ts'
import { createSamples } from '../../bench/statistics.ts'
import { createTokenReader, type TokenReader } from '../../bench/token-reader.ts'

const counted: Script = { tokens: 40, every: 0, first: 0, tool: false, text: 'counted' }
const mixed: Script = { ...counted, text: 'mixed' }

test('an answer that came whole has no problem', () => {
  const reader = openReader(counted)
  read(reader, frames(pieces(counted)))
  expect(reader).toMatchObject({ tokens: 40, lastId: '41', ended: true })
  expect(reader.problem()).toBeNull()
})

test('tokens merged into fewer events are still counted one by one', () => {
  const reader = openReader(counted)
  read(reader, frames([pieces(counted).join('')]))
  expect(reader).toMatchObject({ tokens: 40, lastId: '2' })
  expect(reader.problem()).toBeNull()
})

test.each([counted, mixed])('$text tokens cut at every byte are read the same', (script) => {
  const bytes = Buffer.from(frames(pieces(script)))
  const reader = openReader(script)
  for (let at = 0; at < bytes.length; at++) reader.read(bytes.subarray(at, at + 1))
  expect(reader.problem()).toBeNull()
})

test.each([counted, mixed])('a lost token of a $text answer is noticed', (script) => {
  const reader = openReader(script)
  read(reader, frames(pieces(script).toSpliced(17, 1)))
  expect(reader.problem()).not.toBeNull()
})

test.each([counted, mixed])('a repeated token of a $text answer is noticed', (script) => {
  const reader = openReader(script)
  read(reader, frames(pieces(script).toSpliced(17, 0, tokenText(textOf(script), 16))))
  expect(reader.problem()).not.toBeNull()
})

test('an answer without its end is noticed', () => {
  const reader = openReader(counted)
  read(reader, frames(pieces(counted)).split('id: 41')[0] ?? '')
  expect(reader.problem()).toMatch(/broke off/)
})

test('an event cut in half is dropped when the connection is new', () => {
  const reader = openReader(counted)
  const all = frames(pieces(counted))
  const cut = all.indexOf('id: 20\n') - 1
  read(reader, all.slice(0, cut))
  expect(reader.lastId).toBe('18')
  reader.reconnected()
  read(reader, all.slice(all.indexOf('id: 19\n')))
  expect(reader.problem()).toBeNull()
})

test('the latency of a stamped token is the time since it was sent', () => {
  const samples = { latency: createSamples(), gap: createSamples(), firstAdded: createSamples() }
  const script: Script = { ...counted, tokens: 1, text: 'stamped' }
  const clock = () => 70_000
  const reader = createTokenReader({ wire: 'parley', script, clock, requestedAt: 69_900, samples })
  read(reader, frames([`0.${toStamp(69_990)}.${toStamp(69_930)};`]))
  expect(reader.problem()).toBeNull()
  expect(samples.latency.summary().p50).toBeCloseTo(10)
  expect(samples.firstAdded.summary().p50).toBeCloseTo(40)
})

function openReader(script: Script): TokenReader {
  return createTokenReader({
    wire: 'parley',
    script,
    clock: createClock(),
    requestedAt: 0,
    samples: null,
  })
}

function read(reader: TokenReader, text: string): void {
  reader.read(Buffer.from(text))
}

function textOf({ text }: Script): 'counted' | 'mixed' {
  return text === 'mixed' ? text : 'counted'
}

function pieces(script: Script): string[] {
  const texts = Array.from({ length: script.tokens }, (_, at) => tokenText(textOf(script), at))
  expect(texts.join('')).toBe(answerText(script))
  return texts
}

function frames(contents: string[]): string {
  const events = contents.map((content) => ({ type: 'agent_choice', content }))
  const all = [...events, { type: 'stream_stopped', reason: 'completed' }]
  return all.map((event, at) => `id: ${at + 1}\ndata: ${JSON.stringify(event)}\n\n`).join('')
}
