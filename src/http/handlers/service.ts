import { Problem } from '#contract/problem.ts'
import type { Health } from '#contract/service.ts'
import type { Handlers } from '../env.ts'

type ServiceHandlers = Pick<Handlers, 'ping' | 'getHealth' | 'getLiveness' | 'getReadiness'>

export function serviceHandlers({
  health,
  notReady,
}: {
  health: () => Promise<Omit<Health, 'status'>>
  /** Why no requests should come here; empty when they should. */
  notReady: () => Promise<string[]>
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
  }
}
