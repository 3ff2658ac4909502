import type { ServerResponse } from 'node:http'
import { createAuth } from '#http/auth.ts'
import { createAuthFailures } from '#http/auth-failures.ts'
import { createGate, type Gate } from '#http/auth-gate.ts'
import { createJwtVerifier } from '#http/auth-jwt.ts'
import { openAuthWatch } from '#http/auth-watch.ts'
import type { Door } from '#http/edge.ts'
import { callerAddress } from '#http/limits-address.ts'
import { createCredentials } from '#store/credentials.ts'
import type { Database } from '#store/database.ts'
import { createSessionPlaces } from '#store/session-places.ts'
import { ConfigError } from './commands/failure.ts'
import type { Config } from './config.ts'
import { formatListenAddress } from './listen-address.ts'

export type OpenAuth = {
  gate: Gate
  door: Door
  /** From now on a key is needed. */
  onKeyMade: () => void
  /** Ends what the key opened, but for the answer that says so. */
  onKeyRevoked: (id: string, answer: ServerResponse) => void
  close: () => void
}

/**
 * Who may call. Throws a `ConfigError` when others than this machine could reach the server and
 * nobody would have to say who they are.
 */
export async function openAuth({
  config,
  database,
  now,
}: {
  config: Config
  database: Database
  /** Monotonic milliseconds. */
  now: () => number
}): Promise<OpenAuth> {
  const { loopback, httpToken, jwt, insecureNoAuth, corsOrigins } = config
  const credentials = createCredentials({ database })
  const asksAnyway = httpToken !== undefined || jwt !== undefined
  let hasKeys = await credentials.anyKey()
  if (!loopback && !insecureNoAuth && !asksAnyway && !(await credentials.anyUsableKey())) {
    throw refusePublic(config)
  }
  const isOpen = () => insecureNoAuth || (loopback && !asksAnyway && !hasKeys)

  const auth = createAuth({
    rows: credentials,
    httpToken,
    verifyJwt: jwt && createJwtVerifier({ settings: jwt, now }),
    isOpen,
    failures: createAuthFailures({ now }),
    addressOf: (c) =>
      callerAddress({
        socketAddress: c.env.incoming.socket.remoteAddress,
        forwardedFor: c.req.header('x-forwarded-for'),
        trustProxy: config.limits.trustProxy,
      }),
    now,
  })
  const watch = openAuthWatch({
    rows: credentials,
    onEnded: auth.forget,
    async beforeLook() {
      // The first key may be made by another instance, or by `parley keys`.
      if (!hasKeys && database.kind === 'postgres') hasKeys = await credentials.anyKey()
    },
    now,
  })
  return {
    gate: createGate({ auth, watch, places: createSessionPlaces({ database }) }),
    door: { loopback, isOpen, origins: corsOrigins },
    onKeyMade() {
      hasKeys = true
    },
    onKeyRevoked: watch.end,
    close: watch.close,
  }
}

function refusePublic({ listen }: Config): ConfigError {
  return new ConfigError(
    `refusing to listen on ${formatListenAddress(listen)}: others could reach it, and no key is needed; ` +
      'make one with parley keys create or give --http-token, listen on 127.0.0.1, or add --insecure-no-auth if everyone who reaches it may do everything',
  )
}
