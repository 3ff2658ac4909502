import type { AnswerReader } from './answer-reader.ts'
import { parseJson } from './chunk.ts'
import { createEventStreamSplitter } from './event-stream.ts'
import { notAnApi, tooLong, type Upstream } from './failures.ts'

/** What comes after the status line: an answer for the reader, or the reason of a refusal. */
export type Body =
  | { type: 'answer'; push(bytes: Buffer): void; end(): void }
  | { type: 'refusal'; push(bytes: Buffer): void; text(): string }

/** Throws a `ModelFailure` when it is neither. */
export function openBody({
  status,
  contentType,
  reader,
  upstream,
  maxFrame,
  maxAnswer,
}: {
  status: number
  contentType: string
  reader: AnswerReader
  upstream: Upstream
  maxFrame: number
  maxAnswer: number
}): Body {
  if (status < 200 || status >= 300) return openRefusal()
  if (/html/i.test(contentType)) throw notAnApi(contentType, upstream)
  if (/^application\/json/i.test(contentType)) return openWhole({ reader, maxAnswer })
  return openStream({ reader, maxFrame })
}

function openStream({ reader, maxFrame }: { reader: AnswerReader; maxFrame: number }): Body {
  let ending = false
  const splitter = createEventStreamSplitter({
    maxFrame,
    onData(json) {
      // A half frame at the end is a cut stream, which the reader tells by itself.
      if (ending && json !== '[DONE]' && !parseJson(json)) return
      reader.data(json)
    },
  })
  return {
    type: 'answer',
    push: splitter.push,
    end() {
      ending = true
      splitter.end()
    },
  }
}

/** A server that doesn't stream sends the same as one object. */
function openWhole({ reader, maxAnswer }: { reader: AnswerReader; maxAnswer: number }): Body {
  const chunks: Buffer[] = []
  let length = 0
  return {
    type: 'answer',
    push(bytes) {
      length += bytes.length
      if (length > maxAnswer) throw tooLong(maxAnswer)
      chunks.push(bytes)
    },
    end() {
      const text = Buffer.concat(chunks).toString()
      if (parseJson(text)) reader.data(text)
    },
  }
}

const longestRefusal = 64 * 1024

function openRefusal(): Body {
  let kept = Buffer.alloc(0)
  return {
    type: 'refusal',
    push(bytes) {
      if (kept.length < longestRefusal) kept = Buffer.concat([kept, bytes])
    },
    text: () => kept.subarray(0, longestRefusal).toString(),
  }
}
