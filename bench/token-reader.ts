import { betweenStamps, type Clock, sinceStamp } from './clock.ts'
import { answerText, type Script } from './script.ts'
import type { Samples } from './statistics.ts'

/** `relay`: the model's own Chat Completions stream; `parley`: typed events. */
export type Wire = 'relay' | 'parley'

/** Where a reader puts what it measures, in milliseconds. */
export type TokenSamples = {
  /** From the model's write of a token to its arrival. */
  latency: Samples
  /** Between two arrivals of the same stream. */
  gap: Samples
  /** The first token: the whole way there and back without the time that the model took. */
  firstAdded: Samples
}

/**
 * Reads one stream of server-sent events and checks that it brings every token of the script once
 * and in order.
 */
export type TokenReader = {
  read(bytes: Buffer): void
  /** The connection broke and the next bytes come from a new one. */
  reconnected(): void
  readonly tokens: number
  readonly lastId: string | null
  readonly firstAt: number | null
  /** The stream said that the answer is complete. */
  readonly ended: boolean
  readonly endedAt: number
  /** What is wrong with what was read; null when everything came exactly once. */
  problem(): string | null
}

export function createTokenReader(options: {
  wire: Wire
  script: Script
  clock: Clock
  requestedAt: number
  samples: TokenSamples | null
}): TokenReader {
  const { wire, script, clock, requestedAt, samples } = options
  const checker = createChecker(options)
  let rest = ''
  let id: string | null = null
  let data: string | null = null
  let lastId: string | null = null
  let firstAt: number | null = null
  let lastAt = 0
  let ended = false
  let endedAt = 0
  let failure: string | null = null

  function readLine(line: string, now: number): void {
    if (line === '') endEvent(now)
    else if (line.startsWith('data:')) data = line
    else if (line.startsWith('id:')) id = line.slice(3).trim()
  }

  function endEvent(now: number): void {
    if (id !== null) lastId = id
    if (data !== null) readEvent(data, now)
    id = null
    data = null
  }

  function readEvent(line: string, now: number): void {
    if (wire === 'relay') {
      if (line === 'data: [DONE]') end(now)
      else readContent(contentOf(line, script), now)
    } else if (line.includes('"type":"agent_choice"')) readContent(contentOf(line, script), now)
    else readOther(line, now)
  }

  function readContent(content: string | null, now: number): void {
    if (!content) return
    if (firstAt === null) firstAt = now
    else samples?.gap.add(now - lastAt)
    lastAt = now
    checker.check(content, now)
  }

  function readOther(line: string, now: number): void {
    if (line.includes('"type":"error"')) failure ??= `the run failed: ${line.slice(0, 300)}`
    if (!line.includes('"type":"stream_stopped"')) return
    if (!line.includes('"reason":"completed"')) failure ??= `not completed: ${line.slice(0, 300)}`
    end(now)
  }

  function end(now: number): void {
    ended = true
    endedAt = now
  }

  return {
    read(bytes) {
      const now = clock()
      const text = rest + bytes.toString('latin1')
      let from = 0
      for (;;) {
        const newline = text.indexOf('\n', from)
        if (newline === -1) break
        readLine(text.slice(from, newline), now)
        from = newline + 1
      }
      rest = text.slice(from)
    },
    reconnected() {
      rest = ''
      id = null
      data = null
    },
    get tokens() {
      return checker.tokens()
    },
    get lastId() {
      return lastId
    },
    get firstAt() {
      return firstAt
    },
    get ended() {
      return ended
    },
    get endedAt() {
      return endedAt
    },
    problem() {
      if (failure) return failure
      const wrong = checker.problem()
      if (wrong) return wrong
      return ended ? null : `the stream broke off after ${checker.tokens()} tokens (${requestedAt})`
    },
  }
}

/** The text in an event's `content`; null without one. */
function contentOf(line: string, script: Script): string | null {
  if (script.text === 'mixed') return parsedContent(line)
  const start = line.indexOf('"content":"')
  if (start === -1) return null
  return line.slice(start + 11, line.indexOf('"', start + 11))
}

function parsedContent(line: string): string | null {
  const event = JSON.parse(Buffer.from(line.slice(5), 'latin1').toString())
  const content: unknown = event.content ?? event.choices?.[0]?.delta?.content
  return typeof content === 'string' ? content : null
}

type Checker = {
  check(content: string, now: number): void
  tokens(): number
  problem(): string | null
}

function createChecker(options: {
  script: Script
  requestedAt: number
  samples: TokenSamples | null
}): Checker {
  const { text } = options.script
  return text === 'words' || text === 'mixed'
    ? createTextChecker(options)
    : createIndexChecker(options)
}

/** Compares with the whole text, which is known. */
function createTextChecker({ script }: { script: Script }): Checker {
  const expected = answerText(script)
  let length = 0
  let wrong: string | null = null
  return {
    check(content) {
      if (!expected.startsWith(content, length))
        wrong ??= `other text at character ${length}: ${content.slice(0, 80)}`
      length += content.length
    },
    tokens: () =>
      length === expected.length
        ? script.tokens
        : Math.floor((length / expected.length) * script.tokens),
    problem: () =>
      wrong ?? (length === expected.length ? null : `${length} of ${expected.length} characters`),
  }
}

/** Reads `index;` or `index.sent;` or `0.sent.received;`, numbers in base 36, however they are cut. */
function createIndexChecker(options: {
  script: Script
  requestedAt: number
  samples: TokenSamples | null
}): Checker {
  const { script, requestedAt, samples } = options
  const fields = [0, 0, 0]
  let field = 0
  let next = 0
  let wrong: string | null = null

  function endToken(now: number): void {
    const [index = 0, sent = 0, received = 0] = fields
    if (index !== next) wrong ??= `token ${index} came where ${next} was due`
    next = index + 1
    if (samples && field > 0) samples.latency.add(sinceStamp(sent, now))
    if (samples && field === 2) {
      samples.firstAdded.add(now - requestedAt - betweenStamps(received, sent))
    }
    fields.fill(0)
    field = 0
  }

  return {
    check(content, now) {
      for (let at = 0; at < content.length; at++) {
        const code = content.charCodeAt(at)
        if (code === SEMICOLON) endToken(now)
        else if (code === DOT) field += 1
        else fields[field] = (fields[field] ?? 0) * 36 + digitOf(code)
      }
    },
    tokens: () => next,
    problem: () => wrong ?? (next === script.tokens ? null : `${next} of ${script.tokens} tokens`),
  }
}

const SEMICOLON = 59
const DOT = 46

function digitOf(code: number): number {
  return code < 58 ? code - 48 : code - 87
}
