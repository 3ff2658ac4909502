import type { RunError } from '#contract/run.ts'
import type { Statements } from './database.ts'
import type { OpenCall } from './run-calls.ts'
import { isoTime, usageJson } from './run-columns.ts'
import type { LoadedRun } from './run-loading.ts'

/**
 * A run as it is ended without being loaded: what anybody wrote is not read, for it may be what
 * stopped those who did. With `call` the run of the sub-agent that this call began.
 */
export async function loadRunToEnd(
  database: Statements,
  target: { run: string } | { call: string },
): Promise<LoadedRun | null> {
  const [run] = await database.query<Omit<LoadedRun, keyof typeof unread>>(
    `select r.id, r.tenant, s.owner, r.session_id as "sessionId",
       r.root_session_id as "rootSessionId", r.token, r.attempt, r.status, r.agent,
       r.agent_name as "agentName", r.agent_version as "agentVersion", r.model, r.iterations,
       r.iteration_limit as "iterationLimit", r.tool_call_count as "toolCalls",
       r.active_ms as "activeMs", r.cancel_requested_at is not null as cancelled,
       ${isoTime('r.created_at')} as "createdAt", r.first_seq as "firstSeq",
       r.parent_call_id as "parentCallId", ${usageJson('r')} as usage, s.leaf_id as leaf, s.branched,
       r.started_at is not null as begun, ${usageJson('t')} as totals, r.trace_context as trace,
       t.last_seq as "lastSeq"
     from runs r join sessions s on s.id = r.session_id join sessions t on t.id = r.root_session_id
     where ${'run' in target ? 'r.id' : 'r.parent_call_id'} = $1`,
    ['run' in target ? target.run : target.call],
  )
  return run ? { ...run, ...unread } : null
}

const unread = {
  options: {},
  budget: null,
  plan: null,
  replacedSeq: null,
  branch: null,
  title: null,
  workingDir: null,
  picked: null,
  summary: null,
  settings: { permissions: {}, toolsApproved: false, allowedTools: [], thinking: true },
  level: 0,
}

/** Characters of a result that are read; a longer one may be what stopped everybody. */
const longestResult = 65_536

/** The calls of a run's last answer when they have no results in the conversation yet. */
export function readCallsToEnd(database: Statements, runId: string): Promise<OpenCall[]> {
  return database.query<OpenCall>(
    `with answer as (
       select m.id, m.session_id, m.seq from tool_calls c join messages m on m.id = c.message_id
       where c.run_id = $1 order by m.seq desc limit 1
     )
     select c.id, c.message_id as "messageId", c.ordinal, c.call_id as "callId", c.tool, c.arguments,
       c.args_hash as "argsHash", null as definition, c.executor, c.effect, c.state,
       case when length(c.result::text) > ${longestResult} then json_build_object('output',
         'This result was left out: the run stopped before it was used.', 'is_error', true)
         else c.result end as result,
       null as "approvalId", null as "approvalStatus", null as "approvalArguments",
       null as "approvalReason", null as "elicitationId", null as "elicitationStatus",
       null as "elicitationAction", null as "elicitationContent", null as "elicitationHeld", null as "elicitationAbout",
       null as "expiresAt"
     from answer a join tool_calls c on c.run_id = $1 and c.message_id = a.id
     where not exists (select 1 from messages t
       where t.session_id = a.session_id and t.seq > a.seq and t.role = 'tool')
     order by c.ordinal`,
    [runId],
  )
}

/**
 * Ends a run that never began: nothing of it is in the log, and its messages never will be. A run
 * that is to take its place takes the place of what it would have replaced.
 */
export async function failUnbegun(
  database: Statements,
  { runId, token, error }: { runId: string; token: number; error: RunError },
): Promise<void> {
  await database.query(
    `with failed as (
       update runs set status = 'failed', stop_reason = 'failed', error = $3::text::jsonb,
         lease_owner = null, lease_expires_at = null, finished_at = now(), last_seq = first_seq - 1
       where id = $1 and token = $2 and status = 'running' and started_at is null
       returning id, session_id, replaces
     ), dropped as (
       delete from steered_messages m using failed f where m.run_id = f.id
     )
     update runs r set replaces = f.replaces from failed f
     where r.session_id = f.session_id and r.enqueued and r.replaces = f.id`,
    [runId, token, JSON.stringify(error)],
  )
}
