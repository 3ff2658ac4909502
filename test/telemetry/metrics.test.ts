import { expect, onTestFinished, test } from 'vitest'
import { openMetricsDoor } from '#http/metrics-door.ts'
import { createInstruments } from '#telemetry/instruments.ts'
import { createMetrics } from '#telemetry/metrics.ts'
import { startApp } from '../support/app.ts'
import { samplesOf } from '../support/prometheus.ts'

const assistant = `
agents:
  root:
    model: scripted
    toolsets: [{ type: think }]
`
const app = await startApp({ lifetime: 'file', agents: { assistant } })

async function scrape(): Promise<Map<string, number>> {
  // As Prometheus asks.
  const accept =
    'application/openmetrics-text;version=1.0.0;q=0.6,text/plain;version=0.0.4;q=0.3,*/*;q=0.2'
  const response = await fetch(`${app.url}/metrics`, { headers: { accept } })
  expect(response.headers.get('content-type')).toBe('text/plain; version=0.0.4; charset=utf-8')
  return samplesOf(await response.text())
}

test('a run with a tool shows in the metrics: its end, its model calls, tokens, its tool, its events', async () => {
  app.model.push(
    { toolCalls: [{ name: 'think', arguments: { thought: 'hm' } }], usage: tokens(100, 10) },
    { text: 'Done', usage: tokens(200, 20) },
  )
  const { data } = await app.client.POST('/api/chat', { body: { message: 'Think' } })
  expect(data).toMatchObject({ completed: true })
  const metrics = await scrape()
  const model = 'model="scripted/scripted"'
  expect(Object.fromEntries(metrics)).toMatchObject({
    parley_runs_started_total: 1,
    'parley_runs_finished_total{outcome="completed",error=""}': 1,
    parley_run_active_seconds_count: 1,
    [`parley_model_calls_total{${model},outcome="tool_calls"}`]: 1,
    [`parley_model_calls_total{${model},outcome="stop"}`]: 1,
    [`parley_model_first_token_seconds_count{${model}}`]: 2,
    [`parley_model_tokens_total{${model},type="input"}`]: 300,
    [`parley_model_tokens_total{${model},type="output"}`]: 30,
    'parley_tool_calls_total{tool="think",outcome="succeeded"}': 1,
    'parley_tool_call_seconds_count{tool="think"}': 1,
    'parley_http_requests_total{method="POST",route="/api/chat",status="200"}': 1,
    'parley_runs{status="running"}': 0,
    parley_oldest_queued_run_seconds: 0,
    parley_database_up: 1,
    parley_runs_held: 0,
    parley_streams_open: 0,
  })
  expect(metrics.get('parley_events_committed_total')).toBeGreaterThan(5)
  expect(metrics.get('parley_event_commit_seconds_count')).toBe(
    metrics.get('parley_event_commit_rows_count'),
  )
  expect(metrics.get('process_resident_memory_bytes')).toBeGreaterThan(50_000_000)
})

test('a run that fails, one that waits, and a refusal are counted by what became of them', async () => {
  app.model.push({ fault: { kind: 'status', status: 401 } })
  await app.client.POST('/api/chat', { body: { message: 'Fail' } })
  await fetch(`${app.url}/api/runs/run_none`)
  await fetch(`${app.url}/nowhere/secret-path`)
  const metrics = await scrape()
  expect(Object.fromEntries(metrics)).toMatchObject({
    'parley_runs_finished_total{outcome="failed",error="model_error"}': 1,
    'parley_http_problems_total{code="not_found"}': 2,
    'parley_http_requests_total{method="GET",route="/api/runs/{run}",status="404"}': 1,
    'parley_http_requests_total{method="GET",route="unmatched",status="404"}': 1,
  })
  expect([...metrics.keys()].join()).not.toContain('secret-path')
})

test('a metric keeps a bounded number of series, and its text survives any label', () => {
  const { counter, text } = createInstruments({ mostSeries: 3 })
  const calls = counter({ name: 'calls_total', help: 'Calls', labels: ['tool'] })
  for (const tool of ['a"b', 'c\\d', 'e\nf', 'g', 'h', 'a"b']) calls.add(1, tool)
  expect(text()).toBe(`# HELP calls_total Calls
# TYPE calls_total counter
calls_total{tool="a\\"b"} 2
calls_total{tool="c\\\\d"} 1
calls_total{tool="e\\nf"} 1
calls_total{tool="other"} 2
`)
})

test('a histogram counts a value in every bucket that it is not above', () => {
  const { histogram, text } = createInstruments()
  const took = histogram({ name: 'took', help: 'T', labels: [], buckets: [1, 2] })
  for (const value of [0.5, 1, 1.5, 9]) took.observe(value)
  expect(Object.fromEntries(samplesOf(text()))).toEqual({
    'took_bucket{le="1"}': 2,
    'took_bucket{le="2"}': 3,
    'took_bucket{le="+Inf"}': 4,
    took_sum: 12,
    took_count: 4,
  })
})

test('a database that does not answer is told, and the rest is there all the same', async () => {
  const metrics = createMetrics({ version: '1' })
  metrics.watch({
    runLoad: () => Promise.reject(new Error('away')),
    runsHeld: () => 2,
    streams: () => 3,
    followers: () => ({ sessions: 1, followers: 4 }),
    pool: () => ({ inUse: 5, waiting: 6 }),
  })
  const samples = samplesOf(await metrics.read())
  metrics.close()
  expect(samples.get('parley_database_up')).toBe(0)
  expect(samples.get('parley_database_statements_waiting')).toBe(6)
  expect([...samples.keys()].filter((key) => key.startsWith('parley_runs{'))).toEqual([])
})

test('the address of their own serves the metrics and nothing else', async () => {
  let isBroken = false
  const errors: unknown[] = []
  const readMetrics = async () => (isBroken ? Promise.reject(new Error('broken')) : 'a 1\n')
  const door = await openMetricsDoor({
    ...{ host: '127.0.0.1', port: 0, readMetrics },
    onError: (error) => errors.push(error),
  })
  onTestFinished(door.close)
  const asked = async (path: string, method = 'GET') => {
    const response = await fetch(door.url + path, { method })
    return [response.status, await response.text()]
  }
  expect(await asked('/metrics')).toEqual([200, 'a 1\n'])
  expect(await asked('/api/agents')).toEqual([404, 'Only GET /metrics is here\n'])
  expect(await asked('/metrics', 'POST')).toEqual([404, 'Only GET /metrics is here\n'])
  isBroken = true
  expect(await asked('/metrics')).toEqual([500, ''])
  expect(errors).toEqual([new Error('broken')])
})

test('with keys the metrics need the scope, or the address of their own', async () => {
  const closed = await startApp({ flags: ['--http-token', 'operator'] })
  const asked = (headers = {}) =>
    fetch(`${closed.url}/metrics`, { headers }).then(({ status }) => status)
  expect(await asked()).toBe(401)
  expect(await asked({ authorization: 'Bearer operator' })).toBe(200)
  const operator = closed.as('operator')
  const make = async (scope: 'metrics' | 'runs') =>
    (await operator.POST('/api/keys', { body: { name: 'p', owner: 'p', scopes: [scope] } })).data
      .key
  expect(await asked({ authorization: `Bearer ${await make('metrics')}` })).toBe(200)
  expect(await asked({ authorization: `Bearer ${await make('runs')}` })).toBe(403)
})

function tokens(prompt: number, completion: number) {
  return { prompt_tokens: prompt, completion_tokens: completion }
}
