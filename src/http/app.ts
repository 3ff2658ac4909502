import { type Context, type Handler, Hono } from 'hono'
import { type OperationId, operations } from '#contract/operations.ts'
import { Problem } from '#contract/problem.ts'
import type { Logger } from '#log.ts'
import { createEdge } from './edge.ts'
import type { Env, Handlers } from './env.ts'
import { answerError } from './errors.ts'
import { negotiate } from './negotiate.ts'
import type { Page } from './pages.ts'
import { type RequestShape, validateRequest } from './validate.ts'

export type HttpLimits = {
  /** Bytes of a request body. */
  body: number
}

/**
 * The HTTP application: every operation of the contract, and pages for people. `loopback` says that
 * the address is reachable from this machine only and that there are no keys.
 */
export function createApp({
  handlers,
  pages,
  limits,
  loopback,
  newRequestId,
  log,
}: {
  handlers: Handlers
  pages: Page[]
  limits: HttpLimits
  loopback: boolean
  newRequestId: () => string
  log: Logger
}): Hono<Env> {
  const app = new Hono<Env>({ strict: true })
  app.onError((error, c) => answerError(error, c, log))
  app.notFound((c) =>
    answerError(new Problem('not_found', 'There is no such route; /docs lists them'), c, log),
  )
  app.use(createEdge({ loopback, newRequestId }))

  const methods = new Map<string, Set<string>>()
  function mount(method: string, path: string, handler: Handler<Env>): void {
    app.on(method.toUpperCase(), path, handler)
    methods.set(path, (methods.get(path) ?? new Set()).add(method.toUpperCase()))
  }
  for (const id of Object.keys(operations) as OperationId[]) {
    const { method, path } = operations[id]
    mount(method, toHonoPath(path), operationHandler(id, handlers, limits))
  }
  for (const page of pages) mount('get', page.path, page.handler)
  for (const [path, allowed] of methods) app.all(path, otherMethods(allowed))
  return app
}

function operationHandler(id: OperationId, handlers: Handlers, limits: HttpLimits): Handler<Env> {
  const { request = {}, responses }: Route = operations[id]
  const offers = mediaTypes(responses)
  // The mapped type of `Handlers` pairs each handler with its own operation, and `validateRequest`
  // has put there what that operation declares; a loop over the keys cannot keep the pair.
  const handle = handlers[id] as (c: Context<Env>) => Response | Promise<Response>
  return async (c) => {
    if (offers.length > 0) negotiate(c.req.header('accept'), offers)
    await validateRequest(c, request, { bodyLimit: limits.body })
    return handle(c)
  }
}

type Route = { request?: RequestShape; responses: Record<string, unknown> }

/** What the operation can answer with; problems aside, which come in every case. */
function mediaTypes(responses: Route['responses']): string[] {
  const contents = Object.values(responses as Record<string, { content?: object }>)
  return [...new Set(contents.flatMap(({ content = {} }) => Object.keys(content)))]
}

/** OPTIONS says what the path can do, also to a browser that asks before a request; else 405. */
function otherMethods(declared: Set<string>): Handler<Env> {
  const read = declared.has('GET') ? ['HEAD'] : []
  const allow = [...declared, ...read, 'OPTIONS'].sort().join(', ')
  return (c) => {
    c.header('Allow', allow)
    if (c.req.method !== 'OPTIONS') {
      throw new Problem('method_not_allowed', `${c.req.method} is not among ${allow}`)
    }
    if (c.get('commonHeaders')['Access-Control-Allow-Origin'] !== undefined) {
      c.header('Access-Control-Allow-Methods', allow)
      c.header('Access-Control-Allow-Headers', requestHeaders)
      c.header('Access-Control-Max-Age', '600')
    }
    return c.body(null, 204)
  }
}

const requestHeaders = [
  'Accept',
  'Authorization',
  'Content-Type',
  'Idempotency-Key',
  'If-Match',
  'Last-Event-ID',
  'Prefer',
  'X-Request-Id',
].join(', ')

function toHonoPath(path: string): string {
  return path.replaceAll(/\{(\w+)\}/g, ':$1')
}
