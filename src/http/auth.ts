import type { KeyScope } from '#contract/access.ts'
import { type SessionTokenVerb, verbScopes } from '#contract/key.ts'
import { Problem } from '#contract/problem.ts'
import type { AuthFailures } from './auth-failures.ts'
import { type CredentialText, digestOf, isSameDigest, readCredential } from './credential-text.ts'
import type { AppContext } from './env.ts'
import { openCaller, type Principal } from './principal.ts'

/** What the store knows of keys and tokens that may be used now. */
export type CredentialRows = {
  key(id: string): Promise<StoredKey | null>
  token(digest: string): Promise<StoredToken | null>
  /** The token of a ticket, which nobody can use after. */
  useTicket(digest: string): Promise<StoredToken | null>
  /** The token of a ticket that was used. */
  usedTicket(digest: string): Promise<StoredToken | null>
}

type StoredKey = {
  id: string
  tenant: string
  owner: string
  scopes: KeyScope[]
  digest: string
}

type StoredToken = {
  tenant: string
  owner: string
  sessionId: string
  keyId: string | null
  verbs: SessionTokenVerb[]
  /** Milliseconds that it works on. */
  remaining: number
}

/** Who calls, and until when on the monotonic clock. */
export type Caller = {
  principal: Principal
  until: number
  /** The key in the database that this ends with. */
  endsWith: string | null
}

/** The principal of a token of the operator's identity provider; null when it is none. */
export type VerifyJwt = (token: string) => Promise<Caller | null>

export type Auth = {
  /** Who calls; `unauthorized` when that is not clear, `rate_limited` after too many tries. */
  identify(c: AppContext): Promise<Caller>
  /**
   * Who a ticket stands for, which nobody can use after; throws the same. `again` is for whoever
   * comes back to the stream that it opened: it must have been used.
   */
  useTicket(c: AppContext, text: string, options?: { again?: boolean }): Promise<Caller>
  /** Asks the store again about what was shown by this key. */
  forget(keyId: string): void
}

/** Milliseconds for which what the store said of a credential holds. */
const freshness = 2000
const mostKnown = 10_000

/**
 * Tells who calls. A credential that was right once is known for 2 s without asking the store, and
 * is not refused because of the failures of others at its address.
 */
export function createAuth({
  rows,
  httpToken,
  verifyJwt,
  isOpen,
  failures,
  addressOf,
  now,
}: {
  rows: CredentialRows
  /** `--http-token`: one key with every scope. */
  httpToken: string | undefined
  verifyJwt: VerifyJwt | undefined
  /** Whether callers without a key may do everything. */
  isOpen: () => boolean
  failures: AuthFailures
  addressOf: (c: AppContext) => string
  /** Monotonic milliseconds. */
  now: () => number
}): Auth {
  const known = new Map<string, { caller: Caller; askedAt: number }>()
  const httpTokenDigest = httpToken === undefined ? undefined : digestOf(httpToken)

  async function identify(c: AppContext): Promise<Caller> {
    const text = bearerOf(c.req.header('authorization')) ?? keyOf(c)
    if (text === undefined) {
      if (isOpen()) return openForAll
      throw new Problem('unauthorized', 'Say who calls: send a key as Authorization: Bearer KEY')
    }
    if (httpTokenDigest !== undefined && isSameDigest(digestOf(text), httpTokenDigest)) {
      return operator
    }
    const credential = readCredential(text)
    // Clients of other wires send some key to servers that need none.
    if (!credential && isOpen()) return openForAll
    const address = addressOf(c)
    const caller = await find(text, credential, address)
    return rightOf(caller, address, wrongKey)
  }

  async function useTicket(
    c: AppContext,
    text: string,
    { again = false }: { again?: boolean } = {},
  ): Promise<Caller> {
    const address = addressOf(c)
    const credential = readCredential(text)
    const find = again ? rows.usedTicket : rows.useTicket
    const caller = await limited(address, () => findTicket(credential, find))
    return rightOf(caller, address, wrongTicket)
  }

  function rightOf(caller: Caller | null, address: string, refusal: string): Caller {
    if (caller && caller.until > now()) return caller
    checkFailures(address)
    failures.count(address)
    throw new Problem('unauthorized', refusal)
  }

  async function find(
    text: string,
    credential: CredentialText | undefined,
    address: string,
  ): Promise<Caller | null> {
    // A signature is checked without asking anybody, so it is, whoever else failed at the address.
    if (!credential) return (await verifyJwt?.(text)) ?? null
    const entry = known.get(credential.digest)
    if (entry && now() - entry.askedAt < freshness) return entry.caller
    const ask = () => (credential.type === 'key' ? findKey(credential) : findToken(credential))
    const askedAt = now()
    const caller = entry ? await ask() : await limited(address, ask)
    remember(credential.digest, caller, askedAt)
    return caller
  }

  /** Nothing more is tried for an address that failed too often. */
  async function limited(
    address: string,
    ask: () => Promise<Caller | null>,
  ): Promise<Caller | null> {
    checkFailures(address)
    return ask()
  }

  function checkFailures(address: string): void {
    const wait = failures.wait(address)
    if (wait === 0) return
    const message = `Too many wrong keys came from this address; try again in ${wait} s`
    throw new Problem('rate_limited', message, { retry_after: wait })
  }

  async function findKey({ id, digest }: { id: string; digest: string }): Promise<Caller | null> {
    const key = await rows.key(id)
    if (!key || !isSameDigest(key.digest, digest)) return null
    const { tenant, owner, scopes } = key
    const principal = { tenant, owner, kind: 'key', scopes: new Set(scopes), keyId: id } as const
    return { principal, until: Number.POSITIVE_INFINITY, endsWith: id }
  }

  async function findToken({ digest }: { digest: string }): Promise<Caller | null> {
    const asked = now()
    const token = await rows.token(digest)
    return token && toCaller(token, asked)
  }

  async function findTicket(
    credential: CredentialText | undefined,
    find: CredentialRows['useTicket'],
  ): Promise<Caller | null> {
    if (credential?.type !== 'token') return null
    const asked = now()
    const token = await find(credential.digest)
    return token && toCaller(token, asked)
  }

  function remember(digest: string, caller: Caller | null, askedAt: number): void {
    known.delete(digest)
    if (caller) known.set(digest, { caller, askedAt })
    const [oldest] = known.keys()
    if (known.size > mostKnown && oldest !== undefined) known.delete(oldest)
  }

  return {
    identify,
    useTicket,
    forget(keyId) {
      for (const [digest, { caller }] of known) {
        if (caller.endsWith === keyId) known.delete(digest)
      }
    },
  }
}

const openForAll: Caller = {
  principal: openCaller,
  until: Number.POSITIVE_INFINITY,
  endsWith: null,
}
const operator: Caller = {
  principal: { ...openCaller, kind: 'static', keyId: 'http-token' },
  until: Number.POSITIVE_INFINITY,
  endsWith: null,
}

function toCaller(token: StoredToken, asked: number): Caller {
  const { tenant, owner, sessionId, keyId, verbs, remaining } = token
  const principal: Principal = {
    tenant,
    owner,
    kind: 'session',
    scopes: new Set(verbs.map((verb) => verbScopes[verb])),
    keyId: keyId ?? `session/${sessionId}`,
    sessionId,
  }
  return { principal, until: asked + remaining, endsWith: keyId }
}

/** Where the wire has a header of its own for keys. */
function keyOf(c: AppContext): string | undefined {
  const header = c.get('keyHeader')
  return header === undefined ? undefined : c.req.header(header)
}

function bearerOf(header: string | undefined): string | undefined {
  if (header === undefined) return undefined
  // Another scheme is shown to be wrong, not taken for nothing.
  return /^bearer +(\S+) *$/i.exec(header)?.[1] ?? ''
}

const wrongKey =
  'This key is wrong, revoked, or has expired; send another as Authorization: Bearer KEY'
const wrongTicket =
  'This ticket is wrong, was used, or has expired; get a new one with createSessionToken'
