import { Problem } from '#contract/problem.ts'
import type { Database, Statements } from './database.ts'
import { lockSession, requeueWhenDecided } from './requeue.ts'
import type { Scope } from './scope.ts'

export type ApprovalDecision = {
  approve: boolean
  /** approve this call, this tool for the session, or everything in the session. */
  scope: 'call' | 'tool' | 'session'
  reason: string | null
  /** JSON text in place of the model's arguments. */
  arguments: string | null
  decidedBy: string
}

/** Where a decision was written, and the run that can go on because of it. */
export type Decided = { rootSessionId: string; requeuedRunId: string | null }

/** Which approval is meant: by its id, or in a session by call, by tool, or the oldest. */
export type ApprovalTarget =
  | { approvalId: string }
  | { session: string; toolCallId: string | null; toolName: string | null }

/**
 * Decides one approval, once. The session's row lock makes two decisions of one batch follow each
 * other, so that exactly one of them is the last and queues the run. The same decision again is
 * answered as the first was; the opposite is `already_decided`. null: there is no such approval.
 */
export function decideApproval(
  database: Database,
  scope: Scope,
  target: ApprovalTarget,
  decision: ApprovalDecision,
): Promise<(Decided & { approvalId: string }) | null> {
  return database.transaction(async (tx) => {
    const found = await findApproval(tx, scope, target)
    if (!found) return null
    await lockSession(tx, found.rootSessionId)
    const [approval] = await tx.query<{ status: string; expired: boolean; tool: string }>(
      `select a.status, a.expires_at <= now() as expired, c.tool
       from approvals a join tool_calls c on c.id = a.tool_call_id where a.id = $1`,
      [found.id],
    )
    const wanted = decision.approve ? 'approved' : 'rejected'
    if (approval?.status === wanted) {
      return { approvalId: found.id, rootSessionId: found.rootSessionId, requeuedRunId: null }
    }
    if (approval?.status !== 'pending' || approval.expired) {
      const state = approval?.expired ? 'expired' : approval?.status
      throw new Problem('already_decided', `Approval ${found.id} is already ${state}`)
    }
    await writeDecision(tx, found.id, wanted, decision)
    if (decision.approve) await widenApproval(tx, found.rootSessionId, approval.tool, decision)
    const requeuedRunId = await requeueWhenDecided(tx, found.rootSessionId)
    return { approvalId: found.id, rootSessionId: found.rootSessionId, requeuedRunId }
  })
}

async function findApproval(tx: Statements, scope: Scope, target: ApprovalTarget) {
  if ('approvalId' in target) {
    const [row] = await tx.query<{ id: string; rootSessionId: string }>(
      `select id, root_session_id as "rootSessionId" from approvals
       where id = $1 and tenant = $2 and ($3::text is null or owner = $3)`,
      [target.approvalId, scope.tenant, scope.owner],
    )
    return row
  }
  // A call that was decided already answers like before, so a named call may be any status.
  const [row] = await tx.query<{ id: string; rootSessionId: string }>(
    `select a.id, a.root_session_id as "rootSessionId"
     from approvals a join tool_calls c on c.id = a.tool_call_id
       join sessions s on s.id = a.root_session_id
     where a.tenant = $1 and ($2::text is null or a.owner = $2)
       and (s.id = $3 or s.external_id = $3 or a.session_id = $3)
       and case when $4::text is null then a.status = 'pending' else c.call_id = $4 or c.id = $4 end
       and ($5::text is null or c.tool = $5)
     order by a.status <> 'pending', a.id limit 1`,
    [scope.tenant, scope.owner, target.session, target.toolCallId, target.toolName],
  )
  return row
}

async function writeDecision(
  tx: Statements,
  approvalId: string,
  status: string,
  decision: ApprovalDecision,
): Promise<void> {
  await tx.query(
    `update approvals set status = $2, decided_at = now(), decided_by = $3, reason = $4,
       arguments = $5
     where id = $1 and status = 'pending'`,
    [approvalId, status, decision.decidedBy, decision.reason, decision.arguments],
  )
  // One approval is decided once, so its entry can have its number.
  await tx.query(
    `insert into audit_log (id, tenant, actor, action, target, details)
     select 'aud' || substr(a.id, 4), a.tenant, $2::text, 'decideApproval', 'approval/' || a.id,
       jsonb_build_object('status', a.status, 'scope', $3::text, 'tool', c.tool,
         'session', a.root_session_id)
     from approvals a join tool_calls c on c.id = a.tool_call_id
     where a.id = $1 on conflict do nothing`,
    [approvalId, decision.decidedBy, decision.scope],
  )
  if (!decision.approve) return
  await tx.query(
    `update tool_calls c set state = 'approved' from approvals a
     where a.id = $1 and c.id = a.tool_call_id and c.state = 'awaiting'`,
    [approvalId],
  )
}

/** What `approve-tool` and `approve-session` allow counts for what is already waiting, too. */
async function widenApproval(
  tx: Statements,
  rootSessionId: string,
  tool: string,
  decision: ApprovalDecision,
): Promise<void> {
  if (decision.scope === 'call') return
  const everything = decision.scope === 'session'
  await tx.query(
    `update sessions set tools_approved = tools_approved or $3::boolean,
       allowed_tools = case when $3::boolean or $2 = any(allowed_tools) then allowed_tools
         else array_append(allowed_tools, $2) end
     where id = $1`,
    [rootSessionId, tool, everything],
  )
  await tx.query(
    `with approved as (
       update approvals a set status = 'approved', decided_at = now(), decided_by = $4
       from tool_calls c
       where c.id = a.tool_call_id and a.root_session_id = $1 and a.status = 'pending'
         and ($3::boolean or c.tool = $2)
       returning a.tool_call_id
     )
     update tool_calls c set state = 'approved' from approved
     where c.id = approved.tool_call_id and c.state = 'awaiting'`,
    [rootSessionId, tool, everything, decision.decidedBy],
  )
}

/**
 * At the iteration limit: `more` model calls are allowed, or with null the run goes on only to end.
 * null: no run of the session waits there.
 */
export function decideIterations(
  database: Database,
  scope: Scope,
  { session, more }: { session: string; more: number | null },
): Promise<Decided | null> {
  return database.transaction(async (tx) => {
    const rootSessionId = await findSession(tx, scope, session)
    if (!rootSessionId) return null
    await lockSession(tx, rootSessionId)
    const [run] = await tx.query<{ id: string }>(
      `update runs set status = 'queued', attempt = 1,
         iteration_limit = iteration_limit + coalesce($2::int, 0),
         options = case when $2::int is null
           then options || '{"on_max_iterations": "stop"}'::jsonb else options end
       where session_id = $1 and status = 'waiting' and waiting_for->>'kind' = 'max_iterations'
       returning id`,
      [rootSessionId, more],
    )
    return run ? { rootSessionId, requeuedRunId: run.id } : null
  })
}

/** The id of the root session that a caller names, if it is theirs. */
export async function findSession(
  tx: Statements,
  scope: Scope,
  session: string,
): Promise<string | null> {
  const [row] = await tx.query<{ id: string }>(
    `select coalesce(root_id, id) as id from sessions
     where tenant = $1 and ($2::text is null or owner = $2) and (id = $3 or external_id = $3)
     order by id = $3 desc limit 1`,
    [scope.tenant, scope.owner, session],
  )
  return row?.id ?? null
}

/** A question that waits, for its answer to be checked against the schema. */
export async function findElicitation(
  database: Statements,
  scope: Scope,
  { session, elicitationId }: { session: string; elicitationId: string | null },
): Promise<{ id: string; schema: Record<string, unknown> | null } | null> {
  const [row] = await database.query<{ id: string; schema: Record<string, unknown> | null }>(
    `select q.id, q.schema from elicitations q join sessions s on s.id = q.root_session_id
     where q.tenant = $1 and ($2::text is null or s.owner = $2)
       and (s.id = $3 or s.external_id = $3 or q.session_id = $3)
       and q.status = 'pending' and q.expires_at > now() and ($4::text is null or q.id = $4)
     order by q.id limit 1`,
    [scope.tenant, scope.owner, session, elicitationId],
  )
  return row ?? null
}

/** The answer to a question that a process holds open; null while there is none. */
export async function readAnswer(
  database: Statements,
  elicitationId: string,
): Promise<{
  action: 'accept' | 'decline' | 'cancel'
  content: Record<string, unknown> | null
} | null> {
  const [row] = await database.query<{
    status: string
    action: 'accept' | 'decline' | 'cancel' | null
    content: Record<string, unknown> | null
  }>(
    `select case when status = 'pending' and expires_at <= now() then 'expired' else status end
       as status, action, content from elicitations where id = $1`,
    [elicitationId],
  )
  if (row?.status === 'pending') return null
  return { action: row?.action ?? 'cancel', content: row?.content ?? null }
}

/** Answers a question, once. null: somebody else did, or it is gone. */
export function answerElicitation(
  database: Database,
  scope: Scope,
  answer: { id: string; action: string; content: Record<string, unknown> | null },
): Promise<Decided | null> {
  return database.transaction(async (tx) => {
    const [found] = await tx.query<{ rootSessionId: string }>(
      'select root_session_id as "rootSessionId" from elicitations where id = $1 and tenant = $2',
      [answer.id, scope.tenant],
    )
    if (!found) return null
    await lockSession(tx, found.rootSessionId)
    const answered = await tx.query(
      `update elicitations set status = 'answered', action = $2, content = $3::text::jsonb
       where id = $1 and status = 'pending' and expires_at > now() returning id`,
      [answer.id, answer.action, answer.content ? JSON.stringify(answer.content) : null],
    )
    if (answered.length === 0) return null
    const requeuedRunId = await requeueWhenDecided(tx, found.rootSessionId)
    return { rootSessionId: found.rootSessionId, requeuedRunId }
  })
}

/** Takes the result of a tool that the caller ran, once. null: no such call waits. */
export function submitClientResult(
  database: Database,
  scope: Scope,
  { session, toolCallId, result }: { session: string; toolCallId: string; result: string },
): Promise<Decided | null> {
  return database.transaction(async (tx) => {
    const rootSessionId = await findSession(tx, scope, session)
    if (!rootSessionId) return null
    await lockSession(tx, rootSessionId)
    const taken = await tx.query(
      `update tool_calls set result = $3::text::json
       where session_id = $1 and (call_id = $2 or id = $2) and executor = 'client'
         and state = 'awaiting' and result is null returning id`,
      [rootSessionId, toolCallId, result],
    )
    if (taken.length === 0) return null
    return { rootSessionId, requeuedRunId: await requeueWhenDecided(tx, rootSessionId) }
  })
}

/**
 * Asks a run to end; a sub-agent's run ends with the run that it works for, whose id is answered. A
 * run that no process holds is queued, so that its loop closes it. One that is enqueued behind
 * another ends at once: nothing of it is in the log, and its messages never will be.
 */
export async function requestCancel(
  database: Statements,
  scope: Scope,
  runId: string,
): Promise<{ id: string; status: string; queued: boolean } | null> {
  const [row] = await database.query<{ id: string; status: string; queued: boolean }>(
    `with named as (
       select r.id, r.status, r.parent_run_id, r.root_session_id
       from runs r join sessions s on s.id = r.session_id
       where r.id = $3 and r.tenant = $1 and ($2::text is null or s.owner = $2)
     ), asked as (
       select coalesce(root.id, n.id) as id, coalesce(root.status, n.status) as status
       from named n left join runs root on n.parent_run_id is not null
         and n.status in ('queued', 'running', 'waiting') and root.session_id = n.root_session_id
         and not root.enqueued
         and root.status in ('queued', 'running', 'waiting')
     ), changed as (
       update runs r set cancel_requested_at = coalesce(r.cancel_requested_at, now()),
         status = case when r.enqueued then 'cancelled' when r.status = 'waiting' then 'queued'
           else r.status end,
         stop_reason = case when r.enqueued then 'cancelled' end, enqueued = false,
         finished_at = case when r.enqueued then now() end,
         wake_at = case when r.status = 'running' then now() end,
         last_seq = case when r.enqueued then r.first_seq - 1 end
       from asked a where r.id = a.id and r.status in ('queued', 'running', 'waiting')
       returning r.id, r.session_id, r.status, r.replaces
     ), dropped as (
       delete from steered_messages m using changed c where m.run_id = c.id and c.status = 'cancelled'
     ), next_in_place as (
       update runs r set replaces = c.replaces from changed c
       where c.status = 'cancelled' and r.session_id = c.session_id and r.enqueued
         and r.replaces = c.id
     )
     select a.id, coalesce((select status from changed), a.status) as status,
       coalesce((select status = 'queued' from changed), false) as queued
     from asked a`,
    [scope.tenant, scope.owner, runId],
  )
  return row ?? null
}
