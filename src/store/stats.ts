import type { Statements } from './database.ts'
import type { Scope } from './scope.ts'

export type StoreStats = { session_count: number; run_count: number; running: number }

export function createStats({ database }: { database: Statements }) {
  return {
    /** Counts every row that the scope may see: not for a path that is asked often. */
    async count(scope: Scope): Promise<StoreStats> {
      const [row] = await database.query<StoreStats>(
        `select
           (select count(*) from sessions s where s.tenant = $1 and s.root_id is null
              and ($2::text is null or s.owner = $2)) as session_count,
           count(*) as run_count, count(*) filter (where ${active}) as running
         from runs r
         where r.tenant = $1 and r.parent_run_id is null and ($2::text is null or exists (
           select 1 from sessions s where s.id = r.session_id and s.owner = $2))`,
        [scope.tenant, scope.owner],
      )
      return row ?? { session_count: 0, run_count: 0, running: 0 }
    },

    /** Sessions with a run that is not over, of all tenants: it says how busy the server is. */
    async activeSessions(): Promise<number> {
      const [row] = await database.query<{ count: number }>(
        `select count(*) as count from runs where ${active} and parent_run_id is null`,
        [],
      )
      return row?.count ?? 0
    },
  }
}

const active = `status in ('queued', 'running', 'waiting') and not enqueued`
