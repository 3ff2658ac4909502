import type { GuardedFetch } from '#tools/guarded-fetch.ts'
import type { GuardedTransport } from '#tools/guarded-transport.ts'

type Headers = () => Record<string, string>

/** The way out with the headers of whatever the request is made for. */
export function tracedFetch(fetch: GuardedFetch, outgoing: Headers): GuardedFetch {
  return (request) => fetch({ ...request, headers: { ...outgoing(), ...request.headers } })
}

/** The same in the form of `fetch`. */
export function tracedTransport(transport: GuardedTransport, outgoing: Headers): GuardedTransport {
  return (url, init = {}) => {
    const headers = new globalThis.Headers(init.headers)
    for (const [name, value] of Object.entries(outgoing())) {
      if (!headers.has(name)) headers.set(name, value)
    }
    return transport(url, { ...init, headers })
  }
}
