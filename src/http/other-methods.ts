import type { Handler } from 'hono'
import { Problem } from '#contract/problem.ts'
import type { Env } from './env.ts'

/** OPTIONS says what the path can do, also to a browser that asks before a request; else 405. */
export function otherMethods(declared: ReadonlySet<string>): Handler<Env> {
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
  'A2A-Extensions',
  'A2A-Version',
  'Accept',
  'Authorization',
  'Content-Type',
  'Idempotency-Key',
  'If-Match',
  'Last-Event-ID',
  'Mcp-Protocol-Version',
  'Mcp-Session-Id',
  'Prefer',
  'X-API-Key',
  'X-Request-Id',
].join(', ')
