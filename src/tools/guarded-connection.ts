import http from 'node:http'
import https from 'node:https'
import { isIP, type LookupFunction } from 'node:net'
import { GuardedFetchError } from './guarded-fetch-error.ts'
import { isPublicAddress } from './public-address.ts'

/** Finds the addresses of a host name, as `lookup(name, { all: true })` of node:dns/promises does. */
export type Resolve = (hostname: string) => Promise<{ address: string; family: number }[]>

/** Which hosts may be dialled: public ones, and those that the operator allowed. */
export type NetworkRules = { resolve: Resolve; allowed: Set<string> }

export type Outgoing = {
  url: string
  method?: string
  headers?: Record<string, string>
  body?: string | Uint8Array
  signal: AbortSignal
  /** Asked about each address that would be visited, redirects too; throws to refuse it. */
  permit?(url: URL): void
  /** `manual` gives a redirect back as it is; `follow` when missing. */
  redirect?: 'follow' | 'manual'
}

/** The head of an answer; its body is still to be read from `incoming`, or destroyed. */
export type Incoming = {
  /** After redirects. */
  url: string
  status: number
  /** Names in lower case. */
  headers: Record<string, string>
  incoming: http.IncomingMessage
}

/** `allowHosts` names internal hosts, `HOST` or `HOST:PORT`, that may be visited all the same. */
export function networkRules({
  resolve,
  allowHosts,
}: {
  resolve: Resolve
  allowHosts: string[]
}): NetworkRules {
  return { resolve, allowed: new Set(allowHosts.map(normalizedHost)) }
}

/**
 * Sends a request under the rules. A name is resolved and checked inside the connection's own
 * lookup, so the address that was checked is the one that is dialled; each redirect (three at most)
 * begins anew, and to another origin it takes no header of the caller's along.
 */
export async function openGuarded(request: Outgoing, rules: NetworkRules): Promise<Incoming> {
  let current = request
  for (let redirects = 0; ; redirects += 1) {
    const url = checkedUrl(current.url)
    request.permit?.(url)
    const response = await exchange(url, current, rules)
    const target = request.redirect === 'manual' ? null : redirectTarget(url, response)
    if (!target) return response
    response.incoming.destroy()
    if (redirects >= mostRedirects) {
      throw new GuardedFetchError(
        `More than ${mostRedirects} redirects; the last led to ${target}.`,
      )
    }
    current = redirected(current, url, target, response.status)
  }
}

/** What went wrong, in words that are safe to show. */
export function explained(error: unknown): GuardedFetchError {
  if (error instanceof GuardedFetchError) return error
  const code = error instanceof Error && 'code' in error ? String(error.code) : ''
  const reason =
    reasons[code] ?? (/CERT|TLS|SSL/.test(code) ? 'its certificate is not valid' : code)
  return new GuardedFetchError(`The server could not be reached: ${reason || 'unknown error'}.`, {
    cause: error,
  })
}

const mostRedirects = 3
const redirectStatuses = new Set([301, 302, 303, 307, 308])

function checkedUrl(text: string): URL {
  const url = URL.parse(text)
  if (!url)
    throw new GuardedFetchError(`"${text.slice(0, 200)}" is not a URL; begin with https://.`)
  if (url.protocol !== 'http:' && url.protocol !== 'https:') {
    throw new GuardedFetchError(`${url.protocol} addresses are not fetched; only http: and https:.`)
  }
  if (url.username !== '' || url.password !== '') {
    throw new GuardedFetchError('A URL with a user name or a password in it is not fetched.')
  }
  return url
}

function redirectTarget(url: URL, { status, headers, incoming }: Incoming): URL | null {
  if (!redirectStatuses.has(status) || headers.location === undefined) return null
  const target = URL.parse(headers.location, url)
  if (target) return target
  incoming.destroy()
  throw new GuardedFetchError('The server redirects to something that is not a URL.')
}

function redirected(request: Outgoing, from: URL, to: URL, status: number): Outgoing {
  const { body, method = 'GET', headers = {}, ...rest } = request
  const keepsMethod = status === 307 || status === 308 || method === 'GET' || method === 'HEAD'
  return {
    ...rest,
    url: to.href,
    method: keepsMethod ? method : 'GET',
    headers: from.origin === to.origin ? headers : harmlessHeaders(headers),
    ...(keepsMethod && body !== undefined ? { body } : {}),
  }
}

/** Keys travel under many names besides Authorization, so only these cross to another origin. */
function harmlessHeaders(headers: Record<string, string>): Record<string, string> {
  const kept = Object.entries(headers).filter(([name]) =>
    ['accept', 'accept-language', 'content-type', 'user-agent'].includes(name.toLowerCase()),
  )
  return Object.fromEntries(kept)
}

function exchange(url: URL, request: Outgoing, rules: NetworkRules): Promise<Incoming> {
  const isAllowed = isAllowedHost(url, rules.allowed)
  // Node asks no lookup for an address that is written out.
  const literal = url.hostname.replace(/^\[|\]$/g, '')
  if (isIP(literal) && !isAllowed) refuseInternal(literal, url.hostname)

  const { method = 'GET', body, signal } = request
  const client = url.protocol === 'https:' ? https : http
  return new Promise((resolve, reject) => {
    const outgoing = client.request(url, {
      method,
      headers: outgoingHeaders(request),
      lookup: guardedLookup(rules.resolve, isAllowed),
      // A connection of its own: a kept one was checked for somebody else's host.
      agent: new client.Agent({ keepAlive: false }),
      signal,
    })
    outgoing.on('error', reject)
    outgoing.on('response', (incoming) => {
      const status = incoming.statusCode ?? 0
      resolve({ url: url.href, status, headers: flatHeaders(incoming.headers), incoming })
    })
    outgoing.end(body)
  })
}

/** Fails unless every address of the name is public: one that is not may be the one dialled. */
function guardedLookup(resolve: Resolve, isAllowed: boolean): LookupFunction {
  return (hostname, options, callback) => {
    resolve(hostname).then(
      (addresses) => {
        const fault = isAllowed ? null : faultOf(addresses, hostname)
        const first = addresses[0]
        if (fault) callback(fault, '', 0)
        else if (!first) callback(new GuardedFetchError(`${hostname} has no address.`), '', 0)
        else if (options.all) callback(null, addresses)
        else callback(null, first.address, first.family)
      },
      () => callback(new GuardedFetchError(`${hostname} could not be found.`), '', 0),
    )
  }
}

function faultOf(addresses: { address: string }[], hostname: string): Error | null {
  const internal = addresses.find(({ address }) => !isPublicAddress(address))
  return internal ? internalFault(hostname) : null
}

function refuseInternal(address: string, shown: string): void {
  if (!isPublicAddress(address)) throw internalFault(shown)
}

function internalFault(shown: string): GuardedFetchError {
  return new GuardedFetchError(
    `${shown} is not on the public internet and is not fetched; the operator can allow it with --allow-host.`,
  )
}

function outgoingHeaders({ headers = {}, body }: Outgoing): Record<string, string> {
  const own = Object.entries(headers).filter(
    ([name]) =>
      !/^(host|connection|content-length|transfer-encoding|upgrade|te|trailer|expect|proxy-.*)$/i.test(
        name,
      ),
  )
  return {
    ...Object.fromEntries(own.map(([name, value]) => [name.toLowerCase(), value])),
    'accept-encoding': 'gzip, deflate, br',
    ...(body === undefined ? {} : { 'content-length': String(Buffer.byteLength(body)) }),
  }
}

function flatHeaders(headers: http.IncomingHttpHeaders): Record<string, string> {
  return Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [name, [value].flat().join(', ')]),
  )
}

function isAllowedHost(url: URL, allowed: Set<string>): boolean {
  const port = url.port || (url.protocol === 'https:' ? '443' : '80')
  const host = url.hostname.replace(/\.$/, '')
  return allowed.has(host) || allowed.has(`${host}:${port}`)
}

/** As the URL parser writes hosts: lower case, IP addresses in one notation, brackets around IPv6. */
function normalizedHost(text: string): string {
  const port = isIP(text) === 6 ? undefined : /:(\d+)$/.exec(text)?.[1]
  const host = port === undefined ? text : text.slice(0, -port.length - 1)
  const parsed = URL.parse(`http://${isIP(host) === 6 ? `[${host}]` : host}`)
  if (!parsed || parsed.href !== `http://${parsed.hostname}/`) {
    throw new Error(`"${text}" is not a host to allow; write HOST or HOST:PORT.`)
  }
  return parsed.hostname.replace(/\.$/, '') + (port === undefined ? '' : `:${Number(port)}`)
}

const reasons: Record<string, string> = {
  ECONNREFUSED: 'the connection was refused',
  ECONNRESET: 'the connection was cut',
  EHOSTUNREACH: 'there is no route to it',
  ENETUNREACH: 'there is no route to it',
  ETIMEDOUT: 'it did not answer',
  HPE_HEADER_OVERFLOW: 'its headers are too large',
}
