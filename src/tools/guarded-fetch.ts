import { readBody } from './guarded-body.ts'
import {
  explained,
  type NetworkRules,
  networkRules,
  type Outgoing,
  openGuarded,
  type Resolve,
} from './guarded-connection.ts'
import { GuardedFetchError } from './guarded-fetch-error.ts'

export type { Resolve } from './guarded-connection.ts'

export type GuardedRequest = Outgoing & {
  /** Milliseconds for all of it: redirects, headers and body. */
  timeout: number
}

export type GuardedResponse = {
  /** After redirects. */
  url: string
  status: number
  /** Names in lower case. */
  headers: Record<string, string>
  /** Decompressed. */
  body: Buffer
}

/** Rejects with a `GuardedFetchError` when an address is refused or the exchange fails. */
export type GuardedFetch = (request: GuardedRequest) => Promise<GuardedResponse>

/**
 * The one way out for addresses that a model or a caller chose: http and https only, and only to
 * global unicast addresses, each redirect too; see `openGuarded`. `allowHosts` names internal hosts,
 * `HOST` or `HOST:PORT`, that may be visited all the same.
 */
export function createGuardedFetch({
  resolve,
  allowHosts,
}: {
  resolve: Resolve
  allowHosts: string[]
}): GuardedFetch {
  const rules = networkRules({ resolve, allowHosts })
  return async (request) => {
    const timer = AbortSignal.timeout(request.timeout)
    const signal = AbortSignal.any([request.signal, timer])
    try {
      return await readWhole({ ...request, signal }, rules)
    } catch (error) {
      request.signal.throwIfAborted()
      throw timer.aborted ? lateFault(request.timeout, error) : explained(error)
    }
  }
}

async function readWhole(request: Outgoing, rules: NetworkRules): Promise<GuardedResponse> {
  const { incoming, ...head } = await openGuarded(request, rules)
  try {
    return { ...head, body: await readBody(incoming, head.headers, request.signal) }
  } finally {
    incoming.destroy()
  }
}

function lateFault(timeout: number, cause: unknown): GuardedFetchError {
  return new GuardedFetchError(`There was no whole answer within ${timeout} ms.`, { cause })
}
