import type { MiddlewareHandler } from 'hono'
import type { RequiredScope } from '#contract/access.ts'
import { Problem } from '#contract/problem.ts'
import type { Scope } from '#store/scope.ts'
import type { Auth, Caller } from './auth.ts'
import type { AuthWatch } from './auth-watch.ts'
import type { AppContext, Env } from './env.ts'
import { can, scopeOf } from './principal.ts'
import { requireScope } from './require-scope.ts'

/** What a route asks of its caller. */
export type Needs = {
  scope: RequiredScope
  /** It opens a stream that a ticket may open. */
  ticket?: boolean
  /**
   * What it is about, so that a session token may open it; true when the path names a session, a
   * run or an approval as `session`, `run` and `approval`.
   */
  placed?: boolean | Place
  /** It opens a stream anew that the ticket opened before. */
  again?: boolean
}

export type Gate = {
  /** Finds out who calls, for all that follows; whoever does not say it stays nobody. */
  identify: MiddlewareHandler<Env>
  /** Lets the caller into a route; throws the `Problem` that keeps them out. */
  admit(c: AppContext, needs: Needs): Promise<void>
}

/** The root session of what a path names; null when the scope does not see it. */
export type SessionPlaces = {
  rootOf(scope: Scope, place: Place): Promise<string | null>
}

export type Place = { session: string } | { run: string } | { approval: string }

export function createGate({
  auth,
  watch,
  places,
}: {
  auth: Pick<Auth, 'identify' | 'useTicket'>
  watch: Pick<AuthWatch, 'add'>
  places: SessionPlaces
}): Gate {
  function enter(c: AppContext, caller: Caller): void {
    c.set('principal', caller.principal)
    c.set('scope', scopeOf(caller.principal))
    watch.add(c.env.outgoing, caller)
  }

  /** A session token opens what belongs to its session, and sees nothing else. */
  async function checkPlace(
    c: AppContext,
    {
      sessionId,
      placed,
      scope,
    }: { sessionId: string; placed: boolean | Place; scope: RequiredScope },
  ): Promise<void> {
    const place = placed === true ? placeOf(c.req.param()) : placed
    if (!place || !can(c.get('principal'), scope)) {
      throw new Problem(
        'forbidden',
        `This token opens session ${sessionId} only, for what its verbs say; use a key for the rest`,
      )
    }
    const root = await places.rootOf(c.get('scope'), place)
    if (root !== sessionId) throw new Problem('not_found', `There is no ${describe(place)}`)
  }

  return {
    async identify(c, next) {
      try {
        enter(c, await auth.identify(c))
      } catch (error) {
        if (!(error instanceof Problem)) throw error
        c.set('unidentified', error)
      }
      return next()
    },
    async admit(c, { scope, ticket = false, placed = false, again = false }) {
      if (scope === 'public') return
      const ticketText = ticket ? ticketOf(c) : undefined
      if (ticketText !== undefined) enter(c, await auth.useTicket(c, ticketText, { again }))
      const { kind, sessionId } = c.get('principal')
      if (kind === 'nobody') {
        throw c.get('unidentified') ?? new Problem('unauthorized', 'Say who calls: send a key')
      }
      if (sessionId !== undefined) await checkPlace(c, { sessionId, placed, scope })
      requireScope(c, scope)
    },
  }
}

/** A header says it better. */
function ticketOf(c: AppContext): string | undefined {
  return c.req.header('authorization') === undefined ? c.req.query('ticket') : undefined
}

function placeOf({ session, run, approval }: Record<string, string | undefined>) {
  if (session !== undefined) return { session }
  if (run !== undefined) return { run }
  return approval === undefined ? undefined : { approval }
}

function describe(place: Place): string {
  return Object.entries(place)
    .map(([kind, id]) => `${kind} ${id}`)
    .join()
}
