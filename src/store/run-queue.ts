import type { Message } from '#contract/message.ts'
import type { RunOptions } from '#contract/run.ts'
import type { NewSession } from '#contract/session.ts'
import type { Permissions } from '#contract/tool.ts'
import type { Usage } from '#contract/usage.ts'
import type { Statements } from './database.ts'
import type { NewEvent, RunPlan, SessionSettings, SessionSummary } from './log.ts'
import type { Scope } from './scope.ts'

/** Seconds that a claim holds without a renewal. */
export const leaseSeconds = 15

/** A run to begin, with the session to make for it or the idle session to begin it in. */
export type NewRun = {
  scope: Scope
  session:
    | { type: 'new'; id: string; owner: string; input: NewSession }
    /** `leaf` is the newest message that the caller's messages follow. */
    | { type: 'existing'; id: string; leaf: string | null }
  runId: string
  agent: string
  agentName: string
  agentVersion: string
  model: string
  options: RunOptions
  iterationLimit: number
  metadata: Record<string, unknown>
  instance: string
  events: NewEvent[]
}

/** null: the session is not there, is not idle, has moved on, or its external id is in use. */
export type StartedRow = {
  base: number
  token: number
  /** Milliseconds since the epoch on the database's clock. */
  time: number
} | null

/**
 * Begins many runs in one statement, each claimed by its instance in the same commit. The unique
 * index over active runs decides between two that want the same session.
 */
export async function startRuns(database: Statements, runs: NewRun[]): Promise<StartedRow[]> {
  const rows = await database.query<{ entry: number; base: number; token: number; time: number }>(
    startStatement,
    [
      JSON.stringify(runs.map(toStartRow)),
      JSON.stringify(runs.flatMap(toEventRows)),
      JSON.stringify(runs.flatMap(toMessageRows)),
    ],
  )
  const started: StartedRow[] = runs.map(() => null)
  for (const { entry, ...row } of rows) started[entry] = row
  return started
}

function toStartRow(run: NewRun, entry: number) {
  const { session } = run
  const input = session.type === 'new' ? session.input : undefined
  return {
    entry,
    tenant: run.scope.tenant,
    owner: session.type === 'new' ? session.owner : run.scope.owner,
    session: session.id,
    fresh: session.type === 'new',
    leaf: session.type === 'existing' ? session.leaf : null,
    new_leaf: run.events.findLast((event) => event.message)?.message?.message.id ?? null,
    external_id: input?.external_id ?? null,
    title: input?.title ?? null,
    permissions: input?.permissions ?? {},
    tools_approved: input?.tools_approved ?? false,
    thinking: input?.thinking ?? true,
    working_dir: input?.working_dir ?? null,
    max_iterations: input?.max_iterations ?? null,
    session_metadata: input?.metadata ?? {},
    run: run.runId,
    agent: run.agent,
    agent_name: run.agentName,
    version: run.agentVersion,
    model: run.model,
    options: run.options,
    iteration_limit: run.iterationLimit,
    metadata: run.metadata,
    instance: run.instance,
    count: run.events.length,
    keeps_model: run.options.model === undefined,
  }
}

function toEventRows(run: NewRun, entry: number) {
  return run.events.map((event, index) => ({
    e: entry,
    i: index + 1,
    r: event.runId,
    a: event.agent,
    t: event.type,
    d: event.message ? null : event.data,
  }))
}

function toMessageRows(run: NewRun, entry: number) {
  return run.events.flatMap(({ message: stored }, index) => {
    if (!stored) return []
    const { message, body } = stored
    return [
      {
        e: entry,
        i: index + 1,
        id: message.id,
        parent: message.parent_id,
        role: message.role,
        created: message.created_at,
        body,
      },
    ]
  })
}

// `held` locks the session before the run is inserted, so that the fence moves only for the one
// that gets in: a fence that moved for a refused start would cut off the run that is active.
const startStatement = `
with item as materialized (
  select * from json_to_recordset($1::text::json) as i(entry int, tenant text, owner text,
    session text, fresh boolean, leaf text, new_leaf text, external_id text, title text,
    permissions jsonb, tools_approved boolean, thinking boolean, working_dir text,
    max_iterations int, session_metadata jsonb, run text, agent text, agent_name text, version text,
    model text, options jsonb, iteration_limit int, metadata jsonb, instance text, count int,
    keeps_model boolean)
), made as (
  insert into sessions (id, tenant, owner, external_id, title, agent, agent_name, permissions,
    tools_approved, thinking, working_dir, max_iterations, metadata, last_seq, run_token, leaf_id)
  select i.session, i.tenant, i.owner, i.external_id, i.title, i.agent, i.agent_name, i.permissions,
    i.tools_approved, i.thinking, i.working_dir, i.max_iterations, i.session_metadata, i.count, 1,
    i.new_leaf
  from item i where i.fresh
  on conflict do nothing returning id
), held as (
  select i.entry, s.id, s.last_seq, s.run_token
  from sessions s join item i on i.session = s.id
  where not i.fresh and s.tenant = i.tenant and (i.owner is null or s.owner = i.owner)
    and s.root_id is null and s.leaf_id is not distinct from i.leaf
  for update of s
), target as (
  select i.entry, i.session, 0::bigint as base, 1::bigint as token
  from item i join made m on m.id = i.session
  union all
  select h.entry, h.id, h.last_seq, h.run_token + 1 from held h
), started as (
  insert into runs (id, tenant, session_id, root_session_id, status, agent, agent_name,
    agent_version, model, options, iteration_limit, metadata, lease_owner, lease_expires_at, token,
    attempt, first_seq, started_at)
  select i.run, i.tenant, t.session, t.session, 'running', i.agent, i.agent_name, i.version, i.model,
    i.options, i.iteration_limit, i.metadata, i.instance, now() + interval '${leaseSeconds} s',
    t.token, 1, t.base + 1, now()
  from target t join item i on i.entry = t.entry
  on conflict do nothing returning id
), begun as (
  select t.*, i.tenant, i.count, i.agent, i.agent_name, i.new_leaf, i.fresh,
    i.keeps_model
  from started r join item i on i.run = r.id join target t on t.entry = i.entry
), moved as (
  update sessions s set last_seq = s.last_seq + b.count, run_token = b.token, agent = b.agent,
    agent_name = b.agent_name,
    model_override = case when b.keeps_model then s.model_override end, leaf_id = coalesce(b.new_leaf, s.leaf_id), updated_at = now()
  from begun b where s.id = b.session and not b.fresh
), new_events as (
  insert into events (session_id, seq, tenant, run_id, agent, type, data)
  select b.session, b.base + e.i, b.tenant, e.r, e.a, e.t, e.d
  from json_to_recordset($2::text::json) as e(e int, i int, r text, a text, t text, d text)
  join begun b on b.entry = e.e
), new_messages as (
  insert into messages (id, tenant, session_id, parent_id, role, seq, body, created_at)
  select m.id, b.tenant, b.session, m.parent, m.role, b.base + m.i, m.body::json, m.created
  from json_to_recordset($3::text::json) as m(e int, i int, id text, parent text, role text,
    created timestamptz, body text)
  join begun b on b.entry = m.e
)
select entry, base, token, floor(extract(epoch from now()) * 1000)::double precision as time
from begun`

/** An idle or busy session as a start needs to see it. */
export type StartableSession = {
  id: string
  owner: string
  leaf: string | null
  activeRunId: string | null
  agent: string | null
  agentName: string | null
  maxIterations: number | null
  title: string | null
  workingDir: string | null
  totals: Usage
  /** The model that its agent changed to. */
  picked: string | null
  summary: SessionSummary | null
  settings: SessionSettings
}

export async function findStartable(
  database: Statements,
  scope: Scope,
  idOrExternalId: string,
): Promise<StartableSession | null> {
  const [row] = await database.query<StartableRow>(
    `select s.id, s.owner, s.leaf_id as leaf, s.agent, s.agent_name as "agentName",
       s.max_iterations as "maxIterations", s.title, s.working_dir as "workingDir",
       ${usageJson('s')} as totals, s.permissions, s.tools_approved as "toolsApproved",
       s.allowed_tools as "allowedTools", s.thinking, s.model_override as picked,
       ${latestSummary} as summary,
       (select r.id from runs r where r.session_id = s.id
          and r.status in ('queued', 'running', 'waiting')) as "activeRunId"
     from sessions s
     where s.tenant = $1 and ($2::text is null or s.owner = $2) and s.root_id is null
       and (s.id = $3 or s.external_id = $3)
     order by s.id = $3 desc limit 1`,
    [scope.tenant, scope.owner, idOrExternalId],
  )
  return row ? withSettings(row) : null
}

type SettingsColumns = {
  permissions: Permissions
  toolsApproved: boolean
  allowedTools: string[]
  thinking: boolean
}
type StartableRow = Omit<StartableSession, 'settings'> & SettingsColumns

function withSettings<Row extends SettingsColumns>(row: Row) {
  const { permissions, toolsApproved, allowedTools, thinking, ...rest } = row
  return { ...rest, settings: { permissions, toolsApproved, allowedTools, thinking } }
}

export type ClaimedRun = {
  id: string
  attempt: number
  /** Its last owner is gone: what it had in hand may or may not have happened. */
  recovered: boolean
  /** What it waited for, when it was parked. */
  waited: string | null
}

/**
 * Takes over runs that nobody holds: queued, running with a lease that ran out, or parked with
 * questions that have expired. Moves each
 * session's fence, so that what the last owner still has in hand is refused. With `orphans` a
 * running run of another owner counts too: the embedded database has only one process.
 */
export function claimRuns(
  database: Statements,
  { instance, limit, orphans }: { instance: string; limit: number; orphans: boolean },
): Promise<ClaimedRun[]> {
  return database.query<ClaimedRun>(
    `with due as (
       select id, session_id, status, waiting_for->>'kind' as waited from runs
       where parent_run_id is null and (status = 'queued'
         or (status = 'running' and (lease_expires_at < now()
           or ($3::boolean and lease_owner is distinct from $1)))
         or (status = 'waiting' and wake_at <= now()))
       order by created_at, id limit $2 for update skip locked
     ), fenced as (
       update sessions s set run_token = s.run_token + 1 from due where s.id = due.session_id
       returning s.id, s.run_token
     )
     update runs r set status = 'running', lease_owner = $1, token = f.run_token,
       lease_expires_at = now() + interval '${leaseSeconds} s', waiting_for = null, wake_at = null,
       attempt = r.attempt + case when due.status = 'running' then 1 else 0 end
     from due join fenced f on f.id = due.session_id where r.id = due.id
     returning r.id, r.attempt, due.status = 'running' as recovered, due.waited`,
    [instance, limit, orphans],
  )
}

/** Renews the leases of this instance; what does not come back is lost. */
export function renewLeases(
  database: Statements,
  { instance, runs }: { instance: string; runs: string[] },
): Promise<{ id: string; cancelled: boolean }[]> {
  return database.query(
    `update runs set lease_expires_at = now() + interval '${leaseSeconds} s'
     where id = any($2::text[]) and lease_owner = $1 and status = 'running'
     returning id, cancel_requested_at is not null as cancelled`,
    [instance, runs],
  )
}

/** Gives a run back, so that any instance may take it at once. Answers whether it was still held. */
export async function releaseRun(
  database: Statements,
  { runId, token }: { runId: string; token: number },
): Promise<boolean> {
  const rows = await database.query(
    `update runs set status = 'queued', lease_owner = null, lease_expires_at = null
     where id = $1 and token = $2 and status = 'running' returning id`,
    [runId, token],
  )
  return rows.length > 0
}

/** The settings of a session as they are now. */
export async function readSettings(
  database: Statements,
  sessionId: string,
): Promise<SessionSettings | null> {
  const [row] = await database.query<SessionSettings>(
    `select permissions, tools_approved as "toolsApproved", allowed_tools as "allowedTools", thinking
     from sessions where id = $1`,
    [sessionId],
  )
  return row ?? null
}

/** A run and its session, as the loop enters it. */
export type LoadedRun = {
  id: string
  tenant: string
  owner: string
  sessionId: string
  rootSessionId: string
  token: number
  attempt: number
  status: string
  agent: string
  agentName: string
  agentVersion: string
  model: string | null
  options: RunOptions
  iterations: number
  iterationLimit: number
  plan: RunPlan | null
  cancelled: boolean
  createdAt: string
  firstSeq: number
  parentCallId: string | null
  usage: Usage
  leaf: string | null
  title: string | null
  workingDir: string | null
  picked: string | null
  summary: SessionSummary | null
  settings: SessionSettings
  totals: Usage
  lastSeq: number
}

export async function loadRun(database: Statements, runId: string): Promise<LoadedRun | null> {
  const rows = await database.query<LoadedRow>(`${loadColumns} where r.id = $1`, [runId])
  return rows[0] ? withSettings(rows[0]) : null
}

/** The sub-agent's run that a call of transfer_task began, if it did. */
export async function loadSubRun(database: Statements, callId: string): Promise<LoadedRun | null> {
  const rows = await database.query<LoadedRow>(`${loadColumns} where r.parent_call_id = $1`, [
    callId,
  ])
  return rows[0] ? withSettings(rows[0]) : null
}

/** Of the session `s`. */
const latestSummary = `(select json_build_object('text', m.text, 'seq', m.seq,
    'createdAt', ${isoTime('m.created_at')})
  from summaries m where m.session_id = s.id order by m.seq desc limit 1)`

function isoTime(column: string): string {
  return `to_char(${column} at time zone 'utc', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')`
}

function usageJson(alias: string): string {
  return `json_build_object('input_tokens', ${alias}.input_tokens, 'output_tokens', ${alias}.output_tokens,
    'cached_input_tokens', ${alias}.cached_input_tokens,
    'reasoning_tokens', ${alias}.reasoning_tokens, 'cost', ${alias}.cost)`
}

const loadColumns = `
select r.id, r.tenant, s.owner, r.session_id as "sessionId", r.root_session_id as "rootSessionId",
  r.token, r.attempt, r.status, r.agent, r.agent_name as "agentName",
  r.agent_version as "agentVersion", r.model, r.options, r.iterations,
  r.iteration_limit as "iterationLimit", r.plan, r.cancel_requested_at is not null as cancelled,
  ${isoTime('r.created_at')} as "createdAt", r.first_seq as "firstSeq",
  r.parent_call_id as "parentCallId", ${usageJson('r')} as usage, s.leaf_id as leaf, s.title,
  s.model_override as picked, ${latestSummary} as summary,
  t.working_dir as "workingDir", t.permissions, t.tools_approved as "toolsApproved",
  t.allowed_tools as "allowedTools", t.thinking, ${usageJson('t')} as totals,
  t.last_seq as "lastSeq"
from runs r join sessions s on s.id = r.session_id join sessions t on t.id = r.root_session_id`

type LoadedRow = Omit<LoadedRun, 'settings'> & SettingsColumns

/** The newest messages of a session that came after `after`, oldest first. */
export async function readHistory(
  database: Statements,
  {
    sessionId,
    limit,
    before,
    after,
  }: { sessionId: string; limit: number; before: number | null; after: number },
): Promise<{ seq: number; message: Message }[]> {
  const rows = await database.query<{ seq: number; body: Message }>(
    `select seq, body from messages where session_id = $1 and ($2::bigint is null or seq < $2)
       and seq > $4
     order by seq desc limit $3`,
    [sessionId, before, limit, after],
  )
  return rows.reverse().map((row) => ({ seq: row.seq, message: row.body }))
}

/** A call that still needs something done, with what people decided about it. */
export type OpenCall = {
  id: string
  messageId: string
  ordinal: number
  callId: string
  tool: string
  arguments: string
  argsHash: string
  definition: unknown
  executor: 'server' | 'client'
  effect: string
  state: string
  result: unknown
  approvalId: string | null
  approvalStatus: string | null
  approvalArguments: string | null
  approvalReason: string | null
  elicitationId: string | null
  elicitationStatus: string | null
  elicitationAction: 'accept' | 'decline' | 'cancel' | null
  elicitationContent: Record<string, unknown> | null
  elicitationHeld: boolean | null
  /** Of the question that is still open, if one is. */
  expiresAt: string | null
}

/** The calls of one assistant message, in the model's order. */
export function readCalls(
  database: Statements,
  { runId, messageId }: { runId: string; messageId: string },
): Promise<OpenCall[]> {
  return database.query<OpenCall>(
    `select c.id, c.message_id as "messageId", c.ordinal, c.call_id as "callId", c.tool, c.arguments,
       c.args_hash as "argsHash", c.definition, c.executor, c.effect, c.state, c.result,
       a.id as "approvalId", ${liveStatus('a')} as "approvalStatus", a.arguments as "approvalArguments",
       a.reason as "approvalReason", q.id as "elicitationId", ${liveStatus('q')} as "elicitationStatus",
       q.action as "elicitationAction", q.content as "elicitationContent",
       q.held as "elicitationHeld",
       case when q.status = 'pending' then q.expires_at
         when a.status = 'pending' then a.expires_at end as "expiresAt"
     from tool_calls c
     left join lateral (select * from approvals a where a.tool_call_id = c.id
       order by a.id desc limit 1) a on true
     left join lateral (select * from elicitations q where q.tool_call_id = c.id
       order by q.id desc limit 1) q on true
     where c.run_id = $1 and c.message_id = $2 order by c.ordinal`,
    [runId, messageId],
  )
}

/** A question that nobody answered in time is expired before anybody wrote so. */
function liveStatus(alias: string): string {
  return `case when ${alias}.status = 'pending' and ${alias}.expires_at <= now() then 'expired'
    else ${alias}.status end`
}

/** Hashes of a session's calls whose outcome is unknown. */
export async function readUnknownCalls(
  database: Statements,
  sessionId: string,
): Promise<Set<string>> {
  const rows = await database.query<{ hash: string }>(
    `select args_hash as hash from tool_calls where session_id = $1 and state = 'unknown'`,
    [sessionId],
  )
  return new Set(rows.map((row) => row.hash))
}

/**
 * The seq of the last `step_started` of a run, if its step has not ended: what a retry keeps to.
 * Events that stand between steps ended it, too.
 */
export async function findOpenStep(
  database: Statements,
  {
    rootSessionId,
    runId,
    step,
    after,
  }: { rootSessionId: string; runId: string; step: number; after: number },
): Promise<number | null> {
  const [row] = await database.query<{ seq: number; step: number }>(
    `select seq, (data::json->>'step')::int as step from events
     where session_id = $1 and seq >= $3 and run_id = $2
       and type in ('step_started', 'warning', 'session_compaction', 'plan_updated')
     order by seq desc limit 1`,
    [rootSessionId, runId, after],
  )
  return row && row.step === step ? row.seq : null
}

/** Keeps the version of an agent that a run pins; safe to call again. */
export async function saveAgentVersion(
  database: Statements,
  version: { version: string; name: string; file: unknown; baseDirectory: string },
): Promise<void> {
  await database.query(
    `insert into agent_versions (version, name, file, base_directory)
     values ($1, $2, $3::text::json, $4) on conflict do nothing`,
    [version.version, version.name, JSON.stringify(version.file), version.baseDirectory],
  )
}

export async function readAgentVersion(
  database: Statements,
  version: string,
): Promise<{ version: string; name: string; file: unknown; baseDirectory: string } | null> {
  const [row] = await database.query<{
    version: string
    name: string
    file: unknown
    baseDirectory: string
  }>(
    `select version, name, file, base_directory as "baseDirectory" from agent_versions
     where version = $1`,
    [version],
  )
  return row ?? null
}
