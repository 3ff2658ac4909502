import type { Budget, RunBudget } from '#contract/budget.ts'
import { Problem } from '#contract/problem.ts'
import type { Run } from '#contract/run.ts'
import type { Approval } from '#contract/session.ts'
import type { SpentRun } from '#store/budget-decisions.ts'
import type { ApprovalTarget, Decided } from '#store/decisions.ts'
import type { Scope } from '#store/scope.ts'
import { actorOf } from './actor.ts'
import { checkArguments } from './arguments.ts'
import { cancelBackground } from './background.ts'
import { raiseBudgets, stopBudgets } from './budget.ts'
import type { Executor } from './executor.ts'
import { moreIterations } from './limits.ts'
import type { Decision, Runs, StartedRun } from './runtime.ts'

/** The statements that decide things, each one transaction. */
export type DecisionRows = {
  decideApproval(
    scope: Scope,
    target: ApprovalTarget,
    decision: {
      approve: boolean
      scope: Decision['scope']
      reason: string | null
      arguments: string | null
      decidedBy: string
    },
  ): Promise<(Decided & { approvalId: string }) | null>
  decideIterations(
    scope: Scope,
    request: { session: string; more: number | null },
  ): Promise<Decided | null>
  decideBudget(
    scope: Scope,
    request: { session: string; decide(runs: SpentRun[]): Map<string, RunBudget> },
  ): Promise<Decided | null>
  findElicitation(
    scope: Scope,
    request: { session: string; elicitationId: string | null },
  ): Promise<{ id: string; schema: Record<string, unknown> | null } | null>
  answerElicitation(
    scope: Scope,
    answer: { id: string; action: string; content: Record<string, unknown> | null },
  ): Promise<Decided | null>
  submitClientResult(
    scope: Scope,
    request: { session: string; toolCallId: string; result: string },
  ): Promise<Decided | null>
  requestCancel(
    scope: Scope,
    runId: string,
  ): Promise<{ id: string; status: string; queued: boolean } | null>
  activeRun(
    scope: Scope,
    session: string,
  ): Promise<{ sessionId: string; runId: string | null } | null>
  /** The active runs of the agents that work in the background below a session. */
  backgroundRuns(scope: Scope, session: string): Promise<string[]>
  run(scope: Scope, runId: string): Promise<Run | null>
  started(scope: Scope, runId: string): Promise<StartedRun | null>
  dropQueue(scope: Scope, session: string): Promise<void>
  approval(scope: Scope, approvalId: string): Promise<Approval | null>
  /** The run that a session's last or active one is. */
  latestRun(scope: Scope, rootSessionId: string): Promise<Run | null>
}

/** How long a cancel waits for the run to be closed, in milliseconds. */
const cancelWait = 2000
const pollEvery = 50

/** Everything that callers can do to runs that have begun. */
export function createRuns({
  starter,
  executor,
  onAnswer,
  rows,
}: {
  starter: Pick<Runs, 'start' | 'startNew'>
  executor: Executor
  /** A question was answered that a call of this process may hold open. */
  onAnswer(elicitationId: string): void
  rows: DecisionRows
}): Runs {
  async function runOf(scope: Scope, { rootSessionId, requeuedRunId }: Decided): Promise<Run> {
    if (requeuedRunId) executor.kick()
    const run = await rows.latestRun(scope, rootSessionId)
    if (!run) throw new Problem('not_found', `Session ${rootSessionId} is gone`)
    return run
  }

  async function getRun(scope: Scope, runId: string): Promise<Run> {
    const run = await rows.run(scope, runId)
    if (!run) throw new Problem('not_found', `There is no run ${runId}`)
    return run
  }

  async function cancel(scope: Scope, runId: string): Promise<Run> {
    const asked = await rows.requestCancel(scope, runId)
    if (!asked) throw new Problem('not_found', `There is no run ${runId}`)
    if (!isActive(asked.status)) return getRun(scope, runId)
    executor.interrupt(asked.id)
    if (asked.queued) executor.kick()
    const until = performance.now() + cancelWait
    await Promise.race([executor.released(asked.id), sleep(cancelWait)])
    for (;;) {
      const run = await getRun(scope, runId)
      if (!isActive(run.status) || performance.now() > until) return run
      await sleep(pollEvery)
    }
  }

  async function activeRunOf(scope: Scope, session: string): Promise<string | null> {
    const found = await rows.activeRun(scope, session)
    if (!found) throw new Problem('not_found', `There is no session ${session}`)
    return found.runId
  }

  async function raiseBudget(
    scope: Scope,
    {
      session,
      toolCallId,
      decision,
      budget,
    }: { session: string; toolCallId: string | undefined; decision: Decision; budget: Budget },
  ): Promise<Run> {
    if (toolCallId !== undefined || decision.decision === 'reject') throw misplacedBudget()
    const decide = (runs: SpentRun[]) => raiseBudgets(runs, budget)
    const raised = await rows.decideBudget(scope, { session, decide })
    if (raised) return runOf(scope, raised)
    await activeRunOf(scope, session)
    throw new Problem('nothing_pending', `No run waits at its budget in session ${session}`)
  }

  return {
    ...starter,
    find: rows.started,
    dropQueue: rows.dropQueue,
    cancel,
    async cancelSession(scope, session) {
      const runId = await activeRunOf(scope, session)
      if (!runId) throw new Problem('no_active_run', `Session ${session} has no active run`)
      return cancel(scope, runId)
    },
    cancelBackground: (scope, session) =>
      cancelBackground({ scope, session, activeRuns: rows.backgroundRuns, cancel }),
    async resume(scope, { session, toolCallId, toolName, decision, budget }) {
      if (budget) return raiseBudget(scope, { session, toolCallId, decision, budget })
      const target = { session, toolCallId: toolCallId ?? null, toolName: toolName ?? null }
      const decided = await rows.decideApproval(scope, target, toDecision(scope, decision))
      if (decided) return runOf(scope, decided)
      if (!toolCallId) {
        const more = decision.decision === 'approve' ? moreIterations : null
        const continued = await rows.decideIterations(scope, { session, more })
        if (continued) return runOf(scope, continued)
        const decide = decision.decision === 'approve' ? raiseBudgets : stopBudgets
        const spent = await rows.decideBudget(scope, { session, decide: (runs) => decide(runs) })
        if (spent) return runOf(scope, spent)
      }
      await activeRunOf(scope, session)
      const what = toolCallId ? `Tool call ${toolCallId} does not wait` : 'Nothing waits'
      throw new Problem('nothing_pending', `${what} for a decision in session ${session}`)
    },
    async decide(scope, approvalId, decision) {
      const decided = await rows.decideApproval(scope, { approvalId }, toDecision(scope, decision))
      if (!decided) throw new Problem('not_found', `There is no approval ${approvalId}`)
      if (decided.requeuedRunId) executor.kick()
      const approval = await rows.approval(scope, approvalId)
      if (!approval) throw new Problem('not_found', `There is no approval ${approvalId}`)
      return approval
    },
    async answerElicitation(scope, { session, elicitationId, action, content }) {
      const found = await rows.findElicitation(scope, {
        session,
        elicitationId: elicitationId ?? null,
      })
      if (!found) {
        await activeRunOf(scope, session)
        throw new Problem('nothing_pending', `No question waits for an answer in ${session}`)
      }
      if (action === 'accept' && found.schema) checkContent(found.schema, content)
      const answered = await rows.answerElicitation(scope, { id: found.id, action, content })
      if (!answered) throw new Problem('nothing_pending', `Question ${found.id} was answered`)
      onAnswer(found.id)
      return runOf(scope, answered)
    },
    async submitToolResult(scope, { session, toolCallId, output, isError }) {
      const result = JSON.stringify({ output, is_error: isError })
      const taken = await rows.submitClientResult(scope, { session, toolCallId, result })
      if (taken) return runOf(scope, taken)
      await activeRunOf(scope, session)
      throw new Problem('nothing_pending', `Tool call ${toolCallId} does not wait for a result`)
    },
  }
}

function toDecision(scope: Scope, decision: Decision) {
  return {
    approve: decision.decision === 'approve',
    scope: decision.scope,
    reason: decision.reason ?? null,
    arguments: decision.arguments ?? null,
    decidedBy: actorOf(scope),
  }
}

function misplacedBudget(): Problem {
  return new Problem(
    'validation_failed',
    'A budget goes with the approval of a run, not of a call',
    {
      errors: [{ path: 'budget', message: 'goes with confirmation approve and no tool_call_id' }],
    },
  )
}

function checkContent(schema: Record<string, unknown>, content: unknown): void {
  const faults = checkArguments(schema, content ?? {})
  if (faults.length === 0) return
  throw new Problem('validation_failed', 'The content does not fit the schema of the question', {
    errors: faults.map((fault) => {
      const [path = '', ...rest] = fault.split(': ')
      return { path: `content.${path}`, message: rest.join(': ') }
    }),
  })
}

function isActive(status: string): boolean {
  return status === 'queued' || status === 'running' || status === 'waiting'
}

function sleep(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds))
}
