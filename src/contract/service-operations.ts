import { createRoute } from '@hono/zod-openapi'
import { requires } from './access.ts'
import { jsonResponse, problems, textResponse } from './response.ts'
import { Health, MetricsText, Ok } from './service.ts'

const tags = ['Service']
const ok = jsonResponse(Ok, { component: 'OkResponse', description: 'It works' })

export const serviceOperations = {
  ping: createRoute({
    operationId: 'ping',
    ...requires('public'),
    method: 'get',
    path: '/api/ping',
    tags,
    summary: 'Ping',
    description: 'Answers without touching anything.',
    responses: { 200: ok, ...problems() },
  }),
  getHealth: createRoute({
    operationId: 'getHealth',
    ...requires('public'),
    method: 'get',
    path: '/health',
    tags,
    summary: 'Get the health of the instance',
    description: 'Version, time since the start and sessions at work.',
    responses: {
      200: jsonResponse(Health, { component: 'HealthResponse', description: 'The health' }),
      ...problems(),
    },
  }),
  getLiveness: createRoute({
    operationId: 'getLiveness',
    ...requires('public'),
    method: 'get',
    path: '/live',
    tags,
    summary: 'Is the process alive?',
    description: 'For a liveness probe: 200 while the process answers.',
    responses: { 200: ok, ...problems() },
  }),
  getReadiness: createRoute({
    operationId: 'getReadiness',
    ...requires('public'),
    method: 'get',
    path: '/ready',
    tags,
    summary: 'Is the instance ready?',
    description:
      'For a readiness probe: 503 with the reasons while it drains, migrates or has no database.',
    responses: { 200: ok, ...problems() },
  }),
  getMetrics: createRoute({
    operationId: 'getMetrics',
    ...requires('metrics'),
    method: 'get',
    path: '/metrics',
    tags,
    summary: 'Get the metrics of the instance',
    description:
      'In the text format of Prometheus. They are about all tenants, so that a key has to be of the tenant `default`; `--metrics-listen` serves them without a key at an address of their own.',
    responses: {
      200: textResponse(MetricsText, { component: 'MetricsResponse', description: 'The metrics' }),
      ...problems('forbidden'),
    },
  }),
}
