import { createParser } from 'eventsource-parser'
import { expect, test } from 'vitest'
import { createEventStreamSplitter } from '#providers/event-stream.ts'
import { createRandom, type Random } from '../support/random.ts'

const seed = Number(process.env.SEED ?? Date.now() % 1_000_000)

test('a stream split at every byte gives the events of the whole', () => {
  const text =
    '\ufeffdata: {"a":"héllo 😀"}\r\n\r\n: ping\n\nid: 1\nevent: x\ndata:one\rdata: two\r\rdata\n\ndata: [DONE]\n\n'
  const bytes = Buffer.from(text)
  const whole = split([bytes])
  expect(whole).toEqual(['{"a":"héllo 😀"}', 'one\ntwo', '[DONE]'])
  for (let at = 0; at <= bytes.length; at++) {
    expect(split([bytes.subarray(0, at), bytes.subarray(at)]), `cut at ${at}`).toEqual(whole)
  }
  expect(split(pieces(bytes, () => 1))).toEqual(whole)
})

test(`any stream in any pieces gives what a slow parser gives (SEED=${seed})`, () => {
  const random = createRandom(seed)
  for (let round = 0; round < 3000; round++) {
    const text = randomStream(random)
    const bytes = Buffer.from(text)
    const chunks = pieces(bytes, () => random.below(8) + 1)
    expect(split(chunks), JSON.stringify(text)).toEqual(reference(text))
  }
})

test('an event without its blank line is handed over at the end', () => {
  expect(split([Buffer.from('data: a\n\ndata: [DONE]')])).toEqual(['a', '[DONE]'])
})

test('a line or an event that grows too large is refused', () => {
  const push = (text: string) => {
    const splitter = createEventStreamSplitter({ onData: () => {}, maxFrame: 100 })
    for (const chunk of pieces(Buffer.from(text), () => 7)) splitter.push(chunk)
  }
  expect(() => push(`data: ${'x'.repeat(200)}`)).toThrow(/more than 100/)
  expect(() => push(`data: ${'x'.repeat(40)}\n`.repeat(4))).toThrow(/more than 100/)
  expect(() => push(`data: ${'x'.repeat(40)}\n\n`.repeat(100))).not.toThrow()
})

function split(chunks: Buffer[]): string[] {
  const events: string[] = []
  const onData = (data: string) => {
    events.push(data)
  }
  const splitter = createEventStreamSplitter({ onData, maxFrame: 1e6 })
  for (const chunk of chunks) splitter.push(chunk)
  splitter.end()
  return events
}

function reference(text: string): string[] {
  const events: string[] = []
  const parser = createParser({ onEvent: ({ data }) => events.push(data) })
  // The slow way: it sees whole lines only, with one kind of line end.
  parser.feed(`${text.replace(/\r\n?/g, '\n')}\n\n`)
  return events.filter((data) => data !== '')
}

function pieces(bytes: Buffer, size: () => number): Buffer[] {
  const chunks: Buffer[] = []
  for (let start = 0; start < bytes.length; ) {
    const end = start + size()
    chunks.push(bytes.subarray(start, end))
    start = end
  }
  return chunks
}

function randomStream(random: Random): string {
  const words = [
    'data',
    'data:',
    'data: ',
    'datax: ',
    ':',
    ': note',
    'id: 7',
    'event: e',
    'retry: 5',
    ' ',
    'a',
    'é',
    '😀',
    '{"b":1}',
    '\ufeff',
    '\u2028',
  ]
  const ends = ['\n', '\r\n', '\r', '\n\n', '\r\n\r\n', '\r\r', '']
  let text = random.below(5) === 0 ? '\ufeff' : ''
  for (let count = random.below(24); count > 0; count--)
    text += random.pick(words) + random.pick(ends)
  return text
}
