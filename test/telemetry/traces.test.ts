import * as semanticConventions from '@opentelemetry/semantic-conventions/incubating'
import { expect, onTestFinished, test } from 'vitest'
import { readTracingSettings } from '#telemetry/tracing-settings.ts'
import { startApp } from '../support/app.ts'
import { type CollectedSpan, startCollector } from '../support/otlp-collector.ts'
import { loopbackServer } from '../tools/loopback-server.ts'

const traceId = '0af7651916cd43dd8448eb211c80319c'
const traceparent = `00-${traceId}-b7ad6b7169203331-01`

/** The server with an agent that asks another, which calls a service; closing it sends the spans. */
async function startTraced(environment: Record<string, string> = {}, method = 'GET') {
  const collector = await startCollector()
  const asked: (string | undefined)[] = []
  const service = await loopbackServer((request, response) => {
    asked.push(request.headers.traceparent?.toString())
    response.end('"sunny"')
  })
  onTestFinished(collector.close)
  const app = await startApp({
    agents: { assistant: assistant(service.port, method) },
    flags: ['--allow-host', `127.0.0.1:${service.port}`],
    environment: {
      OTEL_EXPORTER_OTLP_ENDPOINT: collector.url,
      OTEL_EXPORTER_OTLP_HEADERS: 'x-tenant=acme%20inc,authorization=canary-header',
      OTEL_RESOURCE_ATTRIBUTES: 'deployment.environment.name=test,service.name=overruled',
      OTEL_SERVICE_NAME: 'weather',
      WEATHER_KEY: 'canary-weather-key',
      ...environment,
    },
  })
  return { app, collector, asked }
}

function assistant(port: number, method: string) {
  return `
agents:
  root:
    model: scripted
    description: Answers
    sub_agents: [meteorologist]
  meteorologist:
    model: scripted
    description: Knows the weather
    toolsets:
      - type: api
        api_config:
          name: weather
          endpoint: http://127.0.0.1:${port}/weather
          method: ${method}
          headers: { X-Key: "\${env.WEATHER_KEY}" }
`
}

const script = [
  { toolCalls: [{ name: 'transfer_task', arguments: { agent: 'meteorologist', task: 'Look' } }] },
  { toolCalls: [{ name: 'weather', arguments: {} }] },
  { text: 'It is sunny' },
  { text: 'Sunny', usage: { prompt_tokens: 50, completion_tokens: 7 } },
]

test('one run with a sub-agent and a tool is one tree of spans, from the caller’s trace to the tool', async () => {
  const { app, collector, asked } = await startTraced()
  app.model.push(...script)
  const response = await fetch(`${app.url}/api/sessions`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: '{"tools_approved":true}',
  })
  const { id } = (await response.json()) as { id: string }
  const answer = await fetch(`${app.url}/api/sessions/${id}/agent/assistant`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', accept: 'application/json', traceparent },
    body: '[{"role":"user","content":"canary-question"}]',
  })
  expect(await answer.json()).toMatchObject({ output: 'Sunny' })
  const runId = answer.headers.get('location')?.split('/').at(-1)
  // Closing it sends what is left.
  await app.restart()

  const spans = collector.spans.filter((span) => span.traceId === traceId)
  expect(toTree(spans, 'b7ad6b7169203331')).toEqual([
    'POST /api/sessions/{session}/agent/{agent}',
    '  invoke_agent root',
    '    chat scripted',
    '    execute_tool transfer_task',
    '      invoke_agent meteorologist',
    '        chat scripted',
    '        execute_tool weather',
    '        chat scripted',
    '    chat scripted',
  ])
  const named = (name: string) => spans.find((span) => span.name === name)
  expect(named('POST /api/sessions/{session}/agent/{agent}')).toMatchObject({
    kind: 'server',
    attributes: {
      'http.request.method': 'POST',
      'http.route': '/api/sessions/{session}/agent/{agent}',
      'http.response.status_code': 200,
      'parley.run.id': runId,
    },
  })
  expect(named('invoke_agent root')).toMatchObject({
    kind: 'internal',
    isError: false,
    attributes: {
      'gen_ai.operation.name': 'invoke_agent',
      'gen_ai.agent.id': 'assistant/root',
      'gen_ai.conversation.id': id,
      'parley.run.id': runId,
      'parley.run.outcome': 'completed',
    },
  })
  expect(lastOf(spans, 'chat scripted')).toMatchObject({
    kind: 'client',
    attributes: {
      'gen_ai.operation.name': 'chat',
      'gen_ai.provider.name': 'scripted',
      'gen_ai.request.model': 'scripted',
      'gen_ai.response.finish_reasons': ['stop'],
      'gen_ai.usage.input_tokens': 50,
      'gen_ai.usage.output_tokens': 7,
      'gen_ai.response.time_to_first_chunk': expect.any(Number),
    },
  })
  const tool = named('execute_tool weather')
  expect(tool?.attributes).toMatchObject({
    'gen_ai.operation.name': 'execute_tool',
    'gen_ai.tool.name': 'weather',
    'gen_ai.tool.type': 'function',
    'parley.tool.state': 'succeeded',
  })
  // What goes out says for which span: to the tool's service, and to the model.
  expect(asked).toEqual([`00-${traceId}-${tool?.spanId}-01`])
  const chats = spans.filter(({ name }) => name === 'chat scripted')
  expect(app.model.requests.map(({ headers }) => headers.traceparent).sort()).toEqual(
    chats.map(({ spanId }) => `00-${traceId}-${spanId}-01`).sort(),
  )
  expect(collector.resources[0]).toMatchObject({
    'service.name': 'weather',
    'service.version': expect.stringMatching(/^\d/),
    'deployment.environment.name': 'test',
  })
  expect(collector.requests[0]).toMatchObject({
    path: '/v1/traces',
    headers: { 'x-tenant': 'acme inc', 'content-type': 'application/x-protobuf' },
  })
  const used = spans.flatMap(({ attributes }) => Object.keys(attributes))
  const conventions = new Set<unknown>(Object.values(semanticConventions))
  expect(used.filter((key) => !key.startsWith('parley.') && !conventions.has(key))).toEqual([])
  const text = JSON.stringify(collector.spans)
  expect(text).not.toContain('canary')
  expect(text).not.toContain('unny')
})

test('with the variable for it spans hold what was said, without secrets', async () => {
  const { app, collector } = await startTraced({
    OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT: 'SPAN_ONLY',
    OTEL_EXPORTER_OTLP_COMPRESSION: 'gzip',
  })
  app.model.push({ text: 'You said canary-weather-key' })
  await app.client.POST('/api/chat', { body: { message: 'Is it canary-weather-key?' } })
  await app.restart()
  expect(collector.requests[0]?.headers['content-encoding']).toBe('gzip')
  const attributes = lastOf(collector.spans, 'chat scripted')?.attributes ?? {}
  expect(JSON.parse(String(attributes['gen_ai.input.messages']))).toContainEqual({
    role: 'user',
    parts: [{ type: 'text', content: 'Is it [WEATHER_KEY]?' }],
  })
  expect(JSON.parse(String(attributes['gen_ai.output.messages']))).toEqual([
    {
      role: 'assistant',
      parts: [{ type: 'text', content: 'You said [WEATHER_KEY]' }],
      finish_reason: 'stop',
    },
  ])
})

test('a run that waits goes on in the trace of the request that asked for it, after a restart too', async () => {
  const { app, collector } = await startTraced({}, 'POST')
  app.model.push(...script)
  const chat = await fetch(`${app.url}/api/chat`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', accept: 'application/json', traceparent },
    body: '{"message":"Weather?"}',
  })
  const { run } = (await chat.json()) as { run: { id: string; session_id: string; status: string } }
  expect(run.status).toBe('waiting')
  await app.restart()
  await app.client.POST('/api/sessions/{session}/resume', {
    params: { path: { session: run.session_id } },
    body: { confirmation: 'approve' },
  })
  await app.events(run.id)
  await app.restart()
  const spans = collector.spans.filter((span) => span.traceId === traceId)
  const runs = spans.filter(({ name }) => name === 'invoke_agent root')
  expect(runs.map(({ attributes }) => attributes['parley.run.outcome'])).toEqual([
    'waiting',
    'completed',
  ])
  expect(new Set(runs.map(({ parentSpanId }) => parentSpanId)).size).toBe(1)
})

test('a collector that refuses or is away disturbs nobody', async () => {
  const { app, collector } = await startTraced()
  collector.state.status = 400
  app.model.push({ text: 'Fine' }, { text: 'Again' })
  const chat = () => app.client.POST('/api/chat', { body: { message: 'Hi' } })
  expect((await chat()).data).toMatchObject({ output: 'Fine' })
  await app.restart()
  await collector.close()
  expect((await chat()).data).toMatchObject({ output: 'Again' })
})

test('the standard variables are read, and wrong ones are named', () => {
  const endpoint = { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://collector:4318/' }
  expect(readTracingSettings({})).toBeUndefined()
  expect(readTracingSettings({ ...endpoint, OTEL_SDK_DISABLED: 'true' })).toBeUndefined()
  expect(readTracingSettings({ ...endpoint, OTEL_TRACES_EXPORTER: 'none' })).toBeUndefined()
  expect(readTracingSettings(endpoint)).toMatchObject({
    url: 'http://collector:4318/v1/traces',
    sampler: { name: 'parentbased_always_on', ratio: 1 },
    content: false,
  })
  expect(
    readTracingSettings({
      ...endpoint,
      OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: 'https://traces.example/otlp',
      OTEL_TRACES_SAMPLER: 'parentbased_traceidratio',
      OTEL_TRACES_SAMPLER_ARG: '0.25',
      OTEL_BSP_SCHEDULE_DELAY: '100',
    }),
  ).toMatchObject({
    url: 'https://traces.example/otlp',
    sampler: { name: 'parentbased_traceidratio', ratio: 0.25 },
    batch: { scheduledDelayMillis: 100 },
  })
  const wrong = (environment: Record<string, string>) => () =>
    readTracingSettings({ ...endpoint, ...environment })
  expect(wrong({ OTEL_EXPORTER_OTLP_PROTOCOL: 'grpc' })).toThrow('http/protobuf, not as grpc')
  expect(wrong({ OTEL_TRACES_SAMPLER: 'sometimes' })).toThrow('OTEL_TRACES_SAMPLER: sometimes')
  expect(wrong({ OTEL_TRACES_SAMPLER_ARG: '2' })).toThrow('no share between 0 and 1')
  expect(wrong({ OTEL_EXPORTER_OTLP_HEADERS: 'secret' })).toThrow('expected name=value')
  expect(wrong({ OTEL_EXPORTER_OTLP_ENDPOINT: 'collector:4318' })).toThrow(
    'expected an http(s) URL',
  )
})

function toTree(spans: CollectedSpan[], parent: string, indent = ''): string[] {
  return spans
    .filter(({ parentSpanId }) => parentSpanId === parent)
    .flatMap((span) => [`${indent}${span.name}`, ...toTree(spans, span.spanId, `${indent}  `)])
}

function lastOf(spans: CollectedSpan[], name: string): CollectedSpan | undefined {
  return spans.findLast((span) => span.name === name)
}
