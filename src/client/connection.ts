import { ConnectionError } from './errors.ts'

export type Connection = {
  /** Aborts when the caller aborts, when nothing comes for too long, and on `close`. */
  signal: AbortSignal
  /** The promise's value; when it takes longer than the limit, usually of silence, the connection aborts. */
  within<Value>(promise: Promise<Value>, limit?: number): Promise<Value>
  /** Why the connection failed: an abort goes before the error that it made elsewhere. */
  reasonOf(error: unknown): unknown
  close(): void
}

/** One try to read a stream. `silenceLimit` is in milliseconds. */
export function createConnection({
  signal,
  silenceLimit,
}: {
  signal: AbortSignal | undefined
  silenceLimit: number
}): Connection {
  const controller = new AbortController()
  const abort = () => controller.abort(signal?.reason)
  if (signal?.aborted) abort()
  signal?.addEventListener('abort', abort)

  function silence(limit: number): void {
    controller.abort(new ConnectionError(`The server was silent for ${limit} ms`))
  }

  return {
    signal: controller.signal,
    async within(promise, limit = silenceLimit) {
      const timer = setTimeout(silence, limit, limit)
      try {
        return await promise
      } finally {
        clearTimeout(timer)
      }
    },
    reasonOf: (error) => (controller.signal.aborted ? controller.signal.reason : error),
    close() {
      signal?.removeEventListener('abort', abort)
      controller.abort()
    },
  }
}
