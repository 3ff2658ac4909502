import type { Statements } from './database.ts'
import type { Scope } from './scope.ts'

/** The model of each session's last run; those that never ran are missing. */
export async function readLatestModels({
  database,
  scope,
  sessions,
}: {
  database: Statements
  scope: Scope
  /** Ids; no external ones. */
  sessions: string[]
}): Promise<Map<string, string>> {
  const rows = await database.query<{ id: string; model: string }>(
    `select s.id, r.model from sessions s
     join lateral (select model from runs where session_id = s.id and model is not null
       order by id desc limit 1) r on true
     where s.id = any($3) and s.tenant = $1 and ($2::text is null or s.owner = $2)`,
    [scope.tenant, scope.owner, sessions],
  )
  return new Map(rows.map(({ id, model }) => [id, model]))
}
