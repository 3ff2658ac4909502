import type { KeyScope, RequiredScope } from '#contract/access.ts'
import type { Scope } from '#store/scope.ts'

/** Who calls. */
export type Principal = {
  tenant: string
  owner: string
  /** How they showed it: nobody asked (`open`), `--http-token`, a key, a JWT, a session token. */
  kind: 'nobody' | 'open' | 'static' | 'key' | 'jwt' | 'session'
  scopes: ReadonlySet<KeyScope>
  /** The key that the caller showed; absent where none is needed. Limits are counted by it. */
  keyId?: string
  /** The only session that a session token opens. */
  sessionId?: string
}

/** Who passes the edge and was not asked yet: sees nothing, may do nothing. */
export const nobody: Principal = { tenant: '', owner: '', kind: 'nobody', scopes: new Set() }

/** Without keys there is one caller, who sees everything of the one tenant. */
export const openCaller: Principal = {
  tenant: 'default',
  owner: 'local',
  kind: 'open',
  scopes: new Set(['admin']),
}

/** What the principal may see: an admin all owners of the tenant, anybody else what is theirs. */
export function scopeOf({ tenant, owner, scopes }: Principal): Scope {
  return { tenant, owner: scopes.has('admin') ? null : owner, actor: owner }
}

export function can({ scopes }: Principal, needed: RequiredScope): boolean {
  if (needed === 'public' || scopes.has('admin') || scopes.has(needed)) return true
  return needed === 'read' && scopes.size > 0
}
