import type { RequestObserver } from '#http/watch.ts'
import type { Instruments } from './instruments.ts'

const latencySeconds = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10]

/** Counts requests by the template of their route, never by their path. */
export function createRequestMetrics({ counter, histogram }: Instruments): RequestObserver {
  const requests = counter({
    name: 'parley_http_requests_total',
    help: 'Requests that are over; status 499: the caller went away first.',
    labels: ['method', 'route', 'status'],
  })
  const duration = histogram({
    name: 'parley_http_request_seconds',
    help: 'How long answers take, without streams and answers that wait for a run.',
    labels: ['route'],
    buckets: latencySeconds,
  })
  const refusals = counter({
    name: 'parley_http_problems_total',
    help: 'Problems that were answered, by their code: rate_limited, unauthorized, internal …',
    labels: ['code'],
  })
  return {
    begin: ({ method, route }) => ({
      within: (work) => work(),
      over({ status, milliseconds, staysOpen, code }) {
        requests.add(1, methods.has(method) ? method : 'other', route, String(status))
        if (!staysOpen) duration.observe(milliseconds / 1000, route)
        if (code !== undefined) refusals.add(1, code)
      },
    }),
  }
}

const methods = new Set(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'])
