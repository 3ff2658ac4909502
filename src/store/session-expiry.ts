import type { Session } from '#contract/session.ts'
import type { Database } from './database.ts'
import { removeById } from './session-removal.ts'

/** A session that was removed because nothing happened in it for too long. */
export type ExpiredSession = Pick<Session, 'id' | 'agent' | 'agent_name' | 'working_dir'> & {
  tenant: string
  owner: string
}

/**
 * Removes sessions in which nothing happened for `idleFor` seconds, each with everything in it and
 * in a transaction of its own. One stays while it, or an agent that works in the background for it,
 * has a run that is not over, and while a turn of it is on its way to the archive. Answers those
 * that were removed; none means that none is left, or that none could be removed now.
 */
export async function expireSessions(
  database: Database,
  { idleFor, limit }: { idleFor: number; limit: number },
): Promise<ExpiredSession[]> {
  const idle = await database.query<ExpiredSession>(idleStatement, [idleFor, limit])
  const removed: ExpiredSession[] = []
  for (const session of idle) {
    if (await removeIdle(database, session.id, idleFor)) removed.push(session)
  }
  return removed
}

/**
 * Whoever posts holds the session's lock: then it is skipped. Whoever posts later waits for this
 * lock, and finds no session.
 */
async function removeIdle(database: Database, id: string, idleFor: number): Promise<boolean> {
  const busy = new Error('The session is not idle any more')
  const removal = database.transaction(async (tx) => {
    const rows = await tx.query(`${lockStatement} for update skip locked`, [idleFor, id])
    if (rows.length === 0) return false
    const removed = await removeById(tx, id)
    if (removed && removed.activeRuns > 0) throw busy
    return removed !== null
  })
  return removal.catch((error: unknown) => {
    if (error === busy) return false
    throw error
  })
}

const isIdle = `s.root_id is null and s.origin is distinct from 'background'
  and s.updated_at < now() - $1::double precision * interval '1 s'
  and not exists (select 1 from runs r where r.session_id = s.id
    and r.status in ('queued', 'running', 'waiting'))
  and not exists (select 1 from webhook_deliveries w where w.session_id = s.id)`

const lockStatement = `select s.id from sessions s where s.id = $2 and ${isIdle}`

// The index of activity begins with the tenant: each tenant's oldest are looked at in turn.
const idleStatement = `
with recursive tenants as (
  (select tenant from sessions where root_id is null order by tenant limit 1)
  union all
  select (select s.tenant from sessions s where s.root_id is null and s.tenant > t.tenant
    order by s.tenant limit 1)
  from tenants t where t.tenant is not null
)
select idle.* from tenants t cross join lateral (
  select s.id, s.tenant, s.owner, s.agent, s.agent_name, s.working_dir
  from sessions s where s.tenant = t.tenant and ${isIdle}
  order by s.updated_at limit $2) idle
where t.tenant is not null limit $2`
