import type { KeyScope } from '#contract/access.ts'
import type { ApiKey, SessionToken, SessionTokenVerb } from '#contract/key.ts'
import { writeAudit } from './audit.ts'
import type { Database } from './database.ts'
import type { Ids } from './ids.ts'
import { afterId, decodeCursor, toPage } from './page.ts'
import type { Page, PageRequest, Scope } from './scope.ts'
import { namedSession } from './session-row.ts'

export type NewApiKey = {
  id: string
  /** SHA-256 of the key, hex. */
  digest: string
  name: string
  owner: string
  scopes: KeyScope[]
  /** Seconds; null: never. */
  expiresIn: number | null
  /** Who makes it. */
  actor: string
}

export type NewToken = {
  digest: string
  session: string
  verbs: SessionTokenVerb[]
  singleUse: boolean
  expiresIn: number
  /** The key that it ends with. */
  keyId: string | null
  actor: string
}

/** Keys of callers and the tokens that they made for browsers. */
export function createKeys({ database, ids }: { database: Database; ids: Ids }) {
  return {
    async list(scope: Scope, page: PageRequest): Promise<Page<ApiKey>> {
      const [after = null] = decodeCursor(page, 1) ?? []
      const rows = await database.query<ApiKey>(
        `select ${columns} from api_keys
         where tenant = $1 and ($2::text is null or owner = $2) and ${afterId(page, 'id', '$3')}
         order by id ${page.order} limit $4`,
        [scope.tenant, scope.owner, after, page.limit + 1],
      )
      return toPage({ rows, limit: page.limit, keyOf: (row) => [row.id], toItem: (row) => row })
    },

    async create(scope: Scope, key: NewApiKey): Promise<ApiKey> {
      return await database.transaction(async (tx) => {
        const [row] = await tx.query<ApiKey>(
          `insert into api_keys (id, tenant, owner, name, digest, scopes, created_by, expires_at)
           values ($1, $2, $3, $4, $5, $6::text[], $7, now() + $8::int * interval '1 second')
           returning ${columns}`,
          [
            key.id,
            scope.tenant,
            key.owner,
            key.name,
            key.digest,
            key.scopes,
            key.actor,
            key.expiresIn,
          ],
        )
        if (!row) throw new Error(`The key ${key.id} was not inserted`)
        await writeAudit(tx, ids, scope, {
          actor: key.actor,
          action: 'createKey',
          target: `key/${key.id}`,
          details: { name: key.name, owner: key.owner, scopes: key.scopes },
        })
        return row
      })
    },

    /** False when there is no such key; one that is revoked already stays as it is. */
    async revoke(scope: Scope, { id, actor }: { id: string; actor: string }): Promise<boolean> {
      return await database.transaction(async (tx) => {
        const mine = 'id = $3 and tenant = $1 and ($2::text is null or owner = $2)'
        const [revoked] = await tx.query(
          `update api_keys set revoked_at = now() where ${mine} and revoked_at is null returning id`,
          [scope.tenant, scope.owner, id],
        )
        if (revoked) {
          await writeAudit(tx, ids, scope, { actor, action: 'revokeKey', target: `key/${id}` })
          return true
        }
        const [known] = await tx.query(`select id from api_keys where ${mine}`, [
          scope.tenant,
          scope.owner,
          id,
        ])
        return known !== undefined
      })
    },

    /** A token for one session; null when there is no such session. */
    async createToken(scope: Scope, token: NewToken): Promise<Omit<SessionToken, 'token'> | null> {
      return await database.transaction(async (tx) => {
        const [row] = await tx.query<Omit<SessionToken, 'token'>>(
          `insert into session_tokens (digest, tenant, owner, session_id, key_id, verbs, single_use,
             expires_at)
           select $4, s.tenant, s.owner, s.id, $5, $6::text[], $7,
             now() + $8::int * interval '1 second'
           from sessions s where ${namedSession} order by s.id = $3 desc limit 1
           returning session_id, verbs, single_use, expires_at`,
          [
            scope.tenant,
            scope.owner,
            token.session,
            token.digest,
            token.keyId,
            token.verbs,
            token.singleUse,
            token.expiresIn,
          ],
        )
        if (!row) return null
        await tx.query(
          `delete from session_tokens where tenant = $1 and expires_at < now() - interval '1 hour'`,
          [scope.tenant],
        )
        await writeAudit(tx, ids, scope, {
          actor: token.actor,
          action: 'createSessionToken',
          target: `session/${row.session_id}`,
          details: { verbs: row.verbs, single_use: row.single_use, expires_at: row.expires_at },
        })
        return row
      })
    },
  }
}

const columns = `id, name, owner, scopes, created_by, created_at, expires_at, revoked_at,
  last_used_at`
