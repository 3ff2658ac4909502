import { z } from '@hono/zod-openapi'
import { type Context, type Handler, Hono } from 'hono'
import { type OperationId, operations } from '#contract/operations.ts'
import { Problem } from '#contract/problem.ts'
import type { Logger } from '#log.ts'
import type { Gate, Needs } from './auth-gate.ts'
import { indexDialects, type Spoken } from './dialect-at.ts'
import { createDialectDocument } from './dialect-document.ts'
import type { Dialect } from './dialects/dialect.ts'
import { createEdge, type Door } from './edge.ts'
import type { AppContext, Env, Handlers } from './env.ts'
import { answerProblem, toProblem } from './errors.ts'
import type { KeyGuard } from './idempotency.ts'
import { limitRequests, type RequestLimits } from './limits.ts'
import { type DialectDesk, dialectHandler, refuse } from './mount-dialect.ts'
import { negotiate } from './negotiate.ts'
import { otherMethods } from './other-methods.ts'
import type { Page } from './pages.ts'
import { type RequestShape, validateRequest } from './validate.ts'
import { type RequestObserver, watchRequests } from './watch.ts'

export type HttpLimits = {
  /** Bytes of a request body. */
  body: number
  /** Bytes of a document that a session is made of. */
  upload: number
  requests: RequestLimits
}

/** The HTTP application: every operation of the contract, and pages for people. */
export function createApp({
  handlers,
  guard,
  pages,
  limits,
  dialects,
  door,
  gate,
  observer,
  newRequestId,
  log,
}: {
  handlers: Handlers
  /** Lets requests with an Idempotency-Key act once. */
  guard: KeyGuard
  pages: Page[]
  dialects: DialectDesk & Spoken & { version: string }
  limits: HttpLimits
  door: Door
  /** Asks every request who calls, before anything else is looked at. */
  gate: Gate
  observer: RequestObserver
  newRequestId: () => string
  log: Logger
}): Hono<Env> {
  const app = new Hono<Env>({ strict: true })
  const base = dialects.atRoot ? '/parley' : ''
  const kept = keptPaths(dialects.atRoot)
  const dialectAt = indexDialects(dialects, kept)
  const answer = (problem: Problem, c: AppContext) => {
    c.set('refusal', problem.code)
    const dialect = dialectAt(c.req.path)
    return dialect ? refuse(problem, dialect, c) : answerProblem(problem, c)
  }
  app.onError((error, c) => answer(toProblem(error, c, log), c))
  app.notFound((c) =>
    answer(new Problem('not_found', `There is no such route; ${base}/docs lists them`), c),
  )
  app.use(watchRequests({ observer, newRequestId, log }))
  app.use(createEdge({ door, base }))
  app.use((c, next) => {
    const { keyHeader } = dialectAt(c.req.path) ?? {}
    if (keyHeader !== undefined) c.set('keyHeader', keyHeader)
    return next()
  })
  app.use(gate.identify)
  app.use(limitRequests(limits.requests))

  function mountDialect(base: string, dialect: Dialect): void {
    for (const route of dialect.routes) {
      const handler = dialectHandler(route, {
        dialect,
        desk: dialects,
        gate,
        bodyLimit: limits.body,
        trustProxy: limits.requests.trustProxy,
      })
      mount(route.method, route.atRoot ? route.path : base + route.path, handler)
    }
  }

  const methods = new Map<string, Set<string>>()
  function mount(method: string, path: string, handler: Handler<Env>): void {
    app.on(method.toUpperCase(), path, handler)
    methods.set(path, (methods.get(path) ?? new Set()).add(method.toUpperCase()))
  }
  // The dialect at the root goes first: what it does not answer there stays where it was.
  const { atRoot } = dialects
  if (atRoot) mountDialect('', atRoot)
  for (const id of Object.keys(operations) as OperationId[]) {
    const { method, path } = operations[id]
    const handler = operationHandler(id, { handlers, limits, guard, gate })
    mount(method, base + toHonoPath(path), handler)
    if (base !== '' && kept.has(path)) mount(method, path, handler)
  }
  for (const page of pages) mount('get', base + page.path, page.handler)
  if (atRoot) mount('get', base, (c) => c.redirect(`${base}/`))
  for (const dialect of dialects.all) {
    mountDialect(dialect.mount, dialect)
    const { version } = dialects
    const document = createDialectDocument(dialect, { version, atRoot: dialect === atRoot })
    mount('get', `/compat/${dialect.name}/openapi.json`, (c) => c.json(document))
  }
  for (const [path, allowed] of methods) app.all(path, otherMethods(allowed))
  return app
}

/** Operations that take whole documents. */
const uploads = new Set<OperationId>(['importSession'])

/** Operations that stay at the root, for those who watch the server. */
const probes = ['getHealth', 'getLiveness', 'getReadiness', 'getMetrics'] as const

/** Where they stand, but for those that the dialect has itself. */
function keptPaths(atRoot: Dialect | undefined): Set<string> {
  const paths = probes.map((id) => operations[id].path)
  return new Set(paths.filter((path) => !atRoot?.routes.some((route) => route.path === path)))
}

function operationHandler(
  id: OperationId,
  {
    handlers,
    limits,
    guard,
    gate,
  }: { handlers: Handlers; limits: HttpLimits; guard: KeyGuard; gate: Gate },
): Handler<Env> {
  const { request = {}, responses }: Route = operations[id]
  const offers = mediaTypes(responses)
  // The mapped type of `Handlers` pairs each handler with its own operation, and `validateRequest`
  // has put there what that operation declares; a loop over the keys cannot keep the pair.
  const handle = handlers[id] as (c: Context<Env>) => Promise<Response>
  const acts = operations[id].method === 'post' && keepsAnswer(request)
  const needs = needsOf(id)
  const startsRun = offers.includes('text/event-stream')
  const bodyLimit = uploads.has(id) ? limits.upload : limits.body
  return async (c) => {
    await gate.admit(c, needs)
    if (offers.length > 0) negotiate(c.req.header('accept'), offers)
    await validateRequest(c, request, { bodyLimit })
    return acts ? guard(c, { id, startsRun }, () => handle(c)) : handle(c)
  }
}

type Route = { request?: RequestShape; responses: Record<string, unknown> }

/** Who may call an operation: what the document says. */
function needsOf(id: OperationId): Needs {
  const { 'x-required-scope': scope, security } = operations[id]
  return { scope, ticket: security.some((scheme) => 'ticket' in scheme), placed: true }
}

/** Operations that take an Idempotency-Key say so; the answers of others hold secrets. */
function keepsAnswer({ headers }: RequestShape): boolean {
  return headers instanceof z.ZodObject && 'idempotency-key' in headers.shape
}

/** What the operation can answer with; problems aside, which come in every case. */
function mediaTypes(responses: Route['responses']): string[] {
  const contents = Object.values(responses as Record<string, { content?: object }>)
  return [...new Set(contents.flatMap(({ content = {} }) => Object.keys(content)))]
}

function toHonoPath(path: string): string {
  return path.replaceAll(/\{(\w+)\}/g, ':$1')
}
