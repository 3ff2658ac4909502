import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { exportJWK, generateKeyPair, SignJWT } from 'jose'

/** An identity provider on loopback: it publishes its keys and signs tokens for `audience`. */
export async function startIdentityProvider({ audience = 'parley' } = {}) {
  const { publicKey, privateKey } = await generateKeyPair('ES256')
  const stranger = await generateKeyPair('ES256')
  const jwk = { ...(await exportJWK(publicKey)), kid: 'one', alg: 'ES256', use: 'sig' }
  let status = 200
  const server = createServer((_request, response) => {
    response.writeHead(status, { 'content-type': 'application/json' })
    response.end(JSON.stringify({ keys: [jwk] }))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/keys`

  function sign(
    claims: Record<string, unknown>,
    {
      expires = '5 minutes from now',
      forged = false,
      ...given
    }: { expires?: string; forged?: boolean; audience?: string; issuer?: string } = {},
  ): Promise<string> {
    return new SignJWT(claims)
      .setProtectedHeader({ alg: 'ES256', kid: 'one' })
      .setIssuer(given.issuer ?? 'https://id.example')
      .setAudience(given.audience ?? audience)
      .setIssuedAt()
      .setExpirationTime(expires)
      .sign(forged ? stranger.privateKey : privateKey)
  }

  return {
    sign,
    /** A token of somebody in a tenant, with all scopes but admin when none are given. */
    person: (tenant: string, sub: string, scope = everyScope) => sign({ sub, org: tenant, scope }),
    /** What the server has to be started with. */
    flags: [
      ...['--jwks-url', url, '--jwt-audience', audience],
      ...['--jwt-issuer', 'https://id.example', '--jwt-tenant-claim', 'org'],
    ],
    breakDown() {
      status = 500
    },
    close: () => new Promise<unknown>((resolve) => server.close(resolve)),
  }
}

const everyScope = 'sessions runs approvals agents:write tools:write code:write keys'
