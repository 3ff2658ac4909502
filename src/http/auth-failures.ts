export type AuthFailures = {
  /** Seconds until this address may try again; 0: now. */
  wait(address: string): number
  count(address: string): void
}

/** Wrong keys that an address may show in a minute. */
const mostFailures = 30
const period = 60_000
const mostAddresses = 10_000

/**
 * Counts wrong keys by address, in this process. The number of addresses is bounded: the one that
 * failed longest ago is forgotten.
 */
export function createAuthFailures({ now }: { now: () => number }): AuthFailures {
  const counts = new Map<string, { since: number; failures: number }>()

  function current(address: string) {
    const entry = counts.get(address)
    return entry && now() - entry.since < period ? entry : undefined
  }

  return {
    wait(address) {
      const entry = current(address)
      if (!entry || entry.failures < mostFailures) return 0
      return Math.max(1, Math.ceil((entry.since + period - now()) / 1000))
    },
    count(address) {
      const { since, failures } = current(address) ?? { since: now(), failures: 0 }
      counts.delete(address)
      counts.set(address, { since, failures: failures + 1 })
      const [oldest] = counts.keys()
      if (counts.size > mostAddresses && oldest !== undefined) counts.delete(oldest)
    },
  }
}
