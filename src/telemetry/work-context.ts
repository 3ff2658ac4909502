import { AsyncLocalStorage } from 'node:async_hooks'
import type { RequestObserver } from '#http/watch.ts'
import { noObserver, type RunObserver } from '#runtime/observer.ts'

export type WorkFields = { request_id?: string; run_id?: string; session_id?: string }

/** Which request or run the work that goes on now belongs to, for the lines of the log. */
export type WorkContext = {
  /** undefined outside of any. */
  fields(): WorkFields | undefined
  requests: RequestObserver
  runs: RunObserver
}

export function createWorkContext(): WorkContext {
  const current = new AsyncLocalStorage<WorkFields>()
  return {
    fields: () => current.getStore(),
    requests: {
      begin: ({ requestId }) => ({
        within: (work) => current.run({ request_id: requestId }, work),
        over: () => undefined,
      }),
    },
    runs: {
      ...noObserver,
      traceContext() {
        const requestId = current.getStore()?.request_id
        return requestId === undefined ? null : { request_id: requestId }
      },
      run({ id, sessionId, trace }, work) {
        // What moved the run to this process may be another request, or another run.
        const requestId = trace?.request_id
        const fields = { run_id: id, session_id: sessionId }
        return current.run(
          requestId === undefined ? fields : { request_id: requestId, ...fields },
          work,
        )
      },
    },
  }
}
