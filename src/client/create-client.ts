import createFetchClient, {
  type ClientPathsWithMethod,
  type FetchOptions,
  type FetchResponse,
  type Client as OpenApiClient,
  type ParseAs,
} from 'openapi-fetch'
import { ApiError, ConnectionError } from './errors.ts'
import type { paths } from './schemas.ts'

type Method = 'get' | 'post' | 'put' | 'patch' | 'delete'

/**
 * One method for each HTTP method, typed by the path. They resolve to `{ data, response }`, reject
 * with `ApiError` for an error status and with `ConnectionError` when no answer came.
 */
export type Client = { readonly [M in Method as Uppercase<M>]: Call<M> }

type Call<M extends Method> = <Path extends PathOf<M>, As extends ParseAs = 'json'>(
  path: Path,
  ...init: Arguments<FetchOptions<Operation<Path, M>> & { parseAs?: As }>
) => Promise<Answer<Operation<Path, M>, As>>

type PathOf<M extends Method> = ClientPathsWithMethod<OpenApiClient<paths>, M> & keyof paths
type Operation<Path extends keyof paths, M extends Method> = NonNullable<paths[Path][M]>
type Arguments<Init> = Record<never, never> extends Init ? [init?: Init] : [init: Init]
type Answer<Route extends Record<string | number, unknown>, As extends ParseAs> = Extract<
  FetchResponse<Route, { parseAs: As }, 'application/json'>,
  { data: unknown }
>

export type ClientOptions = {
  /** Where the server is; on a page of the server itself it may stay empty. */
  baseUrl?: string
  /**
   * A key or a session token; a function is asked before each request, for those that expire. With
   * undefined nothing is sent.
   */
  token?: string | undefined | (() => string | undefined | Promise<string | undefined>)
  /** Sent with every request; a function is asked each time, for tokens that expire. */
  headers?: HeadersInit | (() => HeadersInit | Promise<HeadersInit>)
  fetch?: (request: Request) => Promise<Response>
}

/** A client of one server; throws a TypeError when `baseUrl` is no http(s) URL. */
export function createClient({
  baseUrl = '',
  token,
  headers = {},
  fetch = (request) => globalThis.fetch(request),
}: ClientOptions = {}): Client {
  checkBaseUrl(baseUrl)
  const client = createFetchClient<paths, 'application/json'>({
    baseUrl,
    // One answer, not a stream, where an operation offers both.
    headers: { accept: 'application/json' },
    fetch: (request) => reach(fetch, request),
  })
  client.use({
    async onRequest({ request }) {
      const given = typeof headers === 'function' ? await headers() : headers
      new Headers(given).forEach((value, name) => {
        if (!request.headers.has(name)) request.headers.set(name, value)
      })
      if (request.headers.has('authorization')) return
      const shown = typeof token === 'function' ? await token() : token
      if (shown !== undefined) request.headers.set('authorization', `Bearer ${shown}`)
    },
    async onResponse({ response }) {
      if (!response.ok) throw new ApiError(response, await response.text())
    },
  })
  return withoutErrors(client)
}

/** Every answer with an error status is thrown above, so a call that resolves has data. */
function withoutErrors(client: OpenApiClient<paths, 'application/json'>): Client {
  return client as unknown as Client
}

/** A wrong address would otherwise look like a server that is away, and be tried for ever. */
function checkBaseUrl(baseUrl: string): void {
  try {
    if (/^https?:/.test(new Request(baseUrl || '/').url)) return
  } catch {
    // Said below.
  }
  throw new TypeError(
    `baseUrl ${JSON.stringify(baseUrl)} is no address: give an http(s) URL such as http://127.0.0.1:8080`,
  )
}

async function reach(
  fetch: (request: Request) => Promise<Response>,
  request: Request,
): Promise<Response> {
  try {
    return await fetch(request)
  } catch (cause) {
    if (request.signal.aborted) throw cause
    throw new ConnectionError(`${request.method} ${request.url} got no answer`, { cause })
  }
}
