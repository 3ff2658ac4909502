import { RESPONSE_ALREADY_SENT } from '@hono/node-server/utils/response'
import type { Frame } from '#runtime/runtime.ts'
import type { Scope } from '#store/scope.ts'
import type { Admission } from '../admission.ts'
import type { AppContext, Handlers } from '../env.ts'
import { found } from '../found.ts'
import { negotiate } from '../negotiate.ts'
import { type LogBounds, refuseExpired, streamPosition } from '../position.ts'
import type { RunReader } from '../run-answer.ts'
import type { EventStreams } from '../sse.ts'
import { streamHeaders } from '../stream-connection.ts'
import { createNativeView } from '../stream-view.ts'
import { watchWaiting } from '../waiting-run.ts'

/** The log of events as it is read from the store. */
export type EventRows = {
  /** Where a session's log begins and ends; `session` may be an external id. */
  bounds(scope: Scope, session: string): Promise<(LogBounds & { sessionId: string }) | null>
  /** The seq before a run's first event, and its last one when the run is over. */
  runBounds(
    scope: Scope,
    runId: string,
  ): Promise<{ sessionId: string; after: number; last: number | null; begun: boolean } | null>
  /** With the bounds as they are after the frames were read. `more`: the log goes on behind them. */
  page(
    scope: Scope,
    sessionId: string,
    request: { after: number; limit: number },
  ): Promise<(LogBounds & { frames: Frame[]; more: boolean }) | null>
}

export function streamHandlers({
  events,
  runRows,
  streams,
  admission,
}: {
  events: EventRows
  runRows: Pick<RunReader, 'get'>
  streams: EventStreams
  admission: Pick<Admission, 'stream'>
}): Pick<Handlers, 'streamRun' | 'streamSession'> {
  return {
    async streamRun(c) {
      const { run } = c.req.valid('param')
      const { after } = c.req.valid('query')
      const scope = c.get('scope')
      const place = found(await events.runBounds(scope, run), `run ${run}`)
      const bounds = found(await events.bounds(scope, place.sessionId), `run ${run}`)
      const position = Math.max(
        place.after,
        streamPosition({
          lastEventId: c.req.valid('header')['last-event-id'],
          after,
          start: place.after,
          bounds,
        }),
      )
      if (place.last !== null && position >= place.last) return c.body(null, 204)
      const waits = !place.begun
      return open(c, { sessionId: place.sessionId, after: position, untilRun: run, waits })
    },
    async streamSession(c) {
      const { session } = c.req.valid('param')
      const { after, cursor, limit } = c.req.valid('query')
      const scope = c.get('scope')
      const bounds = found(await events.bounds(scope, session), `session ${session}`)
      const position = streamPosition({
        lastEventId: c.req.valid('header')['last-event-id'],
        after: cursor ?? after,
        start: bounds.oldest - 1,
        bounds,
      })
      const type = negotiate(c.req.header('accept'), ['text/event-stream', 'application/json'])
      if (type === 'text/event-stream') {
        return open(c, { sessionId: bounds.sessionId, after: position })
      }
      const page = await events.page(scope, bounds.sessionId, { after: position, limit })
      const { frames, more, ...kept } = found(page, `session ${session}`)
      refuseExpired(position, kept)
      const last = more ? frames.at(-1)?.seq : undefined
      return rawJson(c, frames, last)
    },
  }

  function open(
    c: AppContext,
    request: { sessionId: string; after: number; untilRun?: string; waits?: boolean },
  ): Response {
    const headers = c.get('commonHeaders')
    if (c.req.method === 'HEAD') return c.body(null, 200, streamHeaders)
    admission.stream(c)
    const { outgoing } = c.env
    const end = streams.open({
      ...request,
      outgoing,
      headers,
      view: createNativeView({
        ...request,
        eventNames: c.req.query('event_names') === 'true',
        namedHeartbeat: c.req.query('heartbeat') === 'event',
      }),
    })
    const { untilRun, waits = false } = request
    if (waits && untilRun !== undefined) {
      const readRun = (id: string) => runRows.get(c.get('scope'), id)
      watchWaiting({ runId: untilRun, readRun, outgoing, onGone: end })
    }
    return RESPONSE_ALREADY_SENT
  }
}

/** Frames are JSON text already, byte for byte as they are streamed. */
function rawJson(c: AppContext, frames: Frame[], last: number | undefined): Response {
  const data = frames.map(({ json }) => json).join(',')
  const cursor = last === undefined ? 'null' : `"${last}"`
  c.header('Content-Type', 'application/json')
  return c.body(`{"data":[${data}],"next_cursor":${cursor}}`, 200)
}
