/** A time limit that starts anew with each sign of life and stands still while a person is asked. */
export type Patience = {
  /** Aborts when the limit is reached or the caller gives up. */
  signal: AbortSignal
  isOver(): boolean
  renew(): void
  /** Stands still until `work` is done. */
  pauseFor<Result>(work: Promise<Result>): Promise<Result>
  end(): void
}

export function createPatience({
  limit,
  signal,
}: {
  /** Milliseconds. */
  limit: number
  signal: AbortSignal
}): Patience {
  const timer = new AbortController()
  let timeout: NodeJS.Timeout | undefined
  let pauses = 0

  function renew(): void {
    clearTimeout(timeout)
    if (pauses === 0) timeout = setTimeout(() => timer.abort(), limit)
  }

  renew()
  return {
    signal: AbortSignal.any([signal, timer.signal]),
    isOver: () => timer.signal.aborted && !signal.aborted,
    renew,
    async pauseFor(work) {
      pauses += 1
      clearTimeout(timeout)
      try {
        return await work
      } finally {
        pauses -= 1
        renew()
      }
    },
    end: () => {
      pauses += 1
      clearTimeout(timeout)
    },
  }
}
