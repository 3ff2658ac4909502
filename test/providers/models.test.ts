import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, expect, onTestFinished, test } from 'vitest'
import type { ToolCall } from '#contract/message.ts'
import { openModels, type Traffic } from '#providers/models.ts'
import { createOfflineModel } from '#providers/offline.ts'
import type { ModelScope, PromptMessage } from '#runtime/model.ts'
import { type ModelServer, startModelServer } from '../support/model-server.ts'
import { ask, collector } from './model-under-test.ts'

const empty: ModelScope = { models: {}, providers: {} }
let server: ModelServer
let directory: string
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'parley-models-'))
})
afterAll(() => rm(directory, { recursive: true }))
beforeEach(async () => {
  server = await startModelServer({ models: ['text-embedding-x', 'scripted'] })
  return () => server.close()
})

async function open(
  environment: Record<string, string>,
  more: { traffic?: Traffic; localServers?: Record<string, string> } = {},
) {
  const models = await openModels({
    environment,
    offline: createOfflineModel(),
    localServers: {},
    tick: 20,
    ...more,
  })
  onTestFinished(() => models.close().catch(() => {}))
  return models
}

test('without a key and a local server the offline model answers, also for a named model', async () => {
  const models = await open({})
  expect(models.detected.id).toBe('offline/parley')
  expect(models.resolve(undefined, empty).id).toBe('offline/parley')
  expect(models.resolve('openai/gpt-5-mini', empty).id).toBe('offline/parley')
  expect(models.substitution('openai/gpt-5-mini', empty)).toBe(
    'offline/parley answers for openai/gpt-5-mini: OPENAI_API_KEY is not set',
  )
  expect(await models.list()).toEqual([
    { id: 'offline/parley', provider: 'offline', name: 'parley', is_default: true },
  ])
})

test('a key in the environment decides, in the order of the providers', async () => {
  const models = await open({ GROQ_API_KEY: 'g', OPENAI_API_KEY: 'o' })
  expect(models.detected).toEqual({ id: 'openai/gpt-5-mini', reason: 'OPENAI_API_KEY is set' })
  expect(models.resolve('auto', empty)).toMatchObject({
    id: 'openai/gpt-5-mini',
    contextLimit: 400_000,
    price: { input: 0.25, output: 2, cachedInput: 0.025 },
  })
  expect(models.resolve('groq/openai/gpt-oss-20b', empty).id).toBe('groq/openai/gpt-oss-20b')
  expect(models.resolve('gpt-4o', empty).id).toBe('openai/gpt-4o')
})

test('a named model without its key is answered by the detected one, and that is said', async () => {
  const models = await open({ OPENAI_API_KEY: 'o', OPENAI_MODEL: 'gpt-4.1' })
  expect(models.resolve('anthropic/claude-haiku-4-5', empty).id).toBe('openai/gpt-4.1')
  expect(models.substitution('anthropic/claude-haiku-4-5', empty)).toContain('ANTHROPIC_API_KEY')
  expect(models.substitution('openai/gpt-4o', empty)).toBeUndefined()
})

test('what a file says of a price and a window holds for its model and for no other', async () => {
  const models = await open({ OPENAI_API_KEY: 'o', OPENAI_MODEL: 'gpt-4.1' })
  const told = { pricing: { input: 1, output: 3 }, context_window: 9000 }
  const scope: ModelScope = {
    models: {
      own: { provider: 'openai', model: 'gpt-4.1', ...told },
      keyless: { provider: 'anthropic', model: 'claude-haiku-4-5', ...told },
    },
    providers: {},
  }
  const own = { contextLimit: 9000, price: { input: 1, output: 3, cachedInput: 1 } }
  expect(models.resolve('own', scope)).toMatchObject(own)
  const known = { contextLimit: 1_047_576, price: { input: 2, output: 8, cachedInput: 0.5 } }
  expect(models.resolve('openai/gpt-4.1', scope)).toMatchObject(known)
  expect(models.resolve('keyless', scope)).toMatchObject({ id: 'openai/gpt-4.1', ...known })
})

test('known prices are listed with their month, unknown ones not at all', async () => {
  const models = await open({ OPENAI_BASE_URL: server.baseUrl, OPENAI_MODEL: 'gpt-4.1' })
  const listed = await models.list()
  expect(listed.map(({ name, pricing }) => [name, pricing])).toEqual([
    ['gpt-4.1', { input: 2, output: 8, cached_input: 0.5, as_of: '2025-11' }],
    ['scripted', undefined],
    ['text-embedding-x', undefined],
  ])
})

test('OPENAI_BASE_URL needs no key and takes the first chat model that is listed', async () => {
  server.push({ text: 'here' })
  const models = await open({ OPENAI_BASE_URL: server.baseUrl })
  expect(models.detected.id).toBe('openai/scripted')
  const answer = await models.resolve('openai/other', empty).respond(ask(), () => undefined)
  expect(answer.content).toBe('here')
  expect(server.requests[0]?.body.model).toBe('other')
  expect(await models.list()).toMatchObject([
    { id: 'openai/scripted', is_default: true },
    { id: 'openai/text-embedding-x', is_default: false },
  ])
})

test('a local server on its usual port is found, and one that is not what its port says is not', async () => {
  server.push({ text: 'local' })
  const ollama = await open({}, { localServers: { vllm: server.baseUrl, ollama: server.baseUrl } })
  expect(ollama.detected.id).toBe('ollama/scripted')
  expect((await ollama.resolve(undefined, empty).respond(ask(), () => undefined)).content).toBe(
    'local',
  )
  const vllm = await open({}, { localServers: { vllm: server.baseUrl } })
  expect(vllm.detected.id).toBe('offline/parley')
})

test('a file defines providers and models with their own keys and settings', async () => {
  server.push({ text: 'a' }, { text: 'b' })
  const models = await open({ MINE: 'sk-mine-123456', OPENAI_API_KEY: 'sk-other-123456' })
  const scope: ModelScope = {
    providers: { mine: { base_url: server.baseUrl, token_key: 'MINE' } },
    models: {
      fast: { provider: 'mine', model: 'quick', temperature: 0.5 },
      bare: { model: 'x', base_url: server.baseUrl },
    },
  }
  const fast = models.resolve('fast', scope, { thinking_budget: 'high' })
  expect(fast.id).toBe('mine/quick')
  await fast.respond(ask('Hi', { thinking: true }), () => undefined)
  expect(server.requests[0]).toMatchObject({
    headers: { authorization: 'Bearer sk-mine-123456' },
    body: { model: 'quick', temperature: 0.5, reasoning_effort: 'high' },
  })
  await models.resolve('bare', scope).respond(ask(), () => undefined)
  expect(server.requests[1]?.headers.authorization).toBeUndefined()
})

test('a well-known provider at another address does not get its usual key', async () => {
  server.push({ text: 'a' })
  const models = await open({ OPENAI_API_KEY: 'sk-other-123456' })
  const scope = { ...empty, providers: { openai: { base_url: server.baseUrl } } }
  await models.resolve('openai/x', scope).respond(ask(), () => undefined)
  expect(server.requests[0]?.headers.authorization).toBeUndefined()
})

test('variables in provider_opts and base_url are put in when the model is called', async () => {
  server.push({ text: 'a' })
  const models = await open({ BASE: server.baseUrl, TEAM: 'blue' })
  const model = {
    model: 'x',
    base_url: '${' + 'env.BASE}',
    provider_opts: { user: '${' + 'env.TEAM}' },
  }
  await models.resolve('m', { ...empty, models: { m: model } }).respond(ask(), () => undefined)
  expect(server.requests[0]?.body.user).toBe('blue')
})

test.each([
  ['nobody/x', empty, /nobody is unknown.*providers:/],
  ['openai/', empty, /provider\/model/],
  [
    'm',
    { ...empty, models: { m: { provider: 'openai', model: 'x', token_key: 'NOT_SET' } } },
    /NOT_SET/,
  ],
  ['p/x', { ...empty, providers: { p: { base_url: 'http://x.test', token_key: 'GONE' } } }, /GONE/],
  ['p/x', { ...empty, providers: { p: { base_url: 'ftp://x.test' } } }, /http or https/],
] as [string, ModelScope, RegExp][])(
  '%s is refused with what to do',
  async (reference, scope, message) => {
    const models = await open({ OPENAI_API_KEY: 'o' })
    expect(() => models.resolve(reference, scope)).toThrow(
      expect.objectContaining({
        code: 'validation_failed',
        message: expect.stringMatching(message),
      }),
    )
  },
)

test('the same reference gives the same model, and other settings another', async () => {
  const models = await open({ OPENAI_API_KEY: 'o' })
  expect(models.resolve('openai/x', empty)).toBe(models.resolve('openai/x', empty))
  expect(models.resolve('openai/x', empty, { temperature: 1 })).not.toBe(
    models.resolve('openai/x', empty),
  )
})

test('a recording is replayed without server and key, again and again', async () => {
  const file = join(directory, 'talk.yaml')
  const key = 'sk-very-secret-123456'
  server.push(
    { reasoning: 'Hm', toolCalls: [{ id: 'call_one', name: 'look', arguments: { at: 'é 😀' } }] },
    { text: ['Line one\n', '\n  indented: yes\n', `and ${key}`] },
    { fault: { kind: 'status', status: 500, position: 'start' } },
    { text: 'after the failure' },
  )
  const recorder = await open(
    { OPENAI_BASE_URL: server.baseUrl, OPENAI_API_KEY: key, OPENAI_MODEL: 'scripted' },
    { traffic: { kind: 'record', file } },
  )
  const recorded = await talk(recorder, 'call_one')
  await recorder.close()
  const text = await readFile(file, 'utf8')
  expect(text).not.toContain(key)
  await server.close()

  const replay = await open({}, { traffic: { kind: 'fake', file } })
  expect(replay.detected.id).toBe('openai/scripted')
  const expected = JSON.parse(JSON.stringify(recorded).replaceAll(key, '[redacted]'))
  for (const id of ['call_one', 'another_id', 'a_third']) {
    expect(await talk(replay, id)).toEqual(expected)
  }
  const restarted = await open({}, { traffic: { kind: 'fake', file } })
  expect(await talk(restarted, 'call_one')).toEqual(expected)
})

/** A tool round, then a call that fails first; the failure is its code. */
async function talk(models: Awaited<ReturnType<typeof open>>, id: string) {
  const model = models.resolve(undefined, empty)
  const call: ToolCall = { id, type: 'function', function: { name: 'look', arguments: '{}' } }
  const history: PromptMessage[] = [
    { role: 'user', content: 'Hello' },
    { role: 'assistant', content: '', tool_calls: [call] },
    { role: 'tool', content: 'seen', tool_call_id: id },
  ]
  const seen = collector()
  const first = await model.respond(ask(), seen.onDelta)
  const second = await model.respond(ask('', { messages: history }), seen.onDelta)
  const failed = await model.respond(ask('Fail'), seen.onDelta).catch(({ code }) => code)
  const after = await model.respond(ask('Fail'), seen.onDelta)
  return { first, second, failed, after, text: seen.text(), reasoning: seen.reasoning() }
}

test('a request that was not recorded is a failure that says where it differs', async () => {
  const file = join(directory, 'differs.yaml')
  server.push({ text: 'Hi' })
  const recorder = await open(
    { OPENAI_BASE_URL: server.baseUrl },
    { traffic: { kind: 'record', file } },
  )
  await recorder.resolve(undefined, empty).respond(ask('Hello'), () => undefined)
  await recorder.close()
  const replay = await open({}, { traffic: { kind: 'fake', file } })
  const answer = replay.resolve(undefined, empty).respond(ask('Goodbye'), () => undefined)
  await expect(answer).rejects.toMatchObject({
    code: 'model_error',
    retryable: false,
    message: expect.stringContaining('messages.0.content: recorded "Hello", now "Goodbye"'),
  })
})

test('a cassette of the older system is replayed', async () => {
  const file = new URL('./fixtures/cagent-cassette.yaml', import.meta.url).pathname
  const replay = await open({}, { traffic: { kind: 'fake', file } })
  expect(replay.detected.id).toBe('openai/gpt-4o')
  const model = replay.resolve('openai/gpt-4o', empty, { max_tokens: 64 })
  const answer = await model.respond(ask("What's 2+2?"), () => undefined)
  expect(answer).toMatchObject({
    content: '2 + 2 = 4',
    usage: { input_tokens: 12, output_tokens: 7 },
  })
})

test('a file that is no recording is refused with what it needs', async () => {
  const file = new URL('./models.test.ts', import.meta.url).pathname
  await expect(open({}, { traffic: { kind: 'fake', file } })).rejects.toThrow(/--record/)
})
