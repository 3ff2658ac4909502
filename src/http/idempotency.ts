import { createHash } from 'node:crypto'
import type { OperationId } from '#contract/operations.ts'
import { Problem } from '#contract/problem.ts'
import type { Logger } from '#log.ts'
import type { HeldKey, KeptAnswer, KeyClaim, KeyPlace } from '#store/idempotency.ts'
import type { Scope } from '#store/scope.ts'
import type { AppContext } from './env.ts'
import { createHeldKeys } from './held-keys.ts'

/** The Idempotency-Keys of the store. */
export type KeyRows = {
  claim(place: KeyPlace, requestHash: string): Promise<KeyClaim>
  extend(keys: HeldKey[]): Promise<HeldKey[]>
  /** The active run of a session; null as well when the key was used before. */
  activeRun(
    scope: Scope,
    request: { session: string; place: KeyPlace },
  ): Promise<{ sessionId: string; runId: string } | null>
  release(key: HeldKey): Promise<void>
  keepResponse(
    key: HeldKey,
    answer: Omit<KeptAnswer & { type: 'response' }, 'type'>,
  ): Promise<boolean>
}

export type KeyGuard = (
  c: AppContext,
  operation: { id: OperationId; startsRun: boolean },
  handle: () => Promise<Response>,
) => Promise<Response>

/**
 * Lets a request with an Idempotency-Key act once. The key of a run is finished by the commit that
 * begins it; another answer is kept right after the request has acted, so that only a server that
 * dies in between makes the same request act again. A start that is refused because its session is
 * busy writes nothing.
 */
export function createKeyGuard({
  keys,
  busy,
  log,
}: {
  keys: KeyRows
  /** The problem of a session that has an active run. */
  busy(session: { id: string; activeRunId: string }): Problem
  log: Logger
}): KeyGuard {
  const held = createHeldKeys({ extend: keys.extend })

  return async (c, { id, startsRun }, handle) => {
    const key = c.req.header('idempotency-key')
    if (key === undefined) return handle()
    const { tenant, owner } = c.get('principal')
    const place = { tenant, owner, operation: id, key }
    if (startsRun) await refuseWhenBusy(c, place)
    const claim = await keys.claim(place, hashOf(c))
    switch (claim.type) {
      case 'mismatch':
        throw new Problem(
          'idempotency_mismatch',
          `The Idempotency-Key ${key} belongs to a request with another path or body; take a new key`,
        )
      case 'in_flight':
        throw new Problem(
          'idempotency_in_flight',
          `The first request with the Idempotency-Key ${key} is on its way; send it again`,
          { retry_after: 1 },
        )
      case 'done':
        if (claim.answer.type === 'response') return toResponse(c, claim.answer)
        c.set('runKey', { type: 'begun', runId: claim.answer.runId })
        return handle()
      case 'held':
        c.set('runKey', claim)
        return act(c, claim.key, { startsRun, handle })
    }
  }

  async function refuseWhenBusy(c: AppContext, place: KeyPlace): Promise<void> {
    const session = sessionOf(c)
    if (session === undefined) return
    const active = await keys.activeRun(c.get('scope'), { session, place })
    if (active) throw busy({ id: active.sessionId, activeRunId: active.runId })
  }

  async function act(
    c: AppContext,
    key: HeldKey,
    { startsRun, handle }: { startsRun: boolean; handle: () => Promise<Response> },
  ): Promise<Response> {
    held.add(key)
    try {
      const response = await handle()
      if (!startsRun) await keep(c, key, response.clone())
      return response
    } catch (error) {
      // What was begun all the same has finished its key, which is not given back then.
      const released = keys.release(key).catch(() => undefined)
      // A database that is away would let the caller wait twice as long.
      if (!(error instanceof Problem && error.code === 'unavailable')) await released
      throw error
    } finally {
      held.remove(key)
    }
  }

  async function keep(c: AppContext, key: HeldKey, response: Response): Promise<void> {
    const { status } = response
    try {
      const body = await response.text()
      await keys.keepResponse(key, { status, headers: keptHeaders(response), body })
    } catch (error) {
      // The request has acted, and its caller is told so; the key is free after its lock.
      log.warn('could not keep an answer', { request_id: c.get('requestId'), error: String(error) })
    }
  }
}

function keptHeaders({ headers }: Response): Record<string, string> {
  const names = ['Content-Type', 'Location', 'ETag']
  return Object.fromEntries(
    names.flatMap((name) => {
      const value = headers.get(name)
      return value === null ? [] : [[name, value]]
    }),
  )
}

function toResponse(c: AppContext, { status, headers, body }: KeptAnswer & { type: 'response' }) {
  for (const [name, value] of Object.entries(headers)) c.header(name, value)
  // Only a status that a handler answered with was kept.
  return c.newResponse(body, status as Parameters<typeof c.newResponse>[1] & number)
}

/** The session that a start needs to be idle; undefined where it says what is to become of a busy one. */
function sessionOf(c: AppContext): string | undefined {
  const { session } = checked(c, 'param')
  const { session_id, on_busy = 'reject' } = checked(c, 'json')
  if (on_busy !== 'reject') return undefined
  const named = session ?? session_id
  return typeof named === 'string' ? named : undefined
}

/** What `validateRequest` has left in the context; nothing where the operation declares nothing. */
function checked(c: AppContext, target: 'param' | 'json'): Record<string, unknown> {
  return (c.req.valid as (target: string) => Record<string, unknown> | undefined)(target) ?? {}
}

/** Of the path and the checked body, which `validateRequest` has left in the context. */
function hashOf(c: AppContext): string {
  const body: unknown = (c.req.valid as (target: string) => unknown)('json')
  const text = `${new URL(c.req.url).pathname}\n${JSON.stringify(body) ?? ''}`
  return createHash('sha256').update(text).digest('base64url')
}
