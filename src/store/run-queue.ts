import type { Message } from '#contract/message.ts'
import { Problem } from '#contract/problem.ts'
import type { Database, Statements } from './database.ts'
import { keepRun } from './idempotency.ts'
import { type ClaimedRun, leaseSeconds } from './run-claims.ts'
import type { NewRun } from './run-start.ts'
import type { Scope } from './scope.ts'

/** Runs that may wait behind the active one of a session. */
const longestQueue = 20

/** A run for a session that is busy. */
export type QueuedRun = Omit<NewRun, 'session' | 'events' | 'instance'> & {
  sessionId: string
  /** Without parents: those are known when the run begins. */
  messages: Message[]
  /** What becomes of the active run: it goes on, it ends, or it ends and its messages are left. */
  policy: 'enqueue' | 'interrupt' | 'rollback'
  /** It begins a branch behind the message `leaf`, or at the beginning. */
  branch?: { leaf: string | null } | undefined
}

/** Messages for the run that is active. */
export type Steering = Pick<QueuedRun, 'scope' | 'sessionId' | 'messages' | 'key'>

export type Enqueued = {
  /** Nothing of the run comes up to this seq. */
  after: number
  createdAt: string
  /** The run that was told to end for it; `queued`: no process holds that one. */
  ending: { id: string; queued: boolean } | null
}

/** What a session does now: `enqueued` in the order in which they will begin. */
type SessionQueue = {
  lastSeq: number
  active: { id: string; status: string } | null
  enqueued: { id: string; urgent: boolean }[]
}

/**
 * Puts a run behind the active one of its session, or before all others that wait when the active
 * one is to end for it. null: the session is gone, or is not busy any more. `queue_full` past 20.
 */
export function enqueueRun(database: Database, run: QueuedRun): Promise<Enqueued | null> {
  return database.transaction(async (tx) => {
    const queue = await lockQueue(tx, run.scope, run.sessionId)
    if (!queue) return null
    const { active, enqueued, lastSeq } = queue
    if (!active && enqueued.length === 0) return null
    if (enqueued.length >= longestQueue) throw full(run.sessionId, active?.id)
    await finishKey(tx, run, run.runId)
    const urgent = run.policy !== 'enqueue'
    const before = enqueued.findLast((other) => other.urgent)?.id ?? active?.id ?? null
    const replaces = run.policy === 'rollback' ? before : null
    const [row] = await tx.query<{ createdAt: string }>(insertStatement, [
      JSON.stringify(toRow(run)),
      lastSeq + 1,
      urgent,
      replaces,
    ])
    await keepMessages(tx, { ...run, tenant: run.scope.tenant })
    const ending = urgent && active ? await endRun(tx, active.id) : null
    return { after: lastSeq, createdAt: row?.createdAt ?? '', ending }
  })
}

/**
 * Hands messages to the active run of a session, which takes them up before its next model call.
 * null: the session is gone, or no run is active.
 */
export function steerRun(
  database: Database,
  { scope, sessionId, messages, key }: Steering,
): Promise<{ runId: string } | null> {
  return database.transaction(async (tx) => {
    const queue = await lockQueue(tx, scope, sessionId)
    if (!queue?.active) return null
    const runId = queue.active.id
    const [row] = await tx.query<{ count: number }>(
      'select count(*) as count from steered_messages where run_id = $1',
      [runId],
    )
    if ((row?.count ?? 0) + messages.length > longestQueue) throw full(sessionId, runId)
    await finishKey(tx, { key, sessionId }, runId)
    await keepMessages(tx, { tenant: scope.tenant, sessionId, runId, messages })
    return { runId }
  })
}

/** The messages that each of some runs has not taken up yet, the oldest first. */
export async function readPosted(database: Statements, runIds: string[]): Promise<Message[][]> {
  const rows = await database.query<{ runId: string; body: Message }>(
    'select run_id as "runId", body from steered_messages where run_id = any($1) order by id',
    [runIds],
  )
  const byRun = Map.groupBy(rows, ({ runId }) => runId)
  return runIds.map((runId) => (byRun.get(runId) ?? []).map(({ body }) => body))
}

/**
 * Takes the next run of sessions that have become idle, for this instance; null looks at all
 * sessions, and passes over those whose row somebody else has locked. Messages that a run did not
 * take up before it ended become a run like it.
 */
export async function takeQueued(
  database: Database,
  { instance, sessions, limit }: { instance: string; sessions: string[] | null; limit: number },
): Promise<ClaimedRun[]> {
  const idle = await database.query<{ id: string }>(idleStatement, [sessions, limit])
  const taken: ClaimedRun[] = []
  const passedOver: string[] = []
  // One session in a transaction: who holds several locks has to mind their order.
  for (const { id } of idle) {
    const run = await database.transaction((tx) => takeNext(tx, id, instance, 'skip locked'))
    if (run === 'locked') passedOver.push(id)
    else if (run) taken.push(run)
  }
  // The others are found again at the next look.
  if (sessions === null) return taken
  for (const id of passedOver) {
    const run = await database.transaction((tx) => takeNext(tx, id, instance, ''))
    if (run && run !== 'locked') taken.push(run)
  }
  return taken
}

/** Ends all runs of a session that have not begun; their messages are dropped. */
export async function dropQueue(
  database: Statements,
  scope: Scope,
  session: string,
): Promise<void> {
  await database.query(
    `with dropped as (
       update runs r set status = 'cancelled', enqueued = false, stop_reason = 'cancelled',
         cancel_requested_at = now(), finished_at = now(), last_seq = r.first_seq - 1
       from sessions s where s.id = r.session_id and s.tenant = $1
         and ($2::text is null or s.owner = $2) and (s.id = $3 or s.external_id = $3) and r.enqueued
       returning r.id
     )
     delete from steered_messages m using dropped d where m.run_id = d.id`,
    [scope.tenant, scope.owner, session],
  )
}

/** Everything that makes a session busy, under its lock. */
async function lockQueue(
  tx: Statements,
  scope: Scope,
  sessionId: string,
): Promise<SessionQueue | null> {
  const [session] = await tx.query<{ lastSeq: number }>(
    `select last_seq as "lastSeq" from sessions
     where id = $3 and tenant = $1 and ($2::text is null or owner = $2) and root_id is null
     for update`,
    [scope.tenant, scope.owner, sessionId],
  )
  if (!session) return null
  const runs = await tx.query<{ id: string; status: string; enqueued: boolean; urgent: boolean }>(
    `select id, status, enqueued, urgent from runs
     where session_id = $1 and status in ('queued', 'running', 'waiting')
     order by urgent desc, id`,
    [sessionId],
  )
  return {
    lastSeq: session.lastSeq,
    active: runs.find((run) => !run.enqueued) ?? null,
    enqueued: runs.filter((run) => run.enqueued),
  }
}

async function finishKey(
  tx: Statements,
  { key, sessionId }: Pick<QueuedRun, 'key' | 'sessionId'>,
  runId: string,
): Promise<void> {
  if (!key || (await keepRun(tx, key, { runId, sessionId }))) return
  throw new Problem('idempotency_in_flight', 'Another request with this key overtook this one', {
    retry_after: 1,
  })
}

async function keepMessages(
  tx: Statements,
  {
    tenant,
    sessionId,
    runId,
    messages,
  }: { tenant: string; sessionId: string; runId: string; messages: Message[] },
): Promise<void> {
  const rows = messages.map((message) => ({ id: message.id, body: message }))
  await tx.query(
    `insert into steered_messages (id, tenant, session_id, run_id, body)
     select m.id, $1, $2, $3, m.body
     from json_to_recordset($4::text::json) as m(id text, body json)`,
    [tenant, sessionId, runId, JSON.stringify(rows)],
  )
}

/** A parked run is queued, so that its loop closes it. */
async function endRun(
  tx: Statements,
  runId: string,
): Promise<{ id: string; queued: boolean } | null> {
  const [row] = await tx.query<{ queued: boolean }>(
    `update runs set cancel_requested_at = coalesce(cancel_requested_at, now()),
       status = case when status = 'waiting' then 'queued' else status end
     where id = $1 and status in ('queued', 'running', 'waiting')
     returning status = 'queued' as queued`,
    [runId],
  )
  return row ? { id: runId, queued: row.queued } : null
}

async function takeNext(
  tx: Statements,
  sessionId: string,
  instance: string,
  lockedRows: 'skip locked' | '',
): Promise<ClaimedRun | 'locked' | null> {
  const [session] = await tx.query<{ token: number }>(
    `select run_token + 1 as token from sessions where id = $1 for update ${lockedRows}`,
    [sessionId],
  )
  // Or the session is gone, which is the same to who looks for runs.
  if (!session) return 'locked'
  await tx.query(strayStatement, [sessionId])
  const [run] = await tx.query<{ id: string }>(nextStatement, [sessionId, instance, session.token])
  if (!run) return null
  await tx.query('update sessions set run_token = $2 where id = $1', [sessionId, session.token])
  return { id: run.id, sessionId, token: session.token, attempt: 1, recovered: false, waited: null }
}

function full(sessionId: string, activeRunId: string | undefined): Problem {
  return new Problem(
    'queue_full',
    `${longestQueue} messages wait in session ${sessionId} already; wait until some were answered`,
    { retry_after: 1, ...(activeRunId === undefined ? {} : { active_run_id: activeRunId }) },
  )
}

function toRow(run: QueuedRun) {
  return {
    id: run.runId,
    tenant: run.scope.tenant,
    session: run.sessionId,
    agent: run.agent,
    agent_name: run.agentName,
    version: run.agentVersion,
    model: run.model,
    options: run.options,
    iteration_limit: run.iterationLimit,
    budget: run.budget,
    metadata: run.metadata,
    trace: run.trace,
    branch: run.branch ?? null,
  }
}

const insertStatement = `
insert into runs (id, tenant, session_id, root_session_id, status, agent, agent_name, agent_version,
  model, options, iteration_limit, budget, metadata, trace_context, branch_from,
  first_seq, enqueued, urgent, replaces)
select r.id, r.tenant, r.session, r.session, 'queued', r.agent, r.agent_name, r.version, r.model,
  r.options, r.iteration_limit, r.budget, r.metadata, r.trace, r.branch,
  $2, true, $3, $4
from json_to_record($1::text::json) as r(id text, tenant text, session text, agent text,
  agent_name text, version text, model text, options jsonb, iteration_limit int, budget jsonb,
  metadata jsonb, trace jsonb, branch jsonb)
returning created_at as "createdAt"`

const noActiveRun = `not exists (select 1 from runs a where a.session_id = w.session_id
  and a.status in ('queued', 'running', 'waiting') and not a.enqueued)`

// Waiting rows are few, so both looks are short.
const idleStatement = `
select distinct w.session_id as id from (
  select session_id from runs where enqueued and ($1::text[] is null or session_id = any($1))
  union
  select m.session_id from steered_messages m join runs r on r.id = m.run_id
  where r.finished_at is not null and ($1::text[] is null or m.session_id = any($1))
) w where ${noActiveRun} limit $2`

// The id of the run is that of its first message with another prefix: as unique, and as old.
const strayStatement = `
with stray as (
  select m.run_id, 'run' || substr(min(m.id), 4) as id from steered_messages m
  join runs r on r.id = m.run_id
  where m.session_id = $1 and r.finished_at is not null group by m.run_id
), made as (
  insert into runs (id, tenant, session_id, root_session_id, status, agent, agent_name,
    agent_version, model, options, iteration_limit, budget, first_seq, enqueued)
  select n.id, r.tenant, r.session_id, r.session_id, 'queued', r.agent, r.agent_name,
    r.agent_version, r.model, r.options, r.iteration_limit, case when r.budget is not null then
      jsonb_build_object('limits', r.budget->'portions', 'portions', r.budget->'portions') end,
    s.last_seq + 1, true
  from stray n join runs r on r.id = n.run_id join sessions s on s.id = r.session_id
)
update steered_messages m set run_id = n.id from stray n where m.run_id = n.run_id`

// A run that was ended for another before it began is begun all the same: its message is in the log.
const nextStatement = `
update runs r set enqueued = false, status = 'running', lease_owner = $2,
  lease_expires_at = now() + interval '${leaseSeconds} s', token = $3, attempt = 1,
  cancel_requested_at = case when exists (select 1 from runs q
    where q.session_id = $1 and q.enqueued and q.urgent and q.id <> r.id) then now() end
where r.id = (
    select q.id from runs q where q.session_id = $1 and q.enqueued
    order by q.urgent desc, q.id limit 1)
  and not exists (select 1 from runs a where a.session_id = $1
    and a.status in ('queued', 'running', 'waiting') and not a.enqueued)
returning r.id`
