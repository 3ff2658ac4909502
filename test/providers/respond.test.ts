import { afterAll, beforeAll, expect, test } from 'vitest'
import { defaultDialect } from '#providers/presets.ts'
import type { Watchdog } from '#providers/watchdog.ts'
import { type ModelServer, type ScriptedAnswer, startModelServer } from '../support/model-server.ts'
import { ask, collector, modelAt, secretKey } from './model-under-test.ts'

let server: ModelServer
let next: ScriptedAnswer
beforeAll(async () => {
  server = await startModelServer({ script: () => next })
})
afterAll(() => server.close())

function play(script: ScriptedAnswer): void {
  next = script
}

test('an answer streams in order and is whole at the end', async () => {
  play({
    reasoning: 'Hm. ',
    text: 'One two three',
    usage: { prompt_tokens: 7, completion_tokens: 3 },
  })
  const seen = collector()
  const answer = await modelAt(server.baseUrl).respond(ask(), seen.onDelta)
  expect(answer).toEqual({
    content: 'One two three',
    reasoning: 'Hm. ',
    toolCalls: [],
    finishReason: 'stop',
    usage: { input_tokens: 7, output_tokens: 3, cached_input_tokens: 0, reasoning_tokens: 0 },
  })
  expect([seen.reasoning(), seen.text()]).toEqual(['Hm. ', 'One two three'])
})

test('a piece of text is handed over before the next one is sent', async () => {
  const hold = Promise.withResolvers<void>()
  const first = Promise.withResolvers<unknown>()
  play({ text: ['first ', 'second'], hold: hold.promise })
  const answer = modelAt(server.baseUrl).respond(ask(), (delta) => {
    first.resolve(delta)
    return undefined
  })
  expect(await first.promise).toEqual({ type: 'text', text: 'first ' })
  hold.resolve()
  expect((await answer).content).toBe('first second')
})

test('the request carries the conversation, the tools and the settings', async () => {
  play({ text: 'ok' })
  const model = modelAt(server.baseUrl, {
    settings: {
      temperature: 0.2,
      top_p: 0.9,
      max_tokens: 50,
      parallel_tool_calls: false,
      thinking_budget: 'low',
      provider_opts: { seed: 7, stream: false, model: 'other' },
    },
  })
  const call = { id: 'c1', type: 'function', function: { name: 'look', arguments: '{}' } } as const
  await model.respond(
    ask('', {
      messages: [
        { role: 'system', content: 'Be brief' },
        { role: 'user', content: 'See', multi_content: [image] },
        { role: 'assistant', content: '', tool_calls: [call] },
        { role: 'tool', content: 'seen', tool_call_id: 'c1' },
      ],
      tools: [{ name: 'look', description: 'Looks', parameters: { type: 'object' } }],
      responseFormat: { type: 'json_object' },
      thinking: true,
    }),
    () => undefined,
  )
  const request = server.requests.at(-1)
  expect(request?.headers).toMatchObject({
    authorization: `Bearer ${secretKey}`,
    accept: 'text/event-stream',
    'content-type': 'application/json',
  })
  expect(request?.body).toEqual({
    temperature: 0.2,
    top_p: 0.9,
    max_tokens: 50,
    parallel_tool_calls: false,
    reasoning_effort: 'low',
    response_format: { type: 'json_object' },
    seed: 7,
    model: 'scripted',
    stream: true,
    stream_options: { include_usage: true },
    tools: [
      {
        type: 'function',
        function: { name: 'look', description: 'Looks', parameters: { type: 'object' } },
      },
    ],
    messages: [
      { role: 'system', content: 'Be brief' },
      { role: 'user', content: [{ type: 'text', text: 'See' }, image] },
      { role: 'assistant', content: null, tool_calls: [call] },
      { role: 'tool', content: 'seen', tool_call_id: 'c1' },
    ],
  })
})

const image = { type: 'image_url', image_url: { url: 'data:image/png;base64,AAAA' } } as const

test.each([
  ['openrouter', 2048, { reasoning: { max_tokens: 2048 } }],
  ['anthropic', 'high', { thinking: { type: 'enabled', budget_tokens: 24_576 } }],
  ['effort', 4096, { reasoning_effort: 'medium' }],
  ['template', 'low', { chat_template_kwargs: { enable_thinking: true } }],
] as const)('a thinking budget takes the form of %s', async (thinking, budget, expected) => {
  play({ text: 'ok' })
  const model = modelAt(server.baseUrl, {
    dialect: { ...defaultDialect, thinking },
    settings: { thinking_budget: budget },
  })
  await model.respond(ask('Hi', { thinking: true }), () => undefined)
  expect(server.requests.at(-1)?.body).toMatchObject(expected)
})

test('a server without a key gets none', async () => {
  play({ text: 'ok' })
  await modelAt(server.baseUrl, { apiKey: undefined }).respond(ask(), () => undefined)
  expect(server.requests.at(-1)?.headers.authorization).toBeUndefined()
})

test('credentials in a base URL become a header', async () => {
  play({ text: 'ok' })
  const address = server.baseUrl.replace('//', '//me:pw%21@')
  await modelAt(address, { apiKey: undefined }).respond(ask(), () => undefined)
  const sent = server.requests.at(-1)?.headers.authorization
  expect(sent).toBe(`Basic ${Buffer.from('me:pw!').toString('base64')}`)
})

test('an abort rejects with its reason and closes the connection upstream', async () => {
  play({ text: ['first ', 'never'], hold: new Promise(() => {}) })
  const controller = new AbortController()
  const reason = new Error('stop it')
  const answer = modelAt(server.baseUrl).respond(ask('Hi', { signal: controller.signal }), () => {
    controller.abort(reason)
    return undefined
  })
  await expect(answer).rejects.toBe(reason)
  expect(await server.requests.at(-1)?.ended).toBe('aborted')
})

test('an abort before the call sends nothing', async () => {
  const count = server.requests.length
  const reason = new Error('too late')
  const answer = modelAt(server.baseUrl).respond(
    ask('Hi', { signal: AbortSignal.abort(reason) }),
    () => undefined,
  )
  await expect(answer).rejects.toBe(reason)
  expect(server.requests.length).toBe(count)
})

test('an abort while headers are awaited closes the connection', async () => {
  play({ fault: { kind: 'hang', position: 'start' } })
  const controller = new AbortController()
  const count = server.requests.length
  const model = modelAt(server.baseUrl, { limits: { headers: 60_000 } })
  const answer = model.respond(ask('Hi', { signal: controller.signal }), () => undefined)
  const request = await server.received(count + 1)
  controller.abort(new Error('enough'))
  await expect(answer).rejects.toThrow('enough')
  expect(await request.ended).toBe('aborted')
})

test('nothing more is read while a consumer has asked to wait, however long', async () => {
  const text = Array.from({ length: 200 }, (_, index) => `${index} `.padEnd(16_384, '.'))
  play({ text })
  const gate = Promise.withResolvers<void>()
  const waiting = Promise.withResolvers<void>()
  const { watchdog, passAges } = createHandDrivenWatchdog()
  let seen = 0
  const model = modelAt(server.baseUrl, { watchdog, limits: { maxAnswer: 1e8 } })
  const answer = model.respond(ask(), (delta) => {
    seen += delta.type === 'text' ? delta.text.length : 0
    waiting.resolve()
    return gate.promise
  })
  await waiting.promise
  const early = seen
  for (let turn = 0; turn < 50; turn++) await new Promise((resolve) => setImmediate(resolve))
  passAges()
  expect(seen).toBe(early)
  gate.resolve()
  expect((await answer).content).toBe(text.join(''))
})

/** Time passes only when the test says so: all silence that is not on hold is over at once. */
function createHandDrivenWatchdog() {
  const entries: { limited: boolean; onSilent: () => void }[] = []
  const watchdog: Watchdog = {
    watch(onSilent) {
      const entry = { limited: false, onSilent }
      entries.push(entry)
      const limit = (limited: boolean) => () => {
        entry.limited = limited
      }
      return { allow: limit(true), touch: limit(true), hold: limit(false), stop: limit(false) }
    },
  }
  const passAges = () => {
    for (const entry of entries) if (entry.limited) entry.onSilent()
  }
  return { watchdog, passAges }
}

test('what a consumer throws, now or later, ends the call', async () => {
  const boom = new Error('the journal is gone')
  play({ text: 'one two', hold: new Promise(() => {}) })
  const thrown = modelAt(server.baseUrl).respond(ask(), () => {
    throw boom
  })
  await expect(thrown).rejects.toBe(boom)
  const rejected = modelAt(server.baseUrl).respond(ask(), () => Promise.reject(boom))
  await expect(rejected).rejects.toBe(boom)
  expect(await server.requests.at(-1)?.ended).toBe('aborted')
})

test('calls one after the other share a connection', async () => {
  play({ text: 'ok' })
  const model = modelAt(server.baseUrl)
  const ports = new Set<string | undefined>()
  for (let count = 0; count < 3; count++) {
    await model.respond(ask(), () => undefined)
    const request = server.requests.at(-1)
    await request?.ended
    ports.add(request?.connection)
  }
  expect(ports.size).toBe(1)
})

test('an answer cut by length is an answer without its tool calls', async () => {
  play({
    text: 'Half of',
    toolCalls: [{ name: 'read_file', arguments: '{"path":"REA' }],
    finishReason: 'length',
  })
  const answer = await modelAt(server.baseUrl).respond(ask(), () => undefined)
  expect(answer).toMatchObject({ content: 'Half of', toolCalls: [], finishReason: 'length' })
})

test('an answer stopped by the content filter is a failure', async () => {
  play({ text: 'Well, ', finishReason: 'content_filter' })
  const answer = modelAt(server.baseUrl).respond(ask(), () => undefined)
  await expect(answer).rejects.toMatchObject({ code: 'content_filtered', retryable: false })
})

test('an answer whose end never comes after its finish reason is still whole', async () => {
  play({ text: 'All', fault: { kind: 'hang_after_finish' } })
  const answer = await modelAt(server.baseUrl).respond(ask(), () => undefined)
  expect(answer).toMatchObject({ content: 'All', finishReason: 'stop', usage: null })
})
