import { RESPONSE_ALREADY_SENT } from '@hono/node-server/utils/response'
import type { Handler } from 'hono'
import type { StatusCode } from 'hono/utils/http-status'
import type { Problem } from '#contract/problem.ts'
import { problemKinds } from '#contract/problem-kinds.ts'
import type { AgentVariant } from '#runtime/runtime.ts'
import type { Admission } from './admission.ts'
import type { Gate, Needs } from './auth-gate.ts'
import { decodeFrame } from './decode-frame.ts'
import type { createHouses } from './dialect-house.ts'
import type { Answer, Dialect, DialectRoute, EventView } from './dialects/dialect.ts'
import type { AppContext, Env } from './env.ts'
import { challengeOf, retryAfter, validationProblem } from './errors.ts'
import { readJsonBody } from './json-body.ts'
import { textProblem } from './json-check.ts'
import type { EventStreams } from './sse.ts'
import type { StreamView } from './stream-view.ts'

export type DialectDesk = {
  openHouse: ReturnType<typeof createHouses>
  streams: EventStreams
  admission: Pick<Admission, 'stream'>
  /** `--dialect-approvals wait`: a call that must ask waits for another door. */
  waitForApprovals: boolean
  /** By the names of dialects, what the operator makes of the agents that answer there. */
  variants?: Readonly<Record<string, AgentVariant>>
}

/** A handler for one route of a dialect; what it throws is for `refuse`. */
export function dialectHandler(
  route: DialectRoute,
  {
    dialect,
    desk,
    gate,
    bodyLimit,
    trustProxy,
  }: {
    dialect: Dialect
    desk: DialectDesk
    gate: Gate
    bodyLimit: number
    trustProxy: boolean
  },
): Handler<Env> {
  return async (c) => {
    await gate.admit(c, needsOf(route, c))
    const others = desk.waitForApprovals ? 'others' : 'deny'
    const house = desk.openHouse(c, {
      approvals: dialect.approves ? 'client' : others,
      asks: dialect.asks !== false,
      takesTextBack: dialect.takesTextBack,
      variant: desk.variants?.[dialect.name],
    })
    const answer = await route.answer({
      params: c.req.param(),
      query: (name) => readQuery(c, name),
      header: (name) => c.req.header(name),
      origin: originOf(c, trustProxy),
      body: (options) => readJsonBody(c.env.incoming, { limit: bodyLimit, ...options }),
      house,
    })
    if (answer.type !== 'stream') return send(answer, c)
    desk.admission.stream(c)
    const { sessionId, after, resumeAfter = after, view, headers, cancelOnDisconnect } = answer
    const cancel = (run: string) => void house.runs.cancel(run).catch(() => undefined)
    desk.streams.open({
      outgoing: c.env.outgoing,
      headers: { ...c.get('commonHeaders'), ...headers },
      sessionId,
      after,
      view: toStreamView(view, resumeAfter),
      ...(cancelOnDisconnect && { onDisconnect: () => cancel(cancelOnDisconnect) }),
    })
    return RESPONSE_ALREADY_SENT
  }
}

/** Where the caller reached the server; behind a proxy, what that says. */
function originOf(c: AppContext, trustProxy: boolean): string {
  const url = new URL(c.req.url)
  const proto = trustProxy ? c.req.header('x-forwarded-proto') : undefined
  const host = trustProxy ? c.req.header('x-forwarded-host') : undefined
  if (proto === 'https' || proto === 'http') url.protocol = proto
  if (host !== undefined && /^[\w.:[\]-]+$/.test(host)) url.host = host
  return url.origin
}

function needsOf({ scope, ticketFor }: DialectRoute, c: AppContext): Needs {
  if (!ticketFor) return { scope }
  const query = (name: string) => readQuery(c, name)
  const place = ticketFor({ query, header: (name) => c.req.header(name) })
  if (!place) return { scope }
  return { scope, ticket: true, placed: place, again: 'run' in place }
}

function readQuery(c: AppContext, name: string): string | undefined {
  const text = c.req.query(name)
  const message = text === undefined ? undefined : textProblem(text)
  if (message === undefined) return text
  throw validationProblem([{ path: `query.${name}`, message }])
}

/** A problem as the dialect tells it. */
export function refuse(problem: Problem, dialect: Dialect, c: AppContext): Response {
  const { status } = problemKinds[problem.code]
  const wait = retryAfter(problem)
  if (wait !== undefined) c.header('Retry-After', String(wait))
  if (status === 401) c.header('WWW-Authenticate', challengeOf(c))
  const answer = dialect.refuse(problem, status)
  if (answer.type === 'stream') throw new Error(`${dialect.name} refuses with a stream`)
  return send(answer, c)
}

function send(answer: Exclude<Answer, { type: 'stream' }>, c: AppContext): Response {
  // Hono's type lists the codes; a dialect's is a number of its own pages.
  c.status(answer.status as StatusCode)
  if (answer.type === 'json') c.header('Content-Type', 'application/json')
  if (answer.type === 'text') c.header('Content-Type', 'text/plain; charset=utf-8')
  for (const [name, value] of Object.entries(answer.headers ?? {})) c.header(name, value)
  if (answer.type === 'empty') return c.body(null)
  return c.body(answer.type === 'json' ? JSON.stringify(answer.body) : answer.body)
}

function toStreamView(view: EventView, resumeAfter: number): StreamView {
  const { ignores } = view
  return {
    opening: view.opening ?? '',
    show(frame) {
      if (ignores?.has(frame.type)) return ''
      const text = view.show(decodeFrame(frame))
      return frame.seq > resumeAfter ? text : ''
    },
    isOver: view.isOver,
    heartbeat: view.heartbeat ?? (() => ': heartbeat\n\n'),
    ...(view.interrupted && { interrupted: view.interrupted }),
  }
}
