import type { Statements } from './database.ts'

/** A finished turn on its way to the archive, in the hands of one instance for a while. */
export type Delivery = {
  id: string
  tenant: string
  sessionId: string
  runId: string
  /** How often it was taken, this time included. */
  attempt: number
  /** Seconds since its turn ended. */
  age: number
}

/** The queue of finished turns, on the database's clock and over all tenants; times are seconds. */
export function createDeliveries({ database }: { database: Statements }) {
  return {
    /** Takes what is due, the longest due first; nobody else takes it before `hold` has passed. */
    take({ limit, hold }: { limit: number; hold: number }): Promise<Delivery[]> {
      return database.query<Delivery>(takeStatement, [limit, hold])
    },

    /** Seconds until one is due; null without any. */
    async nextDue(): Promise<number | null> {
      const [row] = await database.query<{ wait: number | null }>(
        `select extract(epoch from min(due_at) - now())::double precision as wait
         from webhook_deliveries`,
        [],
      )
      return row?.wait ?? null
    },

    async remove(id: string): Promise<void> {
      await database.query('delete from webhook_deliveries where id = $1', [id])
    },

    /** Nothing happens when it was removed, or taken by another instance, meanwhile. */
    async postpone({
      id,
      attempt,
      delay,
      reason,
    }: {
      id: string
      attempt: number
      delay: number
      reason: string | null
    }): Promise<void> {
      await database.query(
        `update webhook_deliveries set due_at = now() + $3::double precision * interval '1 s',
           last_error = coalesce($4, last_error)
         where id = $1 and attempt = $2`,
        [id, attempt, delay, reason],
      )
    },
  }
}

export type Deliveries = ReturnType<typeof createDeliveries>

const takeStatement = `
with due as (
  select id from webhook_deliveries where due_at <= now()
  order by due_at limit $1 for update skip locked
)
update webhook_deliveries d
set due_at = now() + $2::double precision * interval '1 s', attempt = d.attempt + 1
from due where d.id = due.id
returning d.id, d.tenant, d.session_id as "sessionId", d.run_id as "runId", d.attempt,
  extract(epoch from now() - d.created_at)::double precision as age`
