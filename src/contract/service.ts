import { z } from '@hono/zod-openapi'

export const Ok = z
  .object({ status: z.literal('ok').openapi({ example: 'ok' }) })
  .openapi('Ok', { description: 'It works' })

export const MetricsText = z.string().openapi('MetricsText', {
  description: 'Metrics in the text format of Prometheus, version 0.0.4',
  example: '# TYPE parley_streams_open gauge\nparley_streams_open 3\n',
})

export const Health = z
  .object({
    status: z.literal('ok'),
    version: z.string().openapi({ description: 'Of the server', example: '0.1.0' }),
    uptime: z.number().openapi({ description: 'Seconds since the start', example: 3600 }),
    sessions: z.int().openapi({
      description: 'Sessions with a run that is not over, 10,000 for more',
      example: 3,
    }),
    agent_id: z.string().openapi({ description: "The instance's name", example: 'parley@host' }),
  })
  .openapi('Health', { description: 'How this instance is' })
export type Health = z.infer<typeof Health>
