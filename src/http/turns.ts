/** Milliseconds after which others come first: sockets that have something to say, timers. */
const slice = 2
/** Milliseconds of silence after which news are others than before. */
const pause = 0.5

export type Turns = {
  /** What is new for somebody who waits for it: at once while the slice of this news lasts. */
  soon(job: () => void): void
  /** More for somebody who has just got something: at once when nobody waits. */
  later(job: () => void): void
}

/**
 * Runs jobs in slices with a turn of the event loop after each, so that a thousand of them delay
 * nobody by more than that. What there is no time for waits in order.
 */
export function createTurns({ now }: { now: () => number }): Turns {
  const waiting: (() => void)[] = []
  let began = now()
  let ended = began

  function runWaiting(): void {
    const start = now()
    try {
      do waiting.shift()?.()
      while (waiting.length > 0 && now() - start < slice)
    } finally {
      if (waiting.length > 0) setImmediate(runWaiting)
    }
  }

  function soon(job: () => void): void {
    const start = now()
    if (start - ended > pause) began = start
    if (start - began > slice) {
      wait(job)
      return
    }
    job()
    ended = now()
  }

  function wait(job: () => void): void {
    if (waiting.length === 0) setImmediate(runWaiting)
    waiting.push(job)
  }

  return {
    soon,
    later: (job) => (waiting.length > 0 ? wait(job) : soon(job)),
  }
}
