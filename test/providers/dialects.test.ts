import { expect, test } from 'vitest'
import { createAnswerReader } from '#providers/answer-reader.ts'
import { ModelFailure } from '#runtime/model.ts'
import { createRandom } from '../support/random.ts'
import { collector } from './model-under-test.ts'

const seed = Number(process.env.SEED ?? Date.now() % 1_000_000)

/** Reads the chunks; deltas are collected as they would be streamed, one flush for each chunk. */
function read(chunks: unknown[]) {
  let made = 0
  const seen = collector()
  const reader = createAnswerReader({
    onDelta: seen.onDelta,
    createCallId: () => `made_${++made}`,
    maxAnswer: 1e6,
    secrets: [],
  })
  for (const chunk of chunks) {
    reader.data(typeof chunk === 'string' ? chunk : JSON.stringify(chunk))
    void reader.flush()
  }
  const answer = reader.answer()
  void reader.flush()
  return { answer, seen }
}

const choice = (delta: unknown, finish_reason: string | null = null) => ({
  choices: [{ index: 0, delta, finish_reason }],
})
const calls = (...tool_calls: unknown[]) => choice({ tool_calls })

test('whole tool calls in one chunk, with the finish reason stop', () => {
  const { answer } = read([
    calls(
      { id: 'a', type: 'function', function: { name: 'one', arguments: '{"x":1}' } },
      { id: 'b', type: 'function', function: { name: 'two', arguments: '{}' } },
    ),
    choice({}, 'stop'),
  ])
  expect(answer.finishReason).toBe('tool_calls')
  expect(answer.toolCalls).toEqual([
    { id: 'a', type: 'function', function: { name: 'one', arguments: '{"x":1}' } },
    { id: 'b', type: 'function', function: { name: 'two', arguments: '{}' } },
  ])
})

test('calls that interleave are told apart by their index', () => {
  const { answer } = read([
    calls({ index: 0, id: 'a', function: { name: 'one', arguments: '' } }),
    calls({ index: 1, id: 'b', function: { name: 'two', arguments: '' } }),
    calls(
      { index: 0, function: { arguments: '{"x"' } },
      { index: 1, function: { arguments: '{"y"' } },
    ),
    calls(
      { index: 1, function: { arguments: ':2}' } },
      { index: 0, function: { arguments: ':1}' } },
    ),
    choice({}, 'tool_calls'),
  ])
  expect(answer.toolCalls.map((call) => call.function.arguments)).toEqual(['{"x":1}', '{"y":2}'])
})

test('parallel calls that all have index 0, or none, are told apart by their ids', () => {
  for (const index of [{ index: 0 }, {}]) {
    const { answer } = read([
      calls({ ...index, id: 'a', function: { name: 'one', arguments: '{"x":1}' } }),
      calls({ ...index, id: 'b', function: { name: 'one', arguments: '{"x":2}' } }),
      choice({}, 'tool_calls'),
    ])
    expect(answer.toolCalls.map(({ id }) => id)).toEqual(['a', 'b'])
  }
})

test('calls without ids get made ones, and equal ids are made unique', () => {
  const { answer, seen } = read([
    calls({ function: { name: 'one', arguments: '{"x":1}' } }),
    calls({ function: { name: 'one', arguments: '{"x":2}' } }),
    calls({ index: 5, id: 'same', function: { name: 'two', arguments: '{}' } }),
    calls({ index: 6, id: 'same', function: { name: 'two', arguments: '{}' } }),
    choice({}, 'tool_calls'),
  ])
  const ids = ['made_1', 'made_2', 'same', 'same_2']
  expect(answer.toolCalls.map(({ id }) => id)).toEqual(ids)
  const shown = seen.deltas.flatMap((delta) => (delta.type === 'tool_call' ? [delta.id] : []))
  expect(shown).toEqual(ids)
})

test('name and id that are repeated in each chunk count once', () => {
  const { answer } = read([
    calls({ index: 0, id: 'a', function: { name: 'one', arguments: '{"x":' } }),
    calls({ index: 0, id: 'a', function: { name: 'one', arguments: '1}' } }),
    calls({ index: 0, id: 'a', function: { name: 'one', arguments: '' } }),
    choice({}, 'tool_calls'),
  ])
  expect(answer.toolCalls).toEqual([
    { id: 'a', type: 'function', function: { name: 'one', arguments: '{"x":1}' } },
  ])
})

test('the legacy function_call, arguments as an object, and no arguments at all', () => {
  const legacy = read([
    choice({ function_call: { name: 'one', arguments: '{"x":' } }),
    choice({ function_call: { arguments: '1}' } }),
    choice({}, 'function_call'),
  ])
  expect(legacy.answer.toolCalls[0]?.function).toEqual({ name: 'one', arguments: '{"x":1}' })
  const object = read([
    calls({ id: 'a', function: { name: 'one', arguments: { x: 1 } } }),
    choice({}, 'stop'),
  ])
  expect(object.answer.toolCalls[0]?.function.arguments).toBe('{"x":1}')
  const none = read([calls({ id: 'a', function: { name: 'one' } }), choice({}, 'stop')])
  expect(none.answer.toolCalls[0]?.function.arguments).toBe('{}')
})

test('a call without a name or with half its arguments is a failure', () => {
  for (const call of [
    { id: 'a', function: { arguments: '{}' } },
    { id: 'a', function: { name: 'one', arguments: '{"x":' } },
  ]) {
    expect(() => read([calls(call), choice({}, 'tool_calls')])).toThrow(ModelFailure)
  }
})

test('reasoning in the fields of several servers', () => {
  const forms = [
    { reasoning_content: 'think' },
    { reasoning: 'think' },
    {
      reasoning: 'think',
      reasoning_content: 'think',
      reasoning_details: [{ type: 'reasoning.text', text: 'think' }],
    },
    { reasoning_details: [{ type: 'reasoning.summary', summary: 'think' }] },
    { content: [{ type: 'thinking', thinking: [{ type: 'text', text: 'think' }] }] },
  ]
  for (const form of forms) {
    const { answer, seen } = read([choice(form), choice({ content: 'ok' }), choice({}, 'stop')])
    expect([answer.reasoning, answer.content, seen.reasoning()]).toEqual(['think', 'ok', 'think'])
  }
})

test('usage wherever a server puts it', () => {
  const counts = { prompt_tokens: 10, completion_tokens: 4, total_tokens: 14 }
  const done = choice({ content: 'x' }, 'stop')
  const expected = {
    input_tokens: 10,
    output_tokens: 4,
    cached_input_tokens: 0,
    reasoning_tokens: 0,
  }
  const plain = [done, { choices: [], usage: counts }]
  const inChoice = [{ choices: [{ index: 0, delta: {}, finish_reason: 'stop', usage: counts }] }]
  const groq = [done, { choices: [], x_groq: { usage: counts } }]
  const withLast = [{ ...done, usage: counts }, '[DONE]']
  for (const chunks of [plain, inChoice, groq, withLast]) {
    expect(read(chunks).answer.usage).toEqual(expected)
  }
  expect(read([done]).answer.usage).toBeNull()
})

test('cached tokens are part of the input and reasoning tokens part of the output', () => {
  const usage = (value: unknown) =>
    read([choice({ content: 'x' }, 'stop'), { choices: [], usage: value }]).answer.usage
  expect(
    usage({
      prompt_tokens: 10,
      completion_tokens: 9,
      total_tokens: 19,
      prompt_tokens_details: { cached_tokens: 8 },
      completion_tokens_details: { reasoning_tokens: 5 },
    }),
  ).toEqual({ input_tokens: 10, output_tokens: 9, cached_input_tokens: 8, reasoning_tokens: 5 })
  // Reasoning counted beside the completion: the total tells.
  expect(
    usage({
      prompt_tokens: 10,
      completion_tokens: 4,
      total_tokens: 19,
      prompt_cache_hit_tokens: 3,
      completion_tokens_details: { reasoning_tokens: 5 },
    }),
  ).toEqual({ input_tokens: 10, output_tokens: 9, cached_input_tokens: 3, reasoning_tokens: 5 })
})

test('chunks that say nothing are passed over', () => {
  const { answer } = read([
    { choices: [] },
    { choices: null, unknown: { deep: [1] } },
    choice({ role: 'assistant' }),
    choice({ content: null, tool_calls: null, reasoning_content: null }),
    { choices: [{ index: 1, delta: { content: 'another choice' }, finish_reason: 'stop' }] },
    'null',
    '7',
    choice({ content: 'ok' }, ''),
    choice({}, 'stop'),
    '[DONE]',
    'anything after the end',
  ])
  expect(answer).toMatchObject({ content: 'ok', finishReason: 'stop' })
})

test.each([
  ['end_turn', 'stop'],
  ['eos', 'stop'],
  ['max_tokens', 'length'],
  ['model_length', 'length'],
])('the finish reason %s is %s', (reason, expected) => {
  expect(read([choice({ content: 'x' }, reason)]).answer.finishReason).toBe(expected)
})

test.each(['error', 'insufficient_system_resource', 'malformed_function_call', 'SAFETY'])(
  'the finish reason %s is a failure',
  (reason) => {
    expect(() => read([choice({ content: 'x' }, reason)])).toThrow(ModelFailure)
  },
)

test('an error after the finish reason does not spoil the answer', () => {
  const chunks = [choice({ content: 'x' }, 'stop'), { error: { message: 'late' } }, 'not JSON']
  expect(read(chunks).answer.content).toBe('x')
})

test('[DONE] without a finish reason is a truncated answer', () => {
  expect(() => read([choice({ content: 'x' }), '[DONE]'])).toThrow(
    expect.objectContaining({ code: 'model_truncated', retryable: true }),
  )
})

test('surrogates join across chunks, and what cannot be stored is replaced', () => {
  const { answer, seen } = read([
    '{"choices":[{"index":0,"delta":{"content":"a\\ud83d"}}]}',
    '{"choices":[{"index":0,"delta":{"content":"\\ude00b\\udc00c\\u0000"}}]}',
    '{"choices":[{"index":0,"delta":{"content":"d\\ud83d"}}]}',
    choice({}, 'stop'),
  ])
  expect(answer.content).toBe('a😀b\ufffdc\ufffdd\ufffd')
  expect(seen.text()).toBe(answer.content)
})

test('strings in arguments that cannot be stored are replaced, and nothing else changes', () => {
  const call = (args: string) =>
    read([calls({ id: 'a', function: { name: 'one', arguments: args } }), choice({}, 'stop')])
      .answer.toolCalls[0]?.function.arguments
  expect(call('{"a":"x\\u0000y","b":["\\ud800"]}')).toBe('{"a":"x\ufffdy","b":["\ufffd"]}')
  expect(call('{ "a": "\\u00e9", "n": 12345678901234567890 }')).toBe(
    '{ "a": "\\u00e9", "n": 12345678901234567890 }',
  )
})

test(`any text in chunks of any form is read as JSON.parse reads it (SEED=${seed})`, () => {
  const random = createRandom(seed)
  const words = [
    'a',
    ' and',
    '"',
    '\\',
    '\n',
    '\t',
    'é',
    '😀',
    '"}}]}',
    '{"content":"',
    'probe',
    '\u2028',
    '',
  ]
  for (let round = 0; round < 500; round++) {
    const extras = random.pick([{}, { logprobs: null }, { usage: null }, { obfuscation: 'x' }])
    const texts = Array.from({ length: random.below(30) + 1 }, () =>
      Array.from({ length: random.below(4) + 1 }, () => random.pick(words)).join(''),
    )
    let expected = ''
    const chunks = texts.map((content, index) => {
      const isThought = random.below(9) === 0
      if (!isThought) expected += content
      const delta = isThought ? { reasoning_content: content } : { content }
      return { id: random.below(9) === 0 ? `id${index}` : 'id', ...extras, ...choice(delta) }
    })
    const { answer, seen } = read([...chunks, choice({}, 'stop')])
    expect(answer.content).toBe(expected)
    expect(seen.text()).toBe(answer.content)
  }
})

test('neighbouring deltas that came together are handed over as one', () => {
  const seen = collector()
  const reader = createAnswerReader({
    onDelta: seen.onDelta,
    createCallId: () => 'x',
    maxAnswer: 1e6,
    secrets: [],
  })
  for (const chunk of [
    choice({ reasoning: 'r' }),
    choice({ content: 'a' }),
    choice({ content: 'b' }),
  ]) {
    reader.data(JSON.stringify(chunk))
  }
  void reader.flush()
  expect(seen.deltas).toEqual([
    { type: 'reasoning', text: 'r' },
    { type: 'text', text: 'ab' },
  ])
})
