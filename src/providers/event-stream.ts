import { StringDecoder } from 'node:string_decoder'
import { ModelFailure } from '#runtime/model.ts'

export type EventStreamSplitter = {
  /** Calls `onData` for each event that is whole now. Throws when a frame is too large. */
  push(bytes: Buffer): void
  /** Hands over an event whose blank line is missing. */
  end(): void
}

/**
 * Splits the bytes of a text/event-stream into the data of its events, wherever chunks begin and
 * end: within a character, between CR and LF, within a line. `event`, `id` and `retry` lines and
 * comments are passed over; empty data is not handed over.
 */
export function createEventStreamSplitter({
  onData,
  maxFrame,
}: {
  onData: (data: string) => void
  /** In UTF-16 code units. */
  maxFrame: number
}): EventStreamSplitter {
  const decoder = new StringDecoder('utf8')
  let line = ''
  let data: string | undefined
  let started = false
  let afterCarriageReturn = false
  let withinCharacter = false

  /** The decoder is only needed where a chunk may end within a character. */
  function decode(bytes: Buffer): string {
    const mayContinue = (bytes.at(-1) ?? 0) >= 0x80
    const text = withinCharacter || mayContinue ? decoder.write(bytes) : bytes.toString('utf8')
    if (bytes.length > 0) withinCharacter = mayContinue
    return text
  }

  function takeLine(text: string): void {
    if (text === '') {
      const whole = data
      data = undefined
      if (whole) onData(whole)
      return
    }
    if (!text.startsWith('data')) return
    const value = dataOf(text)
    if (value === undefined) return
    data = data === undefined ? value : `${data}\n${value}`
    if (data.length > maxFrame) throw tooLarge(maxFrame)
  }

  function takeText(text: string): void {
    let start = 0
    let end = text.indexOf('\n')
    if (end < 0) {
      // Only new text is searched: a long line in small pieces costs no more than its length.
      line += text
    } else {
      takeLine(line === '' ? text.slice(0, end) : line + text.slice(0, end))
      start = end + 1
      end = text.indexOf('\n', start)
      while (end >= 0) {
        takeLine(text.slice(start, end))
        start = end + 1
        end = text.indexOf('\n', start)
      }
      line = text.slice(start)
    }
    if (line.length > maxFrame) throw tooLarge(maxFrame)
  }

  function normalise(decoded: string): string {
    let text = decoded
    if (!started) {
      started = true
      if (text.charCodeAt(0) === 0xfeff) text = text.slice(1)
    }
    if (afterCarriageReturn && text !== '') {
      afterCarriageReturn = false
      if (text.startsWith('\n')) text = text.slice(1)
    }
    if (!text.includes('\r')) return text
    afterCarriageReturn = text.endsWith('\r')
    return text.replace(/\r\n?/g, '\n')
  }

  return {
    push(bytes) {
      const decoded = decode(bytes)
      if (decoded !== '') takeText(normalise(decoded))
    },
    end() {
      takeText(`${normalise(decoder.end())}\n\n`)
    },
  }
}

function dataOf(line: string): string | undefined {
  if (line.charCodeAt(4) === 58) return line.slice(line.charCodeAt(5) === 32 ? 6 : 5)
  return line === 'data' ? '' : undefined
}

function tooLarge(maxFrame: number): ModelFailure {
  return new ModelFailure(
    'model_error',
    `The model server sent a frame of more than ${maxFrame} characters`,
    { retryable: true },
  )
}
