import type { RunError, RunStatus, WaitingFor } from '#contract/run.ts'
import type { Statements } from './database.ts'
import { isoTime } from './run-columns.ts'
import type { Scope } from './scope.ts'

/** The session of a background agent and its newest run. */
export type BackgroundRow = {
  sessionId: string
  runId: string
  agent: string
  agentName: string
  title: string | null
  status: RunStatus
  waitingFor: WaitingFor | null
  error: RunError | null
  createdAt: string
}

/** The background agents of a session, oldest first; with `id` only that one. */
export function listBackground(
  database: Statements,
  scope: Scope,
  { parentId, id = null }: { parentId: string; id?: string | null },
): Promise<BackgroundRow[]> {
  return database.query<BackgroundRow>(
    `select s.id as "sessionId", r.id as "runId", r.agent, r.agent_name as "agentName", s.title,
       r.status, r.waiting_for as "waitingFor", r.error, ${isoTime('s.created_at')} as "createdAt"
     from sessions s join lateral (select * from runs r where r.session_id = s.id
       order by r.id desc limit 1) r on true
     where s.parent_id = $3 and s.origin = 'background' and s.tenant = $1
       and ($2::text is null or s.owner = $2) and ($4::text is null or s.id = $4)
     order by s.id limit 1000`,
    [scope.tenant, scope.owner, parentId, id],
  )
}

/** The active runs of all background agents below a session, however deep. */
export async function readBackgroundRuns(
  database: Statements,
  scope: Scope,
  sessionId: string,
): Promise<string[]> {
  const rows = await database.query<{ id: string }>(
    `with recursive below as (
       select s.id from sessions s where s.tenant = $1 and ($2::text is null or s.owner = $2)
         and (s.id = $3 or s.external_id = $3)
       union
       select n.id from below b cross join lateral (
         select s.id from sessions s where s.root_id = b.id
         union all
         select s.id from sessions s where s.parent_id = b.id and s.origin = 'background') n
     )
     select r.id from below b join sessions s on s.id = b.id join runs r on r.session_id = b.id
     where s.origin = 'background' and r.status in ('queued', 'running', 'waiting')`,
    [scope.tenant, scope.owner, sessionId],
  )
  return rows.map(({ id }) => id)
}
