import type { ServerResponse } from 'node:http'
import type { MiddlewareHandler } from 'hono'
import { matchedRoutes } from 'hono/route'
import type { Logger } from '#log.ts'
import type { AppContext, Env } from './env.ts'

export type ObservedRequest = {
  requestId: string
  method: string
  /** The template of the route, as the document has it; `unmatched` when there is none. */
  route: string
  /** A header of the request. */
  header(name: string): string | undefined
}

export type ObservedResponse = {
  /** 499: the caller went away before there was an answer. */
  status: number
  /** To the end of the response. */
  milliseconds: number
  /** A stream, or an answer that waited for a run: how long it took is no latency. */
  staysOpen: boolean
  /** The code of the problem that was answered. */
  code: string | undefined
  /** The run that the request names or began. */
  runId: string | undefined
}

/**
 * Those who watch requests: logs, metrics, traces. `within` calls its work once and answers what
 * that answers; `over` comes last, when the response has ended or was cut off.
 */
export type RequestObserver = {
  begin(request: ObservedRequest): RequestWatch
}

export type RequestWatch = {
  within<Result>(work: () => Result): Result
  over(response: ObservedResponse): void
}

/** The first stands outermost. */
export function joinRequestObservers(observers: readonly RequestObserver[]): RequestObserver {
  return {
    begin(request) {
      const watches = observers.map((observer) => observer.begin(request))
      return {
        within: (work) =>
          watches.reduceRight(
            (inner, { within }) =>
              () =>
                within(inner),
            work,
          )(),
        over(response) {
          for (const watch of watches) watch.over(response)
        },
      }
    },
  }
}

const wellFormedId = /^[A-Za-z0-9._:-]{1,128}$/

/** What every request passes first: it gets its id, is watched, and leaves a line in the log. */
export function watchRequests({
  observer,
  newRequestId,
  log,
}: {
  observer: RequestObserver
  newRequestId: () => string
  log: Logger
}): MiddlewareHandler<Env> {
  return async (c, next) => {
    const given = c.req.header('x-request-id')
    const requestId = given !== undefined && wellFormedId.test(given) ? given : newRequestId()
    c.set('requestId', requestId)
    const { method } = c.req
    const route = routeOf(c)
    const facts: Facts = { request_id: requestId, method, route, staysOpen: false }
    const { incoming, outgoing } = c.env
    const watch = observer.begin({
      requestId,
      method,
      route,
      header: (name) => [incoming.headers[name]].flat()[0],
    })
    tellWhenOver(outgoing, { watch, facts, log, began: performance.now() })
    try {
      await watch.within(next)
    } finally {
      Object.assign(facts, factsOf(c))
    }
  }
}

/** What the line of a request says; never a path as it was sent, a query, a header or a body. */
type Facts = {
  request_id: string
  method: string
  route: string
  principal?: string
  session_id?: string
  run_id?: string
  code?: string
  staysOpen: boolean
}

/** Holds on to nothing of the request: a stream may stay open for long. */
function tellWhenOver(
  outgoing: ServerResponse,
  { watch, facts, log, began }: { watch: RequestWatch; facts: Facts; log: Logger; began: number },
): void {
  outgoing.once('close', () => {
    const milliseconds = performance.now() - began
    const status = outgoing.headersSent ? outgoing.statusCode : 499
    const { staysOpen, ...told } = facts
    watch.over({ status, milliseconds, staysOpen, code: told.code, runId: told.run_id })
    const fields = { ...told, status, ms: Math.round(milliseconds * 10) / 10 }
    if (quiet.test(facts.route)) log.debug('request', fields)
    else log.info('request', fields)
  })
}

/** Asked every few seconds by machines. */
const quiet = /^(?:\/parley)?\/(?:live|ready|metrics)$/

function factsOf(c: AppContext): Partial<Facts> {
  const { session, run } = c.req.param()
  const { keyId, kind } = c.get('principal') ?? {}
  const code = c.get('refusal')
  const runId = c.get('runId') ?? run
  return {
    ...((keyId ?? kind) && { principal: keyId ?? kind }),
    ...(isId(session) && { session_id: session }),
    ...(isId(runId) && { run_id: runId }),
    ...(code !== undefined && { code }),
    staysOpen: c.get('staysOpen') === true,
  }
}

/** A session may also be named as its caller pleases, which is no business of a log. */
function isId(text: string | undefined): text is string {
  return text !== undefined && /^(ses|run)_[a-z0-9]{26}$/.test(text)
}

function routeOf(c: AppContext): string {
  const path = matchedRoutes(c)
    .map((route) => route.path)
    .findLast((candidate) => candidate !== '*' && candidate !== '/*')
  return path === undefined ? 'unmatched' : path.replaceAll(/:(\w+)(\{[^}]*\})?/g, '{$1}')
}
