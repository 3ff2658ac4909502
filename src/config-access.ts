import type { JwtSettings } from '#http/auth-jwt.ts'
import { isLoopbackHost } from '#http/loopback.ts'
import type { Given } from './commands/arguments.ts'
import { UsageError } from './commands/failure.ts'
import { invalid, lastOf, type Settings } from './settings.ts'

/** The identity provider whose tokens are taken; a key of its would be worth nothing over plain HTTP. */
export function readJwt(settings: Settings): JwtSettings | undefined {
  const given = settings.get('jwks-url')
  const text = lastOf(given)
  const audience = lastOf(settings.get('jwt-audience'))
  if (text === undefined) {
    const stray = jwtOptions.find((name) => settings.has(name))
    if (stray) throw new UsageError(`--${stray} says how tokens are read: give --jwks-url too`)
    return undefined
  }
  const url = URL.parse(text)
  if (!url || !isTrustworthy(url)) throw invalid(given, 'expected an https URL')
  if (audience === undefined) {
    throw new UsageError(
      '--jwks-url needs --jwt-audience: else tokens for any service of the provider would do',
    )
  }
  return Object.freeze({
    jwksUrl: url.href,
    audience,
    issuer: lastOf(settings.get('jwt-issuer')),
    tenantClaim: lastOf(settings.get('jwt-tenant-claim')),
    subjectClaim: lastOf(settings.get('jwt-subject-claim')) ?? 'sub',
    scopesClaim: lastOf(settings.get('jwt-scopes-claim')) ?? 'scope',
  })
}

/** Origins as browsers send them: scheme, host and port, nothing behind. */
export function readOrigins(given: Given | undefined): string[] {
  const origins = given?.values ?? []
  for (const origin of origins) {
    if (origin === '*' || URL.parse(origin)?.origin === origin) continue
    throw invalid(
      given,
      `${JSON.stringify(origin)} is no origin; write https://app.example.org, or * for all`,
    )
  }
  return origins
}

const jwtOptions = [
  'jwt-audience',
  'jwt-issuer',
  'jwt-tenant-claim',
  'jwt-subject-claim',
  'jwt-scopes-claim',
] as const

function isTrustworthy({ protocol, host }: URL): boolean {
  return protocol === 'https:' || (protocol === 'http:' && isLoopbackHost(host))
}
