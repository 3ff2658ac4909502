import { afterAll, beforeAll, expect, test } from 'vitest'
import { ModelFailure } from '#runtime/model.ts'
import { type FaultPosition, faultKinds } from '../support/model-script.ts'
import { type ModelServer, type ScriptedAnswer, startModelServer } from '../support/model-server.ts'
import { ask, collector, modelAt, secretKey } from './model-under-test.ts'

const positions: FaultPosition[] = ['start', 'middle', 'end']
const harmless = ['one_byte', 'split_utf8', 'duplicate_ids']
const answer: ScriptedAnswer = {
  reasoning: ['Let me ', 'think — ', '…'],
  text: ['Grüße, ', '世界 ', '😀', ' and more'],
  toolCalls: [
    { name: 'read_file', arguments: { path: 'docs/a/long/path/README.md', note: 'ünï 😀' } },
    { name: 'read_file', arguments: { path: 'docs/another/long/path/CHANGELOG.md' } },
  ],
}
const text = 'Grüße, 世界 😀 and more'

let server: ModelServer
let next: ScriptedAnswer = answer
beforeAll(async () => {
  server = await startModelServer({ script: () => next })
})
afterAll(() => server.close())

async function respond(script: ScriptedAnswer) {
  next = script
  const seen = collector()
  const result = await modelAt(server.baseUrl)
    .respond(ask(), seen.onDelta)
    .catch((error: unknown) => error)
  return { result, seen }
}

for (const kind of faultKinds) {
  for (const position of positions) {
    const isHarmless = harmless.includes(kind)
    test(`${kind} at the ${position} ${isHarmless ? 'does no harm' : 'is never an answer'}`, async () => {
      const { result, seen } = await respond({ ...answer, fault: { kind, position } })
      if (!isHarmless) {
        expect(result).toBeInstanceOf(ModelFailure)
        return
      }
      expect(result).toMatchObject({ content: text, reasoning: 'Let me think — …' })
      expect(seen.text()).toBe(text)
      expect(result).toMatchObject({
        finishReason: 'tool_calls',
        toolCalls: answer.toolCalls?.map((call) => ({
          function: { name: call.name, arguments: JSON.stringify(call.arguments) },
        })),
      })
      const { toolCalls } = result as { toolCalls: { id: string }[] }
      expect(new Set(toolCalls.map(({ id }) => id)).size).toBe(2)
    })
  }
}

test.each([
  ['hang', 'start', 'model_timeout'],
  ['hang', 'middle', 'model_timeout'],
  ['cut', 'middle', 'model_truncated'],
  ['half_frame', 'end', 'model_truncated'],
  ['reset', 'middle', 'model_truncated'],
  ['no_finish', 'end', 'model_truncated'],
  ['half_arguments', 'middle', 'model_truncated'],
  ['invalid_json', 'middle', 'model_error'],
  ['error_frame', 'middle', 'model_error'],
  ['huge_frame', 'middle', 'model_error'],
] as const)('%s at the %s is a retryable %s', async (kind, position, code) => {
  const { result } = await respond({ ...answer, fault: { kind, position } })
  expect(result).toMatchObject({ code, retryable: true })
})

test('a web page and an endless answer are not worth another try', async () => {
  const html = await respond({ ...answer, fault: { kind: 'html', position: 'start' } })
  expect(html.result).toMatchObject({ code: 'model_error', retryable: false })
  const endless = await respond({ ...answer, fault: { kind: 'endless' } })
  expect(endless.result).toMatchObject({ code: 'model_error', retryable: false })
})

test.each([true, false])(
  'a stream cut at any byte is whole or a failure (clean end: %s)',
  async (clean) => {
    const short: ScriptedAnswer = { text: ['Hi ', '😀'] }
    const bytes = await bytesOf(short)
    const finished = bytes.indexOf('"finish_reason":"stop"')
    for (let byte = 0; byte <= bytes.length; byte++) {
      const { result, seen } = await respond({ ...short, fault: { kind: 'cut_at', byte, clean } })
      if (result instanceof ModelFailure) {
        expect(result.code, `byte ${byte}`).toBe('model_truncated')
        expect(byte, `byte ${byte}`).toBeLessThan(bytes.indexOf('\n\n', finished) + 2)
        expect('Hi 😀'.startsWith(seen.text())).toBe(true)
      } else {
        expect(byte, `byte ${byte}`).toBeGreaterThan(finished)
        expect(result).toMatchObject({ content: 'Hi 😀', finishReason: 'stop' })
      }
    }
  },
)

async function bytesOf(script: ScriptedAnswer): Promise<Buffer> {
  next = script
  const body = JSON.stringify({ model: 'scripted', messages: [], stream: true })
  const response = await fetch(`${server.baseUrl}/chat/completions`, { method: 'POST', body })
  return Buffer.from(await response.arrayBuffer())
}

test.each([
  [429, { 'retry-after': '7' }, 'model_rate_limited', true, 7000],
  [429, { 'retry-after': '1.5' }, 'model_rate_limited', true, 1500],
  [429, { 'retry-after-ms': '250', 'retry-after': '9' }, 'model_rate_limited', true, 250],
  [429, { 'retry-after': 'Sat, 22 Nov 2025 12:00:30 GMT' }, 'model_rate_limited', true, 30_000],
  [429, { 'retry-after': 'Sat, 22 Nov 2025 11:00:00 GMT' }, 'model_rate_limited', true, 0],
  [429, { 'retry-after': 'soon' }, 'model_rate_limited', true, undefined],
  [429, { 'retry-after': '-5' }, 'model_rate_limited', true, undefined],
  [429, { 'retry-after': '1e999' }, 'model_rate_limited', true, undefined],
  [429, {}, 'model_rate_limited', true, undefined],
  [503, { 'retry-after': '2' }, 'model_error', true, 2000],
  [500, {}, 'model_error', true, undefined],
  [502, {}, 'model_error', true, undefined],
  [529, {}, 'model_error', true, undefined],
  [408, {}, 'model_error', true, undefined],
  [400, {}, 'model_error', false, undefined],
  [401, {}, 'model_error', false, undefined],
  [403, {}, 'model_error', false, undefined],
  [404, {}, 'model_error', false, undefined],
  [302, { location: 'http://127.0.0.1:1/' }, 'model_error', false, undefined],
] as const)(
  'status %i with %j is %s, retryable: %s',
  async (status, headers, code, retryable, retryAfter) => {
    const { result } = await respond({
      fault: { kind: 'status', status, headers, position: 'start' },
    })
    expect(result).toMatchObject({ code, retryable, retryAfter })
  },
)

test.each([
  ['{"error":{"message":"nope","code":"context_length_exceeded"}}', 400, 'context_exceeded'],
  [
    `{"error":{"message":"This model's maximum context length is 8192 tokens."}}`,
    400,
    'context_exceeded',
  ],
  [
    '{"error":{"code":400,"message":"the request exceeds the available context size","type":"exceed_context_size_error"}}',
    400,
    'context_exceeded',
  ],
  [
    '{"error":{"type":"invalid_request_error","message":"prompt is too long: 210000 tokens > 200000 maximum"}}',
    400,
    'context_exceeded',
  ],
  [
    '[{"error":{"code":400,"message":"The input token count (1100000) exceeds the maximum number of tokens allowed (1048576).","status":"INVALID_ARGUMENT"}}]',
    400,
    'context_exceeded',
  ],
  [
    '{"object":"error","message":"Input is too long for this model","code":400}',
    400,
    'context_exceeded',
  ],
  ['{"error":{"message":"blocked","code":"content_filter"}}', 400, 'content_filtered'],
  [
    '{"error":{"message":"You exceeded your current quota","code":"insufficient_quota"}}',
    429,
    'model_rate_limited',
  ],
  ['{"detail":"temperature must be a number"}', 422, 'model_error'],
])('%s with status %i is %s and not retryable', async (body, status, code) => {
  const { result } = await respond({ fault: { kind: 'status', status, body, position: 'start' } })
  expect(result).toMatchObject({ code, retryable: false })
})

test('a refused key is named by its variable and never shown', async () => {
  const body = `{"error":{"message":"Incorrect API key provided: ${secretKey}. See https://user:pw@x.test/y"}}`
  const fault = { kind: 'status', status: 401, body, position: 'start' } as const
  const { result } = await respond({ fault })
  const { message } = result as ModelFailure
  expect(message).toContain('TEST_KEY')
  expect(message).not.toMatch(/sk-test|user:pw|x\.test/)
})

test('an error in the stream keeps its meaning', async () => {
  const fault = { kind: 'status', status: 429, position: 'middle' } as const
  const { result } = await respond({ ...answer, fault })
  expect(result).toMatchObject({ code: 'model_rate_limited', retryable: true })
})

test('a server that is not there is a failure that says where it was looked for', async () => {
  const gone = await startModelServer()
  await gone.close()
  const result = await modelAt(gone.baseUrl.replace('//', '//u:secret@'))
    .respond(ask(), () => undefined)
    .catch((error: unknown) => error)
  expect(result).toMatchObject({ code: 'model_error', retryable: true })
  expect(String(result)).toContain(`127.0.0.1:${gone.port}`)
  expect(String(result)).not.toContain('secret')
})
