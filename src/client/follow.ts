import type { Client } from './create-client.ts'
import { type Connect, resumeStream, type StreamOptions } from './resume-stream.ts'
import type { RuntimeEvent } from './schemas.ts'

/**
 * The events of a run, from its first or after the seq `after`, to its own `stream_stopped`. Each
 * comes once and in order, whatever happens to the connection or the server meanwhile. Throws
 * `ApiError` when the server refuses; a 410 carries `problem.oldest_seq`.
 */
export function followRun(
  client: Client,
  { runId, after, ...options }: StreamOptions & { runId: string; after?: number | undefined },
): AsyncGenerator<RuntimeEvent, void, undefined> {
  return resumeStream({
    ...options,
    after,
    resume: connectRun(client, () => runId),
    isLast: (event) => event.type === 'stream_stopped' && event.run_id === runId,
  })
}

/**
 * The events of a session, across runs, from the oldest kept, after the seq `after`, or from now on
 * (`latest`). It has no end: leave the loop or abort the signal. Otherwise as `followRun`.
 */
export function followSession(
  client: Client,
  {
    session,
    after,
    ...options
  }: StreamOptions & { session: string; after?: number | 'latest' | undefined },
): AsyncGenerator<RuntimeEvent, void, undefined> {
  const path = { session }
  let latest: number | undefined

  /** Asked once: what happens before the first event came must not be lost by a new connection. */
  async function findLatest(signal: AbortSignal): Promise<number> {
    const { data } = await client.GET('/api/sessions/{session}', { params: { path }, signal })
    return data.last_seq
  }

  return resumeStream({
    ...options,
    after: after === 'latest' ? undefined : after,
    async resume({ position, signal }) {
      if (after === 'latest') latest ??= await findLatest(signal)
      return client.GET('/api/sessions/{session}/events', {
        params: { path },
        headers: streamHeaders(position ?? latest),
        parseAs: 'stream',
        signal,
      })
    },
    isLast: () => false,
  })
}

/** The connection to a run's events; the run may be known only when it is needed. */
export function connectRun(client: Client, runId: () => string): Connect {
  return async ({ position, signal }) =>
    client.GET('/api/runs/{run}/events', {
      params: { path: { run: runId() } },
      headers: streamHeaders(position),
      parseAs: 'stream',
      signal,
    })
}

function streamHeaders(position: number | undefined): Record<string, string> {
  const accept = 'text/event-stream'
  return position === undefined ? { accept } : { accept, 'last-event-id': String(position) }
}
