/** Gives up on what takes too long, with one timer for all of it. */
export type Deadlines = {
  /** Calls `onLate` unless the function that is returned was called before. */
  start(onLate: () => void): () => void
  close(): void
}

export function createDeadlines({ limit }: { limit: number }): Deadlines {
  // In the order in which they began, so that a sweep stops at the first that has time left.
  const waiting = new Set<{ started: number; onLate: () => void }>()
  let timer: NodeJS.Timeout | undefined

  function sweep() {
    if (waiting.size === 0) {
      clearInterval(timer)
      timer = undefined
    }
    for (const entry of waiting) {
      if (performance.now() - entry.started < limit) return
      waiting.delete(entry)
      entry.onLate()
    }
  }

  return {
    start(onLate) {
      const entry = { started: performance.now(), onLate }
      waiting.add(entry)
      timer ??= setInterval(sweep, limit / 16).unref()
      return () => {
        waiting.delete(entry)
      }
    },
    close: () => clearInterval(timer),
  }
}
