import type { Credentials } from './registry-credentials.ts'
import { field } from './registry-credentials.ts'
import { type RegistryReference, usualRegistry } from './registry-reference.ts'

/** The way out that is used; follows redirects, and drops Authorization on the way elsewhere. */
export type RegistryFetch = (request: {
  url: string
  method?: string
  headers?: Record<string, string>
  body?: string | Uint8Array
  signal: AbortSignal
  timeout: number
  permit?(url: URL): void
}) => Promise<RegistryAnswer>

export type RegistryAnswer = {
  url: string
  status: number
  headers: Record<string, string>
  body: Buffer
}

export type RegistryRequest = {
  method?: 'GET' | 'HEAD' | 'POST' | 'PUT'
  headers?: Record<string, string>
  body?: string | Uint8Array
}

/** A registry does not do what was asked, in words for people. */
export class RegistryError extends Error {
  override name = 'RegistryError'
}

/** Milliseconds for one request, its answer included. */
const patience = 15_000

/**
 * Speaks the OCI distribution protocol about one repository. Says who it is when it is asked, with
 * a token of the server that the registry names or with the credentials themselves.
 */
export function createRegistryConnection({
  reference: { registry, repository },
  insecureRegistries,
  credentials,
  fetch,
  signal,
}: {
  reference: RegistryReference
  insecureRegistries: readonly string[]
  credentials: Credentials
  fetch: RegistryFetch
  signal: AbortSignal
}) {
  const origin = registryOrigin(registry, insecureRegistries)
  let authorization: string | undefined

  /** A path is below the repository; an address is one that the registry gave. */
  async function send(place: string, request: RegistryRequest = {}): Promise<RegistryAnswer> {
    const url = new URL(place, `${origin}/v2/${repository}/`)
    const answer = await exchange(url, request)
    if (answer.status !== 401 || url.origin !== origin) return answer
    authorization = await authorize(answer.headers['www-authenticate'] ?? '')
    if (authorization === undefined) return answer
    return await exchange(url, request)
  }

  async function exchange(url: URL, { headers, ...request }: RegistryRequest) {
    const isOwn = url.origin === origin && authorization !== undefined
    return await fetch({
      ...request,
      url: url.href,
      headers: { ...headers, ...(isOwn && { authorization: String(authorization) }) },
      signal,
      timeout: patience,
      permit: (target) => refusePlain(target, origin),
    })
  }

  async function authorize(challenge: string): Promise<string | undefined> {
    if (credentials.kind === 'token') return `Bearer ${credentials.token}`
    const basic = credentials.kind === 'basic' ? `Basic ${credentials.encoded}` : undefined
    if (!/^bearer\b/i.test(challenge)) return basic
    const parameters = readParameters(challenge)
    const realm = URL.parse(parameters.get('realm') ?? '')
    if (!realm) throw new RegistryError(`${registry} asks for a token and does not say where`)
    for (const name of ['service', 'scope']) {
      const value = parameters.get(name)
      if (value !== undefined) realm.searchParams.set(name, value)
    }
    const answer = await fetch({
      url: realm.href,
      headers: basic === undefined ? {} : { authorization: basic },
      signal,
      timeout: patience,
      permit: (target) => refusePlain(target, origin),
    })
    return answer.status === 200 ? `Bearer ${readToken(answer.body, realm)}` : undefined
  }

  return { send }
}

export type RegistryConnection = ReturnType<typeof createRegistryConnection>

/** Plain HTTP only on this machine, and where the operator says so. */
export function registryOrigin(registry: string, insecureRegistries: readonly string[]): string {
  if (registry === usualRegistry) return 'https://registry-1.docker.io'
  const host = registry.replace(/:\d+$/, '')
  const isLoopback = host === 'localhost' || /^127\.\d+\.\d+\.\d+$/.test(host)
  const isPlain = isLoopback || insecureRegistries.includes(registry)
  return new URL(`${isPlain ? 'http' : 'https'}://${registry}`).origin
}

/** `HOST:PORT` of the registry, which the operator chose by naming it. */
export function registryHost(registry: string, insecureRegistries: readonly string[]): string {
  const { hostname, port, protocol } = new URL(registryOrigin(registry, insecureRegistries))
  return `${hostname}:${port || (protocol === 'https:' ? '443' : '80')}`
}

function refusePlain(url: URL, origin: string): void {
  if (url.protocol === 'https:' || url.origin === origin) return
  throw new RegistryError(`it leads to ${url.origin}, which is not encrypted`)
}

function readParameters(challenge: string): Map<string, string> {
  const found = challenge.matchAll(/(\w+)="([^"]*)"/g)
  return new Map([...found].map(([, name = '', value = '']) => [name.toLowerCase(), value]))
}

function readToken(body: Buffer, { host }: URL): string {
  const answer = parseAnswer(body, host)
  const token = field(answer, 'token') ?? field(answer, 'access_token')
  // It becomes a header.
  if (typeof token === 'string' && /^[\x21-\x7e]+$/.test(token)) return token
  throw new RegistryError(`${host} gave no token`)
}

export function parseAnswer(body: Buffer, from: string): unknown {
  try {
    return JSON.parse(body.toString('utf8'))
  } catch (cause) {
    throw new RegistryError(`${from} answered with something that is not JSON`, { cause })
  }
}
