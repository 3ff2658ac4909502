import type { Message } from '#contract/message.ts'
import { Problem } from '#contract/problem.ts'
import type { OnBusy, Run } from '#contract/run.ts'
import { noUsage } from '#contract/usage.ts'
import type { Enqueued, QueuedRun, Steering } from '#store/run-queue.ts'
import type { StartableSession } from '#store/run-start.ts'
import type { Scope } from '#store/scope.ts'
import type { Executor } from './executor.ts'
import type { StartedRun } from './runtime.ts'

type Row = Omit<QueuedRun, 'sessionId' | 'messages' | 'policy'>

/**
 * What becomes of a run for a session that is busy: refused, put behind the active one or in its
 * place, or its messages handed to the active one. null: the session is not busy any more.
 */
export async function placeRun({
  session,
  row,
  messages,
  policy,
  branch,
  executor,
  rows,
}: {
  session: Pick<StartableSession, 'id' | 'activeRunId'>
  row: Row
  messages: Message[]
  policy: OnBusy
  /** It begins a branch when its turn comes. */
  branch?: { leaf: string | null } | undefined
  executor: Pick<Executor, 'interrupt' | 'kick'>
  rows: {
    enqueue(run: QueuedRun): Promise<Enqueued | null>
    steer(request: Steering): Promise<{ runId: string } | null>
    started(scope: Scope, runId: string): Promise<StartedRun | null>
  }
}): Promise<StartedRun | null> {
  if (policy === 'reject') throw busy(session)
  if (branch && (policy === 'steer' || policy === 'rollback')) throw notForBranches(policy)
  if (messages.length === 0 && policy !== 'enqueue' && !branch) throw nothingPosted(policy)
  const place = { sessionId: session.id, messages }
  if (policy === 'steer') {
    const { scope, key } = row
    const steered = await rows.steer({ scope, key, ...place })
    if (steered) return rows.started(scope, steered.runId)
  }
  // Where no run is active but some wait to begin, there is none to steer: it waits with them.
  const queued = {
    ...row,
    ...place,
    branch,
    policy: policy === 'steer' ? 'enqueue' : policy,
  } as const
  const placed = await rows.enqueue(queued)
  if (!placed) return null
  const { ending, after, createdAt } = placed
  if (ending) {
    executor.interrupt(ending.id)
    if (ending.queued) executor.kick()
  }
  return { run: newRun(row, { sessionId: session.id, createdAt }), after, begun: false }
}

/** A run as its row is before it begins. */
export function newRun(
  row: Pick<Row, 'runId' | 'agent' | 'agentName' | 'model' | 'budget' | 'metadata'>,
  { sessionId, createdAt }: { sessionId: string; createdAt: string },
): Run {
  return {
    id: row.runId,
    session_id: sessionId,
    status: 'queued',
    agent: row.agent,
    agent_name: row.agentName,
    model: row.model,
    created_at: createdAt,
    started_at: null,
    finished_at: null,
    iterations: 0,
    stop_reason: null,
    completed: false,
    waiting_for: null,
    error: null,
    usage: noUsage,
    tool_calls: 0,
    budget: row.budget.limits,
    metadata: row.metadata,
  }
}

/** The refusal of a run for a session that has one. */
export function busy({ id, activeRunId }: Pick<StartableSession, 'id' | 'activeRunId'>): Problem {
  return new Problem(
    'session_busy',
    `Session ${id} has an active run; wait for ${activeRunId}, cancel it, or say with on_busy what is to become of the two`,
    activeRunId === null ? {} : { active_run_id: activeRunId },
  )
}

function notForBranches(policy: OnBusy): Problem {
  return new Problem('validation_failed', `on_busy: ${policy} is not for a run on a new branch`, {
    errors: [{ path: 'on_busy', message: 'must be reject, enqueue or interrupt' }],
  })
}

function nothingPosted(policy: OnBusy): Problem {
  return new Problem('validation_failed', `on_busy: ${policy} needs a message; post one`, {
    errors: [{ path: 'messages', message: `must not be empty with on_busy: ${policy}` }],
  })
}
