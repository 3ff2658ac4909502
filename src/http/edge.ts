import type { MiddlewareHandler } from 'hono'
import type { Env } from './env.ts'
import { checkLoopback, isLoopbackOrigin } from './loopback.ts'

const exposed = [
  'Location',
  'Content-Location',
  'X-Request-Id',
  'Retry-After',
  'Preference-Applied',
  'RateLimit',
  'RateLimit-Policy',
].join(', ')
const wellFormedId = /^[A-Za-z0-9._:-]{1,128}$/

/** What every request passes first: its id, who calls, and whether a web page may read the answer. */
export function createEdge({
  loopback,
  newRequestId,
}: {
  /** The server listens on a loopback address and has no keys. */
  loopback: boolean
  newRequestId: () => string
}): MiddlewareHandler<Env> {
  return async (c, next) => {
    const given = c.req.header('x-request-id')
    const requestId = given !== undefined && wellFormedId.test(given) ? given : newRequestId()
    const origin = c.req.header('origin')
    const headers: Record<string, string> = { 'X-Request-Id': requestId }
    if (loopback) {
      headers.Vary = 'Origin'
      if (origin !== undefined && isLoopbackOrigin(origin)) {
        headers['Access-Control-Allow-Origin'] = origin
        headers['Access-Control-Expose-Headers'] = exposed
      }
    }
    c.set('requestId', requestId)
    c.set('commonHeaders', headers)
    for (const [name, value] of Object.entries(headers)) c.header(name, value)
    if (loopback) checkLoopback({ host: c.req.header('host'), origin })
    // Without keys there is one caller, who sees everything of the one tenant.
    c.set('principal', { tenant: 'default', owner: 'local' })
    c.set('scope', { tenant: 'default', owner: null })
    return next()
  }
}
