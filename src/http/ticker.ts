/** One timer for everything that must happen now and then. */
export type Ticker = {
  /** Calls `listener` at every tick until the returned function is called. */
  subscribe(listener: () => void): () => void
}

/** The timer runs only while somebody listens, and keeps no process alive. */
export function createTicker({ interval }: { interval: number }): Ticker {
  const listeners = new Set<() => void>()
  let timer: NodeJS.Timeout | undefined

  return {
    subscribe(listener) {
      listeners.add(listener)
      timer ??= setInterval(() => {
        for (const tick of listeners) tick()
      }, interval).unref()
      return () => {
        listeners.delete(listener)
        if (listeners.size > 0) return
        clearInterval(timer)
        timer = undefined
      }
    },
  }
}
