import { Problem } from '#contract/problem.ts'
import type { Health } from '#contract/service.ts'
import type { Handlers } from '../env.ts'

type ServiceHandlers = Pick<
  Handlers,
  'ping' | 'getHealth' | 'getLiveness' | 'getReadiness' | 'getMetrics'
>

export const metricsType = 'text/plain; version=0.0.4; charset=utf-8'

/** The tenant of keys that name none. */
const operatorTenant = 'default'

export function serviceHandlers({
  health,
  notReady,
  readMetrics,
}: {
  health: () => Promise<Omit<Health, 'status'>>
  /** Why no requests should come here; empty when they should. */
  notReady: () => Promise<string[]>
  /** The text format of Prometheus. */
  readMetrics: () => Promise<string>
}): ServiceHandlers {
  return {
    ping: (c) => c.json({ status: 'ok' } as const, 200),
    getLiveness: (c) => c.json({ status: 'ok' } as const, 200),
    async getHealth(c) {
      return c.json({ status: 'ok' as const, ...(await health()) }, 200)
    },
    async getReadiness(c) {
      const reasons = await notReady()
      if (reasons.length === 0) return c.json({ status: 'ok' } as const, 200)
      throw new Problem('unavailable', `Not ready: ${reasons.join('; ')}`, { retry_after: 1 })
    },
    async getMetrics(c) {
      // They tell of the tools and models of all tenants.
      if (c.get('principal').tenant !== operatorTenant) {
        throw new Problem(
          'forbidden',
          `The metrics are about all tenants: use a key of the tenant ${operatorTenant}, or the address of --metrics-listen`,
        )
      }
      return c.text(await readMetrics(), 200, { 'Content-Type': metricsType })
    },
  }
}
