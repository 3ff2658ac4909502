import {
  type ChatCompletionsOptions,
  createChatCompletionsModel,
} from '#providers/chat-completions.ts'
import { defaultDialect } from '#providers/presets.ts'
import { createHttpTransport } from '#providers/transport.ts'
import { createWatchdog } from '#providers/watchdog.ts'
import type { ModelDelta, ModelRequest } from '#runtime/model.ts'

export const secretKey = 'sk-test-0123456789abcdef'

/** A model behind `baseUrl` with short limits. */
export function modelAt(baseUrl: string, options: Partial<ChatCompletionsOptions> = {}) {
  let made = 0
  return createChatCompletionsModel({
    provider: 'test',
    model: 'scripted',
    baseUrl: new URL(baseUrl),
    apiKey: secretKey,
    keyVariable: 'TEST_KEY',
    settings: {},
    dialect: defaultDialect,
    transport: createHttpTransport({ environment: {} }),
    watchdog: createWatchdog({ tick: 20 }),
    now: () => Date.parse('2025-11-22T12:00:00Z'),
    createCallId: () => `made_${++made}`,
    ...options,
    limits: {
      headers: 300,
      silence: 300,
      afterFinish: 200,
      maxAnswer: 200_000,
      ...options.limits,
    },
  })
}

export function ask(text = 'Hello', more: Partial<ModelRequest> = {}): ModelRequest {
  return {
    messages: [{ role: 'user', content: text }],
    tools: [],
    thinking: false,
    signal: new AbortController().signal,
    ...more,
  }
}

/** Collects deltas; `text` and `reasoning` are what a reader of the stream saw. */
export function collector() {
  const deltas: ModelDelta[] = []
  const seen = (type: 'text' | 'reasoning') =>
    deltas.flatMap((delta) => (delta.type === type ? [delta.text] : [])).join('')
  return {
    deltas,
    text: () => seen('text'),
    reasoning: () => seen('reasoning'),
    onDelta(delta: ModelDelta): undefined {
      deltas.push(structuredClone(delta))
    },
  }
}
