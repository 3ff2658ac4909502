import type { RunStatus } from '#contract/run.ts'
import { type Part, spendingColumns, toSpendingRow } from './commit-part.ts'
import type { LogEntry, RunChange } from './log.ts'

// What was decided while the run was still running is noted at its row, with the time: it wakes the
// run as soon as it parks, should the process die that would have looked.
const wakeAt = `case when c.status in ('running', 'waiting')
          then least(c.wake_at, case when r.status = 'running' then r.wake_at end) end`

/** Runs as they begin, go on and end. */
export const runParts: Part[] = [
  {
    name: 'new_sub_runs',
    rows: (entry, index) =>
      entry.subRuns.map((sub) => ({
        entry: index,
        id: sub.run.id,
        session: sub.sessionId,
        status: sub.run.status,
        agent: sub.agent,
        agent_name: sub.run.agentName,
        version: sub.agentVersion,
        model: sub.run.model,
        options: sub.options,
        iteration_limit: sub.run.iterationLimit,
        budget: sub.budget,
        parent_run: sub.parentRunId,
        parent_call: sub.parentCallId,
      })),
    sql: `insert into runs (id, tenant, session_id, root_session_id, status, agent, agent_name,
        agent_version, model, options, iteration_limit, budget, first_seq, parent_run_id, parent_call_id,
        started_at)
      select n.id, h.tenant, n.session, h.id, n.status, n.agent, n.agent_name, n.version, n.model,
        n.options::jsonb, n.iteration_limit, n.budget, h.base + 1, n.parent_run, n.parent_call, now()
      from json_to_recordset($rows) as n(entry int, id text, session text, status text, agent text,
        agent_name text, version text, model text, options text, iteration_limit int, budget jsonb,
        parent_run text, parent_call text)
      join head h on h.entry = n.entry`,
  },
  {
    name: 'changed_runs',
    rows: (entry, index) =>
      entry.runs.map((run) => ({
        entry: index,
        id: run.id,
        status: run.status,
        agent_name: run.agentName,
        model: run.model,
        iterations: run.iterations,
        iteration_limit: run.iterationLimit,
        plan: run.plan,
        stop_reason: run.stopReason,
        completed: run.completed,
        waiting_for: run.waitingFor,
        error: run.error,
        wake_at: run.wakeAt,
        ...toSpendingRow(run),
      })),
    sql: `update runs r set status = c.status, agent_name = c.agent_name, model = c.model,
        iterations = c.iterations, iteration_limit = c.iteration_limit, plan = coalesce(c.plan, r.plan),
        stop_reason = c.stop_reason, completed = c.completed, waiting_for = c.waiting_for,
        error = c.error, wake_at = ${wakeAt}, input_tokens = c.input, output_tokens = c.output,
        cached_input_tokens = c.cached, reasoning_tokens = c.reasoning, cost = c.cost,
        tool_call_count = c.tool_calls, active_ms = c.active_ms,
        lease_owner = case when c.status = 'running' then r.lease_owner end,
        lease_expires_at = case when c.status = 'running' then r.lease_expires_at end,
        last_seq = case when c.status in ('completed', 'failed', 'cancelled') then h.base + e.count end,
        finished_at = case when c.status in ('completed', 'failed', 'cancelled') then now() end
      from json_to_recordset($rows) as c(entry int, id text, status text, agent_name text,
        model text, iterations int, iteration_limit int, plan jsonb, stop_reason text, completed boolean,
        waiting_for jsonb, error jsonb, wake_at timestamptz, ${spendingColumns})
      join head h on h.entry = c.entry join entry e on e.entry = c.entry
      where r.id = c.id and r.status not in ('completed', 'failed', 'cancelled')
      returning r.id, r.tenant, r.session_id, r.parent_run_id`,
  },
  {
    name: 'begun_runs',
    rows: (entry, index) => entry.begun.map(({ id }) => ({ entry: index, id })),
    sql: `update runs r set started_at = now(), first_seq = h.base + 1
      from json_to_recordset($rows) as b(entry int, id text) join head h on h.entry = b.entry
      where r.id = b.id and r.started_at is null`,
  },
  {
    name: 'spent_runs',
    rows: (entry, index) =>
      entry.spent.map((run) => ({ entry: index, id: run.id, ...toSpendingRow(run) })),
    sql: `update runs r set input_tokens = c.input, output_tokens = c.output,
        cached_input_tokens = c.cached, reasoning_tokens = c.reasoning, cost = c.cost,
        tool_call_count = c.tool_calls, active_ms = c.active_ms
      from json_to_recordset($rows) as c(entry int, id text, ${spendingColumns})
      join head h on h.entry = c.entry
      where r.id = c.id and r.status not in ('completed', 'failed', 'cancelled')`,
  },
]

/** A sub-agent's run is part of its root run's turn. A run ends once, so its id names the turn. */
export const archivedTurns: Part = {
  name: 'archived_turns',
  rows: (entry) => endedRuns(entry).map(({ id }) => ({ id })),
  sql: `insert into webhook_deliveries (id, tenant, session_id, run_id)
    select 'dlv_' || substr(c.id, 5), c.tenant, c.session_id, c.id
    from json_to_recordset($rows) as a(id text) join changed_runs c on c.id = a.id
    where c.parent_run_id is null on conflict do nothing`,
}

/** The runs that are over after the commit. */
export function endedRuns({ runs }: Pick<LogEntry, 'runs'>): RunChange[] {
  return runs.filter(({ status }) => isOver.has(status))
}

const isOver = new Set<RunStatus>(['completed', 'failed', 'cancelled'])
