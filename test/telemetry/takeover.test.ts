import { expect, onTestFinished, test } from 'vitest'
import { createClient } from '#client/index.ts'
import { collectRun, createHome } from '../support/app.ts'
import { testServer } from '../support/database.ts'
import { startModelServer } from '../support/model-server.ts'
import { startCollector } from '../support/otlp-collector.ts'
import { startServerProcess } from '../support/process.ts'
import { samplesOf } from '../support/prometheus.ts'

const traceId = '4bf92f3577b34da6a3ce929d0e0e4736'

// On a Postgres the lease of the dead process runs out after 15 s; nothing else differs.
test.skipIf(testServer() !== undefined)(
  'a run whose process was killed goes on in the trace of its caller, under the id of its request, and is counted',
  { timeout: 60_000 },
  async () => {
    const model = await startModelServer({
      script: [{ text: 'One two three', hold: new Promise(() => undefined) }, { text: 'Done' }],
    })
    const home = await createHome({ baseUrl: model.baseUrl })
    const collector = await startCollector()
    const environment = {
      OTEL_EXPORTER_OTLP_ENDPOINT: collector.url,
      OTEL_BSP_SCHEDULE_DELAY: '50',
    }
    const server = await startServerProcess({ home, environment, flags: ['--log-level', 'info'] })
    onTestFinished(async () => {
      await server.kill()
      await Promise.all([collector.close(), model.close(), home.remove()])
    })
    const accepted = await fetch(`${server.url}/api/chat`, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        prefer: 'respond-async',
        'x-request-id': 'asked-for-it',
        traceparent: `00-${traceId}-00f067aa0ba902b7-01`,
      },
      body: '{"message":"Count"}',
    })
    const run = (await accepted.json()) as { id: string }
    await model.received(1)
    await server.kill()
    await server.start()
    await collectRun(createClient({ baseUrl: server.url }), run.id)

    const metrics = samplesOf(await (await fetch(`${server.url}/metrics`)).text())
    expect(metrics.get('parley_runs_taken_over_total')).toBe(1)
    expect(metrics.get('parley_runs_started_total')).toBe(0)
    expect(metrics.get('parley_runs_finished_total{outcome="completed",error=""}')).toBe(1)
    await server.kill('SIGTERM')
    // The span of the request may have been sent before the process was killed, or not.
    const spans = collector.spans.filter((span) => span.traceId === traceId)
    const names = spans.map(({ name }) => name).filter((name) => name !== 'POST /api/chat')
    expect(names.toSorted()).toEqual(['chat scripted', 'invoke_agent root'])
  },
)
