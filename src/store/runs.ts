import type { RunBudget } from '#contract/budget.ts'
import type { Message } from '#contract/message.ts'
import { Problem } from '#contract/problem.ts'
import type { Run, RunError, RunStatus, StopReason, WaitingFor } from '#contract/run.ts'
import type { Statements } from './database.ts'
import { afterId, decodeCursor, toPage } from './page.ts'
import type { Page, PageRequest, Scope } from './scope.ts'
import { namedSession } from './session-row.ts'
import { toUsage, type UsageColumns } from './usage.ts'

/** What agents did and do. */
export function createRuns({ database }: { database: Statements }) {
  return {
    async get(scope: Scope, id: string): Promise<Run | null> {
      const [row] = await database.query<RunRow>(
        `select ${runColumns} from runs r join sessions s on s.id = r.session_id
         where r.id = $3 and r.tenant = $1 and s.tenant = $1 and ($2::text is null or s.owner = $2)`,
        [scope.tenant, scope.owner, id],
      )
      return row ? toRun(row) : null
    },

    /** Runs of an agent, without those of sub-agents; `total` counts to a thousand. */
    async ofAgent(
      scope: Scope,
      page: PageRequest,
      {
        agent,
        session,
        status,
        since,
      }: { agent: string; session?: string; status?: RunStatus; since?: string },
    ): Promise<Page<Run> & { total: number }> {
      const chosen = `runs r join sessions s on s.id = r.session_id
         where r.tenant = $1 and s.tenant = $1 and ($2::text is null or s.owner = $2)
           and r.agent = $3 and r.parent_run_id is null
           and ($4::text is null or s.id = $4 or s.external_id = $4)
           and ($5::text is null or r.status = $5)
           and ($6::text is null
             or coalesce(r.finished_at, r.started_at, r.created_at) >= $6::timestamptz)`
      const values = [
        scope.tenant,
        scope.owner,
        agent,
        session ?? null,
        status ?? null,
        since ?? null,
      ]
      const [after = null] = decodeCursor(page, 1) ?? []
      const rows = await database.query<RunRow>(
        `select ${runColumns} from ${chosen} and ${afterId(page, 'r.id', '$7')}
         order by r.id ${page.order} limit $8`,
        [...values, after, page.limit + 1],
      )
      const [row] = await database.query<{ total: number }>(
        `select count(*)::int as total from (select 1 from ${chosen} limit 1000) counted`,
        values,
      )
      const shown = toPage({ rows, limit: page.limit, keyOf: ({ id }) => [id], toItem: toRun })
      return { ...shown, total: row?.total ?? 0 }
    },

    /** The newest run that is not over and whose metadata holds this. */
    async findActive(scope: Scope, metadata: Record<string, unknown>): Promise<Run | null> {
      const [row] = await database.query<RunRow>(
        `select ${runColumns} from runs r join sessions s on s.id = r.session_id
         where r.status in ('queued', 'running', 'waiting') and r.metadata @> $3::text::jsonb
           and r.tenant = $1 and s.tenant = $1 and ($2::text is null or s.owner = $2)
         order by r.id desc limit 1`,
        [scope.tenant, scope.owner, JSON.stringify(metadata)],
      )
      return row ? toRun(row) : null
    },

    /** Runs of the scope's sessions that run or are about to, sub-agents' aside; `most` at most. */
    async countActive(scope: Scope, most: number): Promise<number> {
      const [row] = await database.query<{ count: number }>(
        `select count(*)::int as count from (
           select 1 from runs r join sessions s on s.id = r.session_id
           where r.status in ('queued', 'running') and r.parent_run_id is null and not r.enqueued
             and r.tenant = $1 and s.tenant = $1 and ($2::text is null or s.owner = $2)
           limit $3) active`,
        [scope.tenant, scope.owner, most],
      )
      return row?.count ?? 0
    },

    /** A run with the seq before its first event, and whether that is known yet. */
    async started(
      scope: Scope,
      id: string,
    ): Promise<{ run: Run; after: number; begun: boolean } | null> {
      const [row] = await database.query<RunRow & { after: number }>(
        `select ${runColumns}, r.first_seq - 1 as after
         from runs r join sessions s on s.id = r.session_id
         where r.id = $3 and r.tenant = $1 and s.tenant = $1 and ($2::text is null or s.owner = $2)`,
        [scope.tenant, scope.owner, id],
      )
      return row ? { run: toRun(row), after: row.after, begun: row.started_at !== null } : null
    },

    /** The newest message of the run's agent, in its own session. */
    async answer(scope: Scope, id: string): Promise<Message | null> {
      const [row] = await database.query<{ body: Message }>(
        `select m.body from runs r join sessions s on s.id = r.session_id
           join messages m on m.session_id = r.session_id
             and m.seq between r.first_seq and coalesce(r.last_seq, s.last_seq)
         where r.id = $3 and r.tenant = $1 and ($2::text is null or s.owner = $2)
           and m.role = 'assistant'
         order by m.seq desc limit 1`,
        [scope.tenant, scope.owner, id],
      )
      return row?.body ?? null
    },

    /** What users and agents said in the run's own session while it was, the newest first. */
    async said(scope: Scope, id: string, most: number): Promise<Message[]> {
      const rows = await database.query<{ body: Message }>(
        `select m.body from runs r join sessions s on s.id = r.session_id
           join messages m on m.session_id = r.session_id
             and m.seq between r.first_seq and coalesce(r.last_seq, s.last_seq)
         where r.id = $3 and r.tenant = $1 and ($2::text is null or s.owner = $2)
           and m.role in ('user', 'assistant')
         order by m.seq desc limit $4`,
        [scope.tenant, scope.owner, id, most],
      )
      return rows.map(({ body }) => body)
    },

    /** The active run of a session, else the newest of those that did not wait to begin. */
    async latest(scope: Scope, sessionId: string): Promise<Run | null> {
      const [row] = await database.query<RunRow>(
        `select ${runColumns} from runs r
         where r.tenant = $1 and r.id = coalesce(
           (select a.id from runs a where a.session_id = $2
              and a.status in ('queued', 'running', 'waiting') and not a.enqueued),
           (select n.id from runs n where n.session_id = $2 and not n.enqueued
            order by n.id desc limit 1))`,
        [scope.tenant, sessionId],
      )
      return row ? toRun(row) : null
    },

    /** The runs of a session. `not_found` for a session that is not there. */
    async list(scope: Scope, sessionId: string, page: PageRequest): Promise<Page<Run>> {
      const [session] = await database.query<{ id: string }>(
        `select s.id from sessions s where ${namedSession} order by s.id = $3 desc limit 1`,
        [scope.tenant, scope.owner, sessionId],
      )
      if (session === undefined) throw new Problem('not_found', `There is no session ${sessionId}`)
      const [after = null] = decodeCursor(page, 1) ?? []
      const rows = await database.query<RunRow>(
        `select ${runColumns} from runs r where r.tenant = $1 and r.session_id = $2
           and ${afterId(page, 'r.id', '$3')}
         order by r.id ${page.order} limit $4`,
        [scope.tenant, session.id, after, page.limit + 1],
      )
      return toPage({ rows, limit: page.limit, keyOf: (row) => [row.id], toItem: toRun })
    },
  }
}

export type RunRow = UsageColumns & {
  id: string
  session_id: string
  status: RunStatus
  agent: string
  agent_name: string
  model: string | null
  created_at: string
  started_at: string | null
  finished_at: string | null
  iterations: number
  stop_reason: StopReason | null
  completed: boolean
  waiting_for: WaitingFor | null
  error: RunError | null
  tool_call_count: number
  budget: RunBudget | null
  metadata: Record<string, unknown>
}

/** The columns of a RunRow from `runs r`. */
export const runColumns = `r.id, r.session_id, r.status, r.agent, r.agent_name, r.model, r.created_at,
  r.started_at, r.finished_at, r.iterations, r.stop_reason, r.completed, r.waiting_for, r.error,
  r.input_tokens, r.output_tokens, r.cached_input_tokens, r.reasoning_tokens, r.cost,
  r.tool_call_count, r.budget, r.metadata`

export function toRun(row: RunRow): Run {
  return {
    id: row.id,
    session_id: row.session_id,
    status: row.status,
    agent: row.agent,
    agent_name: row.agent_name,
    model: row.model,
    created_at: row.created_at,
    started_at: row.started_at,
    finished_at: row.finished_at,
    iterations: row.iterations,
    stop_reason: row.stop_reason,
    completed: row.completed,
    waiting_for: row.waiting_for,
    error: row.error,
    usage: toUsage(row),
    tool_calls: row.tool_call_count,
    budget: row.budget?.limits ?? {},
    metadata: row.metadata,
  }
}
