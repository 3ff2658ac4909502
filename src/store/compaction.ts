import type { Statements } from './database.ts'

/**
 * Joins the deltas of runs that are over: one row for each part of a step, with the whole text and
 * the range of seqs that it stands for. What is read again says the same text at the same offsets.
 * Answers how many runs were done; fewer than `limit` means that none is left that is old enough.
 */
export async function compactRuns(
  database: Statements,
  { olderThan, limit }: { olderThan: number; limit: number },
): Promise<number> {
  const [row] = await database.query<{ count: number }>(compactStatement, [olderThan, limit])
  return row?.count ?? 0
}

// A delta continues the one before it when both are of the same part of the same run and nothing
// stands between them: `island` counts the breaks.
const compactStatement = `
with due as (
  select id, session_id, first_seq, last_seq from runs
  where not compacted and finished_at is not null and parent_run_id is null
    and finished_at < now() - $1::int * interval '1 second'
  order by finished_at limit $2 for update skip locked
), marked as (
  update runs r set compacted = true from due where r.id = due.id returning r.id
), log as materialized (
  select e.session_id, e.seq, e.type, e.run_id, e.data::json as data,
    concat_ws(' ', e.type, e.run_id, e.data::json->>'part', e.data::json->>'tool_call_id') as part,
    e.seq - row_number() over (
      partition by e.session_id, e.type, e.run_id, e.data::json->>'part',
        e.data::json->>'tool_call_id'
      order by e.seq) as island
  from due d join events e on e.session_id = d.session_id and e.seq between d.first_seq and d.last_seq
  where e.type in ('agent_choice', 'agent_choice_reasoning', 'partial_tool_call')
    and e.seq_from is null
), joined as (
  select session_id, max(seq) as seq, min(seq) as seq_from, min(type) as type,
    string_agg(coalesce(data->>'content', data->>'arguments_delta'), '' order by seq) as text,
    (array_agg(data order by seq))[1] as first
  from log group by session_id, part, island having count(*) > 1
), dropped as (
  delete from events e using joined j
  where e.session_id = j.session_id and e.seq >= j.seq_from and e.seq < j.seq
), kept as (
  update events e set seq_from = j.seq_from, data = case when j.type = 'partial_tool_call'
    then json_build_object('tool_call_id', j.first->>'tool_call_id', 'name', j.first->>'name',
      'arguments_delta', j.text, 'offset', (j.first->>'offset')::int)::text
    else json_build_object('content', j.text, 'part', (j.first->>'part')::int,
      'offset', (j.first->>'offset')::int)::text end
  from joined j where e.session_id = j.session_id and e.seq = j.seq
)
select count(*) as count from marked`
