const longestDelay = 30_000
/** A timer that is set to more fires at once. */
const longestTimer = 2 ** 31 - 1

export type Backoff = {
  /** The server's own wish for the first delay, in milliseconds. */
  setDelay(delay: number): void
  /** The connection was of use: the next failure is the first again. */
  reset(): void
  /** How long to wait after one more failure, and how many there were in a row. */
  next(atLeast: number): { delay: number; attempt: number }
}

/** Doubles from failure to failure up to 30 s, plus up to a half, so that clients spread out. */
export function createBackoff(firstDelay: number): Backoff {
  let first = firstDelay
  let failures = 0
  return {
    setDelay(delay) {
      first = delay
    },
    reset() {
      failures = 0
    },
    next(atLeast) {
      const doubled = Math.min(Math.max(first, 1) * 2 ** failures, longestDelay)
      const spread = Math.max(doubled, first) * (1 + Math.random() / 2)
      failures += 1
      return { delay: Math.min(Math.max(spread, atLeast), longestTimer), attempt: failures }
    },
  }
}

/** Rejects with the signal's reason when it aborts. */
export function wait(delay: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(signal.reason)
    const abort = () => {
      clearTimeout(timer)
      reject(signal?.reason)
    }
    const timer = setTimeout(() => {
      signal?.removeEventListener('abort', abort)
      resolve()
    }, delay)
    signal?.addEventListener('abort', abort, { once: true })
  })
}
