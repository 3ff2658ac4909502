import type { RunBudget } from '#contract/budget.ts'
import type { Message } from '#contract/message.ts'
import type { RunOptions } from '#contract/run.ts'
import type { Usage } from '#contract/usage.ts'
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
  leaf: string | null
  title: string | null
  workingDir: string | null
  picked: string | null
  summary: SessionSummary | null
  settings: SessionSettings
  totals: Usage
  /** How many agents stand above it. */
  level: number
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

const loadColumns = `
select r.id, r.tenant, s.owner, r.session_id as "sessionId", r.root_session_id as "rootSessionId",
  r.token, r.attempt, r.status, r.agent, r.agent_name as "agentName",
  r.agent_version as "agentVersion", r.model, r.options, r.iterations,
  r.iteration_limit as "iterationLimit", r.budget, r.tool_call_count as "toolCalls",
  r.active_ms as "activeMs", r.plan, r.cancel_requested_at is not null as cancelled,
  ${isoTime('r.created_at')} as "createdAt", r.first_seq as "firstSeq",
  r.parent_call_id as "parentCallId", ${usageJson('r')} as usage, s.leaf_id as leaf, s.title,
  s.model_override as picked, ${latestSummary} as summary,
  t.working_dir as "workingDir", t.permissions, t.tools_approved as "toolsApproved",
  t.allowed_tools as "allowedTools", t.thinking, ${usageJson('t')} as totals,
  ${levelOf} as level, t.last_seq as "lastSeq"
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
       and type in ('step_started', 'warning', 'session_compaction', 'plan_updated', 'budget_exceeded')
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
