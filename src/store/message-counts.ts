import type { Statements } from './database.ts'
import type { Scope } from './scope.ts'

/** How many messages each session keeps, on all its branches; those without any are missing. */
export async function countMessages({
  database,
  scope,
  sessions,
}: {
  database: Statements
  scope: Scope
  /** Ids; no external ones. */
  sessions: string[]
}): Promise<Map<string, number>> {
  const rows = await database.query<{ id: string; count: number }>(
    `select m.session_id as id, count(*)::integer as count
     from messages m join sessions s on s.id = m.session_id
     where m.session_id = any($3) and s.tenant = $1 and ($2::text is null or s.owner = $2)
     group by m.session_id`,
    [scope.tenant, scope.owner, sessions],
  )
  return new Map(rows.map(({ id, count }) => [id, count]))
}
