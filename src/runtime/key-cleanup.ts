/** Keys that one statement deletes. */
const batch = 500
/** Milliseconds between looks. */
const lookEvery = 10 * 60 * 1000

/** Deletes Idempotency-Keys whose day is over, some at a time, in the background. */
export function createKeyCleanup({
  removeExpired,
  log,
}: {
  /** Answers how many it deleted. */
  removeExpired(request: { limit: number }): Promise<number>
  log: { warn(message: string, fields?: object): void }
}): { start(): void; sweep(): Promise<void>; stop(): Promise<void> } {
  let timer: NodeJS.Timeout | undefined
  let working: Promise<void> = Promise.resolve()
  let stopped = false

  async function sweep(): Promise<void> {
    try {
      while (!stopped && (await removeExpired({ limit: batch })) === batch);
    } catch (error) {
      log.warn('could not delete old idempotency keys', { error: String(error) })
    }
  }

  return {
    sweep,
    start() {
      timer = setInterval(() => {
        working = working.then(sweep)
      }, lookEvery).unref()
    },
    async stop() {
      stopped = true
      clearInterval(timer)
      await working
    },
  }
}
