import type { ServerResponse } from 'node:http'
import type { KeyScope } from '#contract/access.ts'
import { type ApiKey, type SessionToken, type SessionTokenVerb, verbScopes } from '#contract/key.ts'
import { Problem } from '#contract/problem.ts'
import type { Page, PageRequest, Scope } from '#store/scope.ts'
import { writeKey, writeToken } from '../credential-text.ts'
import type { AppContext, Handlers } from '../env.ts'
import { found } from '../found.ts'
import { toPageRequest } from '../page-request.ts'
import { requireScope } from '../require-scope.ts'

/** The keys of the store. */
export type KeyRows = {
  list(scope: Scope, page: PageRequest): Promise<Page<ApiKey>>
  create(
    scope: Scope,
    key: {
      id: string
      digest: string
      name: string
      owner: string
      scopes: KeyScope[]
      expiresIn: number | null
      actor: string
    },
  ): Promise<ApiKey>
  revoke(scope: Scope, request: { id: string; actor: string }): Promise<boolean>
  createToken(
    scope: Scope,
    token: {
      digest: string
      session: string
      verbs: SessionTokenVerb[]
      singleUse: boolean
      expiresIn: number
      keyId: string | null
      actor: string
    },
  ): Promise<Omit<SessionToken, 'token'> | null>
}

type KeyHandlers = Pick<Handlers, 'listKeys' | 'createKey' | 'revokeKey' | 'createSessionToken'>

export function keyHandlers({
  keys,
  newKeyId,
  random,
  onKeyMade,
  onKeyRevoked,
}: {
  keys: KeyRows
  newKeyId: () => string
  /** That many random bytes. */
  random: (size: number) => Uint8Array
  onKeyMade: () => void
  /** Ends what the key opened, but for this answer. */
  onKeyRevoked: (id: string, answer: ServerResponse) => void
}): KeyHandlers {
  return {
    async listKeys(c) {
      return c.json(await keys.list(c.get('scope'), toPageRequest(c.req.valid('query'))), 200)
    },
    async createKey(c) {
      const { name, scopes, owner, expires_in } = c.req.valid('json')
      const principal = c.get('principal')
      for (const scope of scopes) requireScope(c, scope, ', as the new key would have it')
      if (owner !== undefined && owner !== principal.owner) {
        requireScope(c, 'admin', ' for keys of other owners')
      }
      if (principal.kind === 'open' && !scopes.includes('admin')) throw firstKeyNeedsAdmin()
      const id = newKeyId()
      const { text, digest } = writeKey(id, random(32))
      const key = await keys.create(c.get('scope'), {
        id,
        digest,
        name,
        owner: owner ?? principal.owner,
        scopes: [...new Set(scopes)],
        expiresIn: expires_in ?? null,
        actor: principal.owner,
      })
      onKeyMade()
      hide(c)
      return c.json({ ...key, key: text }, 201, { Location: `${c.get('base')}/api/keys/${id}` })
    },
    async revokeKey(c) {
      const { key: id } = c.req.valid('param')
      const actor = c.get('principal').owner
      found((await keys.revoke(c.get('scope'), { id, actor })) || null, `key ${id}`)
      onKeyRevoked(id, c.env.outgoing)
      return c.body(null, 204)
    },
    async createSessionToken(c) {
      const { session } = c.req.valid('param')
      const { verbs = ['read'], expires_in = 900, single_use = false } = c.req.valid('json')
      const { kind, keyId, owner } = c.get('principal')
      if (kind === 'session') throw new Problem('forbidden', 'A session token makes no tokens')
      for (const verb of verbs) requireScope(c, verbScopes[verb], ` for the verb ${verb}`)
      const { text, digest } = writeToken(random(32))
      const token = await keys.createToken(c.get('scope'), {
        digest,
        session,
        verbs: [...new Set(verbs)],
        singleUse: single_use,
        expiresIn: expires_in,
        keyId: kind === 'key' ? (keyId ?? null) : null,
        actor: owner,
      })
      hide(c)
      return c.json({ ...found(token, `session ${session}`), token: text }, 201)
    },
  }
}

/** What is shown once is kept nowhere on its way. */
function hide(c: AppContext): void {
  c.header('Cache-Control', 'no-store')
}

function firstKeyNeedsAdmin(): Problem {
  const message =
    'The first key must hold the scope admin, because from then on this server needs a key'
  return new Problem('validation_failed', message, { errors: [{ path: 'scopes', message }] })
}
