import { KeyScope } from '#contract/access.ts'
import { Owner } from '#contract/key.ts'
import { Problem } from '#contract/problem.ts'
import type { Caller, VerifyJwt } from './auth.ts'

export type JwtSettings = Readonly<{
  jwksUrl: string
  audience: string
  issuer: string | undefined
  /** Names of claims; without `tenantClaim` everybody is in the tenant `default`. */
  tenantClaim: string | undefined
  subjectClaim: string
  scopesClaim: string
}>

/**
 * Tokens of the operator's identity provider, checked by its published keys. Those are fetched when
 * they are needed, and again when a token names a new one. `unavailable` when they cannot be had.
 */
export function createJwtVerifier({
  settings,
  now,
}: {
  settings: JwtSettings
  /** Monotonic milliseconds. */
  now: () => number
}): VerifyJwt {
  const { jwksUrl, audience, issuer } = settings
  // The library is loaded with the first token.
  let loading: ReturnType<typeof load> | undefined

  async function load() {
    const jose = await import('jose')
    return { ...jose, keys: jose.createRemoteJWKSet(new URL(jwksUrl), { timeoutDuration: 3000 }) }
  }

  return async (token) => {
    if (token.split('.').length !== 3) return null
    loading ??= load()
    const { jwtVerify, errors, keys } = await loading
    try {
      const { payload } = await jwtVerify(token, keys, {
        audience,
        ...(issuer !== undefined && { issuer }),
        algorithms,
        requiredClaims: ['exp', settings.subjectClaim],
        clockTolerance: 5,
      })
      return toCaller(payload, settings, now())
    } catch (error) {
      if (error instanceof errors.JOSEError && wrongToken(error.code)) return null
      throw providerAway(error)
    }
  }
}

/** Signatures that the provider's public keys check; never a shared secret. */
const algorithms = [
  ...['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512'],
  ...['ES256', 'ES384', 'ES512', 'EdDSA', 'Ed25519'],
]

function providerAway(cause: unknown): Problem {
  const message = 'The keys of the identity provider cannot be read now'
  return new Problem('unavailable', message, { retry_after: 5, cause })
}

/** Whether it is the token that is wrong, not the provider that cannot be asked. */
function wrongToken(code: string): boolean {
  return !['ERR_JOSE_GENERIC', 'ERR_JWKS_TIMEOUT', 'ERR_JWKS_INVALID'].includes(code)
}

function toCaller(
  payload: Record<string, unknown> & { exp?: number },
  { tenantClaim, subjectClaim, scopesClaim }: JwtSettings,
  now: number,
): Caller | null {
  const tenant = Owner.safeParse(tenantClaim === undefined ? 'default' : payload[tenantClaim])
  const owner = Owner.safeParse(payload[subjectClaim])
  if (!tenant.success || !owner.success) return null
  const principal = {
    tenant: tenant.data,
    owner: owner.data,
    kind: 'jwt' as const,
    scopes: readScopes(payload[scopesClaim]),
    keyId: `jwt/${tenant.data}/${owner.data}`,
  }
  return { principal, until: now + (payload.exp ?? 0) * 1000 - Date.now(), endsWith: null }
}

/** Words in a text, or a list of them; those that are no scopes of ours are for others. */
function readScopes(claim: unknown): Set<KeyScope> {
  const words = Array.isArray(claim) ? claim : typeof claim === 'string' ? claim.split(' ') : []
  return new Set(
    words.flatMap((word) => {
      const scope = KeyScope.safeParse(word)
      return scope.success ? [scope.data] : []
    }),
  )
}
