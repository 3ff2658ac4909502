import type { RunBudget } from '#contract/budget.ts'
import type { Usage } from '#contract/usage.ts'
import type { Database, Statements } from './database.ts'
import { type Decided, findSession } from './decisions.ts'
import { lockSession } from './requeue.ts'
import { usageJson } from './run-columns.ts'
import type { Scope } from './scope.ts'

/** What a run has spent, its sub-agents included, and what it may. */
export type SpentRun = {
  id: string
  /** null for the run that was asked for. */
  parentRunId: string | null
  budget: RunBudget
  usage: Usage
  toolCalls: number
  activeMs: number
}

/**
 * At a budget: `decide` gets the parked run and the runs of its sub-agents, and answers the budgets
 * that change. What it throws leaves everything as it was. null: no run of the session waits there.
 */
export function decideBudget(
  database: Database,
  scope: Scope,
  { session, decide }: { session: string; decide(runs: SpentRun[]): Map<string, RunBudget> },
): Promise<Decided | null> {
  return database.transaction(async (tx) => {
    const rootSessionId = await findSession(tx, scope, session)
    if (!rootSessionId) return null
    await lockSession(tx, rootSessionId)
    const runs = await readParkedRuns(tx, rootSessionId)
    const root = runs.find((run) => run.parentRunId === null)
    if (!root) return null
    for (const [id, budget] of decide(runs)) {
      await tx.query('update runs set budget = $2::text::jsonb where id = $1', [
        id,
        JSON.stringify(budget),
      ])
    }
    await tx.query(`update runs set status = 'queued', attempt = 1 where id = $1`, [root.id])
    return { rootSessionId, requeuedRunId: root.id }
  })
}

/** Empty unless the session's own run waits at a budget. */
function readParkedRuns(tx: Statements, rootSessionId: string): Promise<SpentRun[]> {
  return tx.query<SpentRun>(
    `select r.id, r.parent_run_id as "parentRunId", coalesce(r.budget, $2::text::jsonb) as budget,
       r.tool_call_count as "toolCalls", r.active_ms as "activeMs", ${usageJson('r')} as usage
     from runs r
     where r.root_session_id = $1 and r.status in ('waiting', 'running') and exists (
       select 1 from runs w where w.session_id = $1 and w.status = 'waiting'
         and w.waiting_for->>'kind' = 'budget')
     order by r.id`,
    [rootSessionId, JSON.stringify({ limits: {}, portions: {} } satisfies RunBudget)],
  )
}
