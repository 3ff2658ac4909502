import type { MiddlewareHandler } from 'hono'
import { Problem } from '#contract/problem.ts'
import type { AppContext, Env } from './env.ts'
import { callerAddress } from './limits-address.ts'
import { type Allowance, createBuckets, type Rate } from './limits-buckets.ts'

export type RequestLimits = {
  /** null: as many requests as come. */
  rate: Rate | null
  /** Callers without a key are programs of this machine, for whom the rate does not hold. */
  sparesKeyless: boolean
  /** A proxy of the operator's own stands in front and writes X-Forwarded-For. */
  trustProxy: boolean
  /** Monotonic milliseconds. */
  now: () => number
}

/** Whom a request counts for: the key that it shows, else the address that it comes from. */
export function callerOf(c: AppContext, { trustProxy }: { trustProxy: boolean }): string {
  const { keyId } = c.get('principal')
  if (keyId !== undefined) return `key ${keyId}`
  return `address ${callerAddress({
    socketAddress: c.env.incoming.socket.remoteAddress,
    forwardedFor: c.req.header('x-forwarded-for'),
    trustProxy,
  })}`
}

/**
 * So many requests a minute for each caller, counted by this instance alone. Every answer says what
 * is left, in the fields that the HTTPAPI working group of the IETF drafts.
 */
export function limitRequests({
  rate,
  sparesKeyless,
  trustProxy,
  now,
}: RequestLimits): MiddlewareHandler<Env> {
  if (!rate) return (_c, next) => next()
  const buckets = createBuckets({ rate, now })
  const policy = `"requests";q=${rate.perMinute};w=60;burst=${rate.burst}`
  return (c, next) => {
    if (isFree(c.req)) return next()
    if (sparesKeyless && c.get('principal').keyId === undefined) return next()
    const allowance = buckets.take(callerOf(c, { trustProxy }))
    tell(c, { 'RateLimit-Policy': policy, RateLimit: describe(allowance) })
    if (allowance.granted) return next()
    throw new Problem(
      'rate_limited',
      `More than ${rate.perMinute} requests a minute: the next one is welcome in ${allowance.wait} s`,
      { retry_after: allowance.wait },
    )
  }
}

/**
 * A browser's question before its request does nothing, and a load balancer that is refused an
 * answer about the instance takes it away from everyone.
 */
function isFree({ method, path }: { method: string; path: string }): boolean {
  return method === 'OPTIONS' || probes.has(path)
}

const probes = new Set(['/live', '/ready', '/parley/live', '/parley/ready'])

function describe({ remaining, wait }: Allowance): string {
  return `"requests";r=${remaining};t=${wait}`
}

/** Also in the answers that bypass the context. */
function tell(c: AppContext, headers: Record<string, string>): void {
  for (const [name, value] of Object.entries(headers)) c.header(name, value)
  c.set('commonHeaders', { ...c.get('commonHeaders'), ...headers })
}
