import type { RunBudget } from '#contract/budget.ts'
import type { Message } from '#contract/message.ts'
import type { RunOptions } from '#contract/run.ts'
import type { Usage } from '#contract/usage.ts'
import { beforeAll, branchRanges, seqOf } from './branch.ts'
import type { Statements } from './database.ts'
import type { RunPlan, SessionSettings, SessionSummary } from './log.ts'
import {
  isoTime,
  latestSummary,
  levelOf,
  type SettingsColumns,
  usageJson,
  withSettings,
} from './run-columns.ts'
import type { TraceContext } from './run-start.ts'

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
  budget: RunBudget | null
  toolCalls: number
  /** Milliseconds that it was in the hands of a process. */
  activeMs: number
  plan: RunPlan | null
  cancelled: boolean
  createdAt: string
  firstSeq: number
  parentCallId: string | null
  usage: Usage
  /** The message that the run goes on from. */
  leaf: string | null
  /** Other branches than that of `leaf` hold messages, too. */
  branched: boolean
  /** Its first events are in the log. */
  begun: boolean
  /** Where the messages begin that those of a run which is about to begin take the place of. */
  replacedSeq: number | null
  /** Where it is about to begin a branch. */
  branch: { leaf: string | null } | null
  title: string | null
  workingDir: string | null
  picked: string | null
  summary: SessionSummary | null
  settings: SessionSettings
  totals: Usage
  /** How many agents stand above it. */
  level: number
  trace: TraceContext | null
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

const branchColumn = 'case when r.started_at is null then r.branch_from end'
const leafColumn = `case when ${branchColumn} is not null then r.branch_from->>'leaf'
  when b.seq is not null then b.parent_id else s.leaf_id end`
const branchedColumn = `(s.branched or b.seq is not null or ${branchColumn} is not null)`

const loadColumns = `
select r.id, r.tenant, s.owner, r.session_id as "sessionId", r.root_session_id as "rootSessionId",
  r.token, r.attempt, r.status, r.agent, r.agent_name as "agentName",
  r.agent_version as "agentVersion", r.model, r.options, r.iterations,
  r.iteration_limit as "iterationLimit", r.budget, r.tool_call_count as "toolCalls",
  r.active_ms as "activeMs", r.plan, r.cancel_requested_at is not null as cancelled,
  ${isoTime('r.created_at')} as "createdAt", r.first_seq as "firstSeq",
  r.parent_call_id as "parentCallId", ${usageJson('r')} as usage, s.title,
  ${leafColumn} as leaf, ${branchedColumn} as branched, r.started_at is not null as begun,
  b.seq as "replacedSeq", ${branchColumn} as branch,
  s.model_override as picked, ${latestSummary({ leaf: leafColumn, branched: branchedColumn })} as summary,
  t.working_dir as "workingDir", t.permissions, t.tools_approved as "toolsApproved",
  t.allowed_tools as "allowedTools", t.thinking, ${usageJson('t')} as totals,
  ${levelOf} as level, r.trace_context as trace, t.last_seq as "lastSeq"
from runs r join sessions s on s.id = r.session_id join sessions t on t.id = r.root_session_id
left join lateral (
  select m.seq, m.parent_id from runs p join messages m on m.session_id = p.session_id
    and m.seq between p.first_seq and p.last_seq
  where p.id = r.replaces and r.started_at is null order by m.seq limit 1) b on true`

type LoadedRow = Omit<LoadedRun, 'settings'> & SettingsColumns

/**
 * The newest messages up to `leaf` that came after the seq `after`, oldest first; null: all of them. Where nothing ever
 * branched off, those are the session's messages in the order of their seq, before `before`.
 */
export async function readHistory(
  database: Statements,
  {
    sessionId,
    limit,
    leaf,
    branched,
    before,
    after,
  }: {
    sessionId: string
    limit: number
    leaf: string | null
    branched: boolean
    before: number | null
    after: number | null
  },
): Promise<{ seq: number; message: Message }[]> {
  const rows = await database.query<{ seq: number; body: Message }>(
    branched ? branchStatement : lineStatement,
    [sessionId, branched ? leaf : before, limit, after ?? beforeAll],
  )
  return rows.reverse().map((row) => ({ seq: row.seq, message: row.body }))
}

const lineStatement = `
select seq, body from messages where session_id = $1 and ($2::bigint is null or seq < $2)
  and seq > $4
order by seq desc limit $3`

const branchStatement = `
${branchRanges({ session: '$1', from: seqOf('$2', '$1'), most: '$3' })}
select m.seq, m.body from ranges r cross join lateral (
  select m.seq, m.body from messages m
  where m.session_id = $1 and m.seq between r.low and r.high and m.seq > $4
  order by m.seq desc limit $3) m
order by r.high desc, m.seq desc limit $3`

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
       and type in ('step_started', 'warning', 'session_compaction', 'plan_updated', 'budget_exceeded',
         'user_message')
     order by seq desc limit 1`,
    [rootSessionId, runId, after],
  )
  return row && row.step === step ? row.seq : null
}

/** A version of an agent that a run pins, with the pins of the sources that it names. */
export type KeptVersion = {
  version: string
  name: string
  file: unknown
  baseDirectory: string
  links: Record<string, { name: string; agentName: string; source: string; pin: string }> | null
}

/** Keeps the version of an agent that a run pins; safe to call again. */
export async function saveAgentVersion(database: Statements, version: KeptVersion): Promise<void> {
  await database.query(
    `insert into agent_versions (version, name, file, base_directory, links)
     values ($1, $2, $3::text::json, $4, $5::text::json) on conflict do nothing`,
    [
      version.version,
      version.name,
      JSON.stringify(version.file),
      version.baseDirectory,
      version.links && JSON.stringify(version.links),
    ],
  )
}

export async function readAgentVersion(
  database: Statements,
  version: string,
): Promise<KeptVersion | null> {
  const [row] = await database.query<KeptVersion>(
    `select version, name, file, base_directory as "baseDirectory", links from agent_versions
     where version = $1`,
    [version],
  )
  return row ?? null
}

/** What the hooks of an agent gave for its prompt in a session; null: they were not asked yet. */
export async function readSessionContext(
  database: Statements,
  { sessionId, agentName }: { sessionId: string; agentName: string },
): Promise<string | null> {
  const [row] = await database.query<{ text: string }>(
    'select text from session_contexts where session_id = $1 and agent_name = $2',
    [sessionId, agentName],
  )
  return row?.text ?? null
}
