/** Runs that are compacted by one statement. */
const batch = 50
/** Milliseconds between looks. */
const lookEvery = 10_000

/**
 * Joins the deltas of finished runs some time after they ended, in the background. Looks only while
 * there may be something: an idle server sends no statement.
 */
export function createCompactor({
  compact,
  delay,
  log,
}: {
  /** Answers how many runs it did. */
  compact(request: { olderThan: number; limit: number }): Promise<number>
  /** Seconds after its end that a run is left as it was streamed. */
  delay: number
  log: { warn(message: string, fields?: object): void }
}): { finished(): void; start(): void; stop(): Promise<void> } {
  let timer: NodeJS.Timeout | undefined
  let working: Promise<void> | undefined
  let stopped = false
  // What an earlier process left behind counts, too.
  let lastFinish = performance.now()
  let pending = true

  async function sweep(): Promise<void> {
    try {
      while (!stopped && (await compact({ olderThan: delay, limit: batch })) === batch);
      const old = performance.now() - lastFinish > delay * 1000 + lookEvery
      if (old) pending = false
    } catch (error) {
      log.warn('could not compact finished runs', { error: String(error) })
    }
  }

  function look(): void {
    if (!pending || working) return
    working = sweep().finally(() => {
      working = undefined
    })
  }

  return {
    finished() {
      lastFinish = performance.now()
      pending = true
    },
    start() {
      timer = setInterval(look, Math.min(lookEvery, delay * 1000 + 500)).unref()
    },
    async stop() {
      stopped = true
      clearInterval(timer)
      await working
    },
  }
}
