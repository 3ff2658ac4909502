import type { KeyScope } from '#contract/access.ts'
import type { SessionTokenVerb } from '#contract/key.ts'
import type { Database } from './database.ts'

/** A key that may be used now, with the digest that its text must have. */
export type UsableKey = {
  id: string
  tenant: string
  owner: string
  scopes: KeyScope[]
  digest: string
}

export type UsableToken = {
  tenant: string
  owner: string
  sessionId: string
  keyId: string | null
  verbs: SessionTokenVerb[]
  /** Milliseconds that it works on. */
  remaining: number
}

/**
 * Finding out who calls, which comes before there is a scope: the one place of the store that looks
 * for a tenant instead of being told.
 */
export function createCredentials({ database }: { database: Database }) {
  return {
    async key(id: string): Promise<UsableKey | null> {
      const [row] = await database.query<UsableKey>(
        `select k.id, k.tenant, k.owner, k.scopes, k.digest from api_keys k
         where k.id = $1 and ${usable}`,
        [id],
      )
      return row ?? null
    },

    async token(digest: string): Promise<UsableToken | null> {
      const [row] = await database.query<UsableToken>(
        `select ${tokenColumns} from session_tokens t left join api_keys k on k.id = t.key_id
         where t.digest = $1 and not t.single_use and t.expires_at > now()
           and (t.key_id is null or (${usable}))`,
        [digest],
      )
      return row ?? null
    },

    /** The token of a ticket that was not used before; nobody can use it after. */
    async useTicket(digest: string): Promise<UsableToken | null> {
      const [row] = await database.query<UsableToken>(
        `with used as (
           update session_tokens set used_at = now()
           where digest = $1 and single_use and used_at is null and expires_at > now()
           returning *
         )
         select ${tokenColumns} from used t left join api_keys k on k.id = t.key_id
         where t.key_id is null or (${usable})`,
        [digest],
      )
      return row ?? null
    },

    /** The token of a ticket that was used, for whoever comes back to what it opened. */
    async usedTicket(digest: string): Promise<UsableToken | null> {
      const [row] = await database.query<UsableToken>(
        `select ${tokenColumns} from session_tokens t left join api_keys k on k.id = t.key_id
         where t.digest = $1 and t.single_use and t.used_at is not null and t.expires_at > now()
           and (t.key_id is null or (${usable}))`,
        [digest],
      )
      return row ?? null
    },

    /** Those of these keys that may not be used any more. */
    async ended(ids: string[]): Promise<string[]> {
      const rows = await database.query<{ id: string }>(
        `select asked.id from unnest($1::text[]) asked(id)
         where not exists (select 1 from api_keys k where k.id = asked.id and ${usable})`,
        [ids],
      )
      return rows.map(({ id }) => id)
    },

    /** Notes that keys were used, at most once a minute. */
    async touch(ids: string[]): Promise<void> {
      await database.query(
        `update api_keys set last_used_at = now() where id = any($1::text[])
         and (last_used_at is null or last_used_at < now() - interval '1 minute')`,
        [ids],
      )
    },

    /** Whether a key was ever made, of any tenant: from then on the server needs one. */
    async anyKey(): Promise<boolean> {
      const [row] = await database.query<{ any: boolean }>(
        'select exists (select 1 from api_keys) as any',
        [],
      )
      return row?.any === true
    },

    /** Whether there is a key that works now. */
    async anyUsableKey(): Promise<boolean> {
      const [row] = await database.query<{ any: boolean }>(
        `select exists (select 1 from api_keys k where ${usable}) as any`,
        [],
      )
      return row?.any === true
    },
  }
}

export type Credentials = ReturnType<typeof createCredentials>

const usable = 'k.revoked_at is null and (k.expires_at is null or k.expires_at > now())'

const tokenColumns = `t.tenant, t.owner, t.session_id as "sessionId", t.key_id as "keyId", t.verbs,
  extract(epoch from t.expires_at - now())::double precision * 1000 as remaining`
