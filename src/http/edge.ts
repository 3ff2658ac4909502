import type { MiddlewareHandler } from 'hono'
import type { Env } from './env.ts'
import { checkLoopback, isLoopbackOrigin } from './loopback.ts'
import { nobody, scopeOf } from './principal.ts'

const exposed = [
  'Location',
  'Content-Location',
  'X-Request-Id',
  'Retry-After',
  'Preference-Applied',
  'RateLimit',
  'RateLimit-Policy',
  'WWW-Authenticate',
  'Mcp-Session-Id',
].join(', ')

/** Where web pages may call from. */
export type Door = {
  /** The address is reachable from this machine only. */
  loopback: boolean
  /** Whether callers without a key may do everything. */
  isOpen: () => boolean
  /** Origins of pages that may call, beside those of this machine on loopback; `*`: all. */
  origins: readonly string[]
}

/** Whether a web page may call and read the answer, and what every answer carries. */
export function createEdge({
  door: { loopback, isOpen, origins },
  base,
}: {
  door: Door
  /** Where the contract stands. */
  base: string
}): MiddlewareHandler<Env> {
  const allowsAll = origins.includes('*')

  function allows(origin: string): boolean {
    return allowsAll || origins.includes(origin) || (loopback && isLoopbackOrigin(origin))
  }

  return async (c, next) => {
    const origin = c.req.header('origin')
    const headers: Record<string, string> = {
      'X-Request-Id': c.get('requestId'),
      ...securityHeaders,
    }
    if (loopback || origins.length > 0) headers.Vary = 'Origin'
    if (origin !== undefined && allows(origin)) {
      // Never with credentials: a key is sent by the page itself.
      headers['Access-Control-Allow-Origin'] = allowsAll ? '*' : origin
      headers['Access-Control-Expose-Headers'] = exposed
    }
    c.set('base', base)
    c.set('commonHeaders', headers)
    for (const [name, value] of Object.entries(headers)) c.header(name, value)
    if (loopback && isOpen()) checkLoopback({ host: c.req.header('host'), origin, allows })
    c.set('principal', nobody)
    c.set('scope', scopeOf(nobody))
    return next()
  }
}

/** For answers that no page asked for; pages for people have policies of their own. */
const securityHeaders = {
  'X-Content-Type-Options': 'nosniff',
  'X-Frame-Options': 'DENY',
  'Referrer-Policy': 'no-referrer',
  'Cross-Origin-Resource-Policy': 'same-origin',
  'Content-Security-Policy': "default-src 'none'; frame-ancestors 'none'",
}
