import type { RunBudget } from '#contract/budget.ts'
import type { MessageRole } from '#contract/message.ts'
import type { RunOptions } from '#contract/run.ts'
import type { NewSession } from '#contract/session.ts'
import type { Usage } from '#contract/usage.ts'
import { seqOf } from './branch.ts'
import type { Statements } from './database.ts'
import type { HeldKey } from './idempotency.ts'
import type { NewEvent, SessionSettings, SessionSummary } from './log.ts'
import { leaseSeconds } from './run-claims.ts'
import {
  latestSummary,
  levelOf,
  type SettingsColumns,
  usageJson,
  withSettings,
} from './run-columns.ts'
import type { Scope } from './scope.ts'

/** A run to begin, with the session to make for it or the idle session to begin it in. */
export type NewRun = {
  scope: Scope
  session:
    | { type: 'new'; id: string; owner: string; input: NewSession; background?: BackgroundOrigin }
    /**
     * `leaf` is the newest message of the active branch as the caller knows it. With `from` a new
     * branch begins behind that message, or at the beginning.
     */
    | { type: 'existing'; id: string; leaf: string | null; from?: { leaf: string | null } }
  runId: string
  agent: string
  agentName: string
  agentVersion: string
  model: string
  options: RunOptions
  iterationLimit: number
  budget: RunBudget
  metadata: Record<string, unknown>
  instance: string
  events: NewEvent[]
  trace: TraceContext | null
  /** Finished in the commit that begins the run; nothing is begun when somebody else holds it now. */
  key: HeldKey | null
}

/** The request that asked for a run, and the W3C Trace Context that its work belongs to. */
export type TraceContext = { request_id?: string; traceparent?: string; tracestate?: string }

/** Where the session of a background agent comes from. Nothing is begun when its parent is gone. */
export type BackgroundOrigin = {
  parentId: string
  /** The call that asked for it. */
  callId: string
  allowedTools: string[]
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
  const background = session.type === 'new' ? session.background : undefined
  const from = session.type === 'existing' ? session.from : undefined
  return {
    entry,
    tenant: run.scope.tenant,
    owner: session.type === 'new' ? session.owner : run.scope.owner,
    session: session.id,
    fresh: session.type === 'new',
    leaf: session.type === 'existing' ? session.leaf : null,
    new_leaf:
      run.events.findLast((event) => event.message)?.message?.message.id ?? from?.leaf ?? null,
    branches: from !== undefined,
    branch_from: from?.leaf ?? null,
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
    budget: run.budget,
    metadata: run.metadata,
    trace: run.trace,
    instance: run.instance,
    count: run.events.length,
    keeps_model: run.options.model === undefined,
    key: run.key?.key ?? null,
    key_owner: run.key?.owner ?? null,
    key_operation: run.key?.operation ?? null,
    key_lock: run.key?.lock ?? null,
    parent: background?.parentId ?? null,
    parent_call: background?.callId ?? null,
    allowed_tools: background?.allowedTools ?? [],
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

const mayBegin = '(i.key is null or i.entry in (select entry from own_key))'

// `held` locks the session before the run is inserted, so that the fence moves only for the one
// that gets in: a fence that moved for a refused start would cut off the run that is active.
const startStatement = `
with item as materialized (
  select * from json_to_recordset($1::text::json) as i(entry int, tenant text, owner text,
    session text, fresh boolean, leaf text, new_leaf text, branches boolean, branch_from text, external_id text, title text,
    permissions jsonb, tools_approved boolean, thinking boolean, working_dir text,
    max_iterations int, session_metadata jsonb, run text, agent text, agent_name text, version text,
    model text, options jsonb, iteration_limit int, budget jsonb, metadata jsonb, trace jsonb, instance text, count int,
    keeps_model boolean, key text, key_owner text, key_operation text, key_lock text, parent text, parent_call text, allowed_tools text[])
), own_key as materialized (
  select i.entry from item i join idempotency_keys k on k.tenant = i.tenant and k.owner = i.key_owner
    and k.operation = i.key_operation and k.key = i.key
  where k.status = 'in_flight' and k.created_at::text = i.key_lock
  for update of k
), parents as materialized (
  select p.id from sessions p join item i on i.parent = p.id for key share of p
), made as (
  insert into sessions (id, tenant, owner, external_id, title, agent, agent_name, permissions,
    tools_approved, thinking, working_dir, max_iterations, metadata, last_seq, run_token, leaf_id,
    parent_id, origin, allowed_tools)
  select i.session, i.tenant, i.owner, i.external_id, i.title, i.agent, i.agent_name, i.permissions,
    i.tools_approved, i.thinking, i.working_dir, i.max_iterations, i.session_metadata, i.count, 1,
    i.new_leaf, i.parent, case when i.parent is not null then 'background' end, i.allowed_tools
  from item i where i.fresh and ${mayBegin} and (i.parent is null or i.parent in (select id from parents))
  on conflict do nothing returning id
), held as (
  select i.entry, s.id, s.last_seq, s.run_token
  from sessions s join item i on i.session = s.id
  where not i.fresh and s.tenant = i.tenant and (i.owner is null or s.owner = i.owner)
    and s.root_id is null and s.leaf_id is not distinct from i.leaf and ${mayBegin}
    and not exists (select 1 from runs q where q.session_id = s.id and q.enqueued)
  for update of s
), target as (
  select i.entry, i.session, 0::bigint as base, 1::bigint as token
  from item i join made m on m.id = i.session
  union all
  select h.entry, h.id, h.last_seq, h.run_token + 1 from held h
), started as (
  insert into runs (id, tenant, session_id, root_session_id, status, agent, agent_name,
    agent_version, model, options, iteration_limit, budget, metadata, lease_owner, lease_expires_at, token,
    attempt, first_seq, started_at, parent_call_id, trace_context)
  select i.run, i.tenant, t.session, t.session, 'running', i.agent, i.agent_name, i.version, i.model,
    i.options, i.iteration_limit, i.budget, i.metadata, i.instance, now() + interval '${leaseSeconds} s',
    t.token, 1, t.base + 1, now(), i.parent_call, i.trace
  from target t join item i on i.entry = t.entry
  on conflict do nothing returning id
), begun as (
  select t.*, i.tenant, i.count, i.agent, i.agent_name, i.new_leaf, i.fresh, i.keeps_model,
    i.branches, i.branch_from
  from started r join item i on i.run = r.id join target t on t.entry = i.entry
), finished_keys as (
  update idempotency_keys k set status = 'done', run_id = i.run, session_id = b.session
  from begun b join item i on i.entry = b.entry
  where k.tenant = i.tenant and k.owner = i.key_owner and k.operation = i.key_operation
    and k.key = i.key
), moved as (
  update sessions s set last_seq = s.last_seq + b.count, run_token = b.token, agent = b.agent,
    agent_name = b.agent_name,
    model_override = case when b.keeps_model then s.model_override end, leaf_id = coalesce(b.new_leaf, s.leaf_id),
    branched = s.branched or b.branches, updated_at = now()
  from begun b where s.id = b.session and not b.fresh
), new_branches as (
  insert into branches (session_id, seq, tenant, parent_seq)
  select b.session, b.base + 1, b.tenant, ${seqOf('b.branch_from', 'b.session')}
  from begun b where b.branches
  on conflict (session_id, seq) do update set parent_seq = excluded.parent_seq
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
  /** Other branches than that of `leaf` hold messages, too. */
  branched: boolean
  /** The active run, else the first of those that are enqueued. */
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
  /** How many agents stand above it. */
  level: number
  settings: SessionSettings
}

/** With `from` the summary is that of the branch that ends there; `leaf` is still the active one. */
export async function findStartable(
  database: Statements,
  scope: Scope,
  idOrExternalId: string,
  from?: { leaf: string | null },
): Promise<StartableSession | null> {
  const [row] = await database.query<StartableRow>(
    `select s.id, s.owner, s.leaf_id as leaf, s.agent, s.agent_name as "agentName",
       s.max_iterations as "maxIterations", s.title, s.working_dir as "workingDir",
       ${usageJson('s')} as totals, s.permissions, s.tools_approved as "toolsApproved",
       s.allowed_tools as "allowedTools", s.thinking, s.model_override as picked,
       ${latestSummary(startsFrom)} as summary, ${levelOf} as level,
       (select r.id from runs r where r.session_id = s.id
          and r.status in ('queued', 'running', 'waiting') order by r.enqueued, r.id limit 1)
         as "activeRunId", s.branched
     from sessions s
     where s.tenant = $1 and ($2::text is null or s.owner = $2) and s.root_id is null
       and (s.id = $3 or s.external_id = $3)
     order by s.id = $3 desc limit 1`,
    [scope.tenant, scope.owner, idOrExternalId, from !== undefined, from?.leaf ?? null],
  )
  return row ? withSettings(row) : null
}

const startsFrom = {
  leaf: 'case when $4::boolean then $5::text else s.leaf_id end',
  branched: '(s.branched or $4::boolean)',
}

/** A message of a conversation that runs can be started in. */
export async function findTurn(
  database: Statements,
  scope: Scope,
  { session, messageId }: { session: string; messageId: string },
): Promise<{ role: MessageRole; parentId: string | null } | null> {
  const [row] = await database.query<{ role: MessageRole; parentId: string | null }>(
    `select m.role, m.parent_id as "parentId" from messages m
     where m.id = $4 and m.session_id = (
       select s.id from sessions s where s.tenant = $1 and ($2::text is null or s.owner = $2)
         and s.root_id is null and (s.id = $3 or s.external_id = $3) order by s.id = $3 desc limit 1)`,
    [scope.tenant, scope.owner, session, messageId],
  )
  return row ?? null
}

type StartableRow = Omit<StartableSession, 'settings'> & SettingsColumns
