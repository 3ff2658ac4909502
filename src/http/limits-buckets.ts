export type Rate = {
  /** Requests that come back in a minute. */
  perMinute: number
  /** Requests at once, after a pause. */
  burst: number
}

/** What a caller has left. */
export type Allowance = {
  granted: boolean
  /** Whole requests that could follow at once. */
  remaining: number
  /** Seconds until one more is there. */
  wait: number
}

export type Buckets = {
  take(caller: string): Allowance
  size(): number
}

/**
 * Token buckets in the memory of this instance, one for each caller of late. There are `most` at
 * most, however many addresses an attacker has: then the one that was used longest ago is forgotten,
 * which is as if it were full.
 */
export function createBuckets({
  rate: { perMinute, burst },
  now,
  most = 20_000,
}: {
  rate: Rate
  /** Monotonic milliseconds. */
  now: () => number
  most?: number
}): Buckets {
  /** In the order of their last use. */
  const buckets = new Map<string, { tokens: number; at: number }>()
  const perMillisecond = perMinute / 60_000
  const fillTime = burst / perMillisecond

  /** A bucket that had the time to fill is the same as none. */
  function forgetFull(time: number): void {
    for (const [caller, { at }] of buckets) {
      if (time - at < fillTime && buckets.size < most) return
      buckets.delete(caller)
    }
  }

  return {
    take(caller) {
      const time = now()
      const known = buckets.get(caller) ?? { tokens: burst, at: time }
      const filled = Math.min(burst, known.tokens + (time - known.at) * perMillisecond)
      const granted = filled >= 1
      const tokens = granted ? filled - 1 : filled
      buckets.delete(caller)
      forgetFull(time)
      buckets.set(caller, { tokens, at: time })
      const missing = tokens >= 1 ? 0 : (1 - tokens) / perMillisecond
      return { granted, remaining: Math.floor(tokens), wait: Math.ceil(missing / 1000) }
    },
    size: () => buckets.size,
  }
}
