import type { Statements } from './database.ts'

/**
 * Deletes the events of runs that ended more than `olderThan` seconds ago, and the approvals and
 * questions of these runs. Messages, tool calls and the runs themselves stay. A log loses its oldest
 * part only, and nothing of a run that is not over. Answers how many runs were done; fewer than
 * `limit` means that none is left that is old enough. Several may do it at the same time.
 */
export async function expireEvents(
  database: Statements,
  { olderThan, limit }: { olderThan: number; limit: number },
): Promise<number> {
  const [row] = await database.query<{ count: number }>(expireStatement, [olderThan, limit])
  return row?.count ?? 0
}

// Events of sub-agents stand in the log of the run that they work for, and go with it. Behind a run's
// last event may come the title that it gave the session: it goes too when it is old enough.
const expireStatement = `
with due as (
  select id, session_id, last_seq, parent_run_id, now() - $1::double precision * interval '1 s' as oldest
  from runs
  where not events_expired and finished_at is not null
    and finished_at < now() - $1::double precision * interval '1 s'
  order by finished_at limit $2 for update skip locked
), marked as (
  update runs r set events_expired = true from due where r.id = due.id returning r.id
), ended as (
  select session_id, max(last_seq) as last_seq, min(oldest) as oldest
  from due where parent_run_id is null and last_seq is not null group by session_id
), bounds as (
  select d.session_id, d.last_seq, d.oldest, coalesce((
    select min(r.first_seq) from runs r where r.session_id = d.session_id and r.started_at is not null
      and (r.first_seq > d.last_seq or r.finished_at is null)), 9223372036854775807) as kept_from
  from ended d
), dropped as (
  delete from events e using bounds b
  where e.session_id = b.session_id and e.seq < b.kept_from
    and (e.seq <= b.last_seq or e.created_at < b.oldest)
), calls as (
  select c.id from due d join tool_calls c on c.run_id = d.id
), dropped_approvals as (
  delete from approvals a using calls c where a.tool_call_id = c.id
), dropped_elicitations as (
  delete from elicitations e using calls c where e.tool_call_id = c.id
)
select count(*) as count from marked`
