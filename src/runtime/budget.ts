import type { Budget, BudgetLimit, RunBudget } from '#contract/budget.ts'
import { Problem } from '#contract/problem.ts'
import type { SpentRun } from '#store/budget-decisions.ts'
import type { Spending } from '#store/log.ts'
import type { Wait } from './outcome.ts'

/** A limit that is reached, and whose. */
export type Reached = { runId: string; limit: BudgetLimit; allowed: number; spent: number }

/** What a run, or its row, has spent of what it may. */
export type Account = { id: string; budget: RunBudget } & Spending

export const limits = ['cost', 'tokens', 'tool_calls', 'seconds'] as const satisfies BudgetLimit[]

export const noBudget: RunBudget = { limits: {}, portions: {} }

/** What a run begins with: of each limit the lowest that anybody sets. */
export function openBudget(budgets: (Budget | undefined)[]): RunBudget {
  const lowest: Budget = {}
  for (const limit of limits) {
    const amounts = budgets.flatMap((budget) => budget?.[limit] ?? [])
    if (amounts.length > 0) lowest[limit] = Math.min(...amounts)
  }
  return { limits: lowest, portions: lowest }
}

/** The first of the limits that an account has reached. */
export function findReached(account: Account, of: readonly BudgetLimit[] = limits): Reached | null {
  for (const limit of of) {
    const allowed = account.budget.limits[limit]
    const spent = spentOf(account, limit)
    if (allowed !== undefined && spent >= allowed)
      return { runId: account.id, limit, allowed, spent }
  }
  return null
}

export function spentOf({ usage, toolCalls, activeMs }: Spending, limit: BudgetLimit): number {
  switch (limit) {
    case 'cost':
      return usage.cost ?? 0
    case 'tokens':
      return usage.input_tokens + usage.output_tokens
    case 'tool_calls':
      return toolCalls
    case 'seconds':
      return activeMs / 1000
  }
}

export function waitFor({ runId }: Reached): Wait {
  return { waitingFor: { kind: 'budget', ids: [runId] }, wakeAt: null }
}

/**
 * The budgets with which parked runs go on. Those that reached a limit get `given` in place of what
 * it names, or without it once more what they began with. Throws a `Problem` when that isn't enough.
 */
export function raiseBudgets(runs: SpentRun[], given?: Budget): Map<string, RunBudget> {
  const atLimit = runs.filter((run) => findReached(run) !== null)
  const raised = atLimit.map((run) => ({
    ...run,
    budget: given ? withLimits(run.budget, given) : withPortion(run),
  }))
  const low = raised.flatMap((run) => findReached(run) ?? [])
  if (low.length > 0) throw tooLow(low)
  return new Map(raised.map((run) => [run.id, run.budget]))
}

/** The run that was asked for goes on only to end. */
export function stopBudgets(runs: SpentRun[]): Map<string, RunBudget> {
  const roots = runs.filter((run) => run.parentRunId === null)
  return new Map(roots.map(({ id, budget }) => [id, { ...budget, stopped: true }]))
}

function withLimits(budget: RunBudget, given: Budget): RunBudget {
  return {
    limits: { ...budget.limits, ...given },
    portions: { ...given, ...budget.portions },
  }
}

/** Counted from what was spent: the last step may have gone past the limit. */
function withPortion(run: SpentRun): RunBudget {
  const { portions } = run.budget
  const raised = { ...run.budget.limits }
  for (const limit of limits) {
    const allowed = raised[limit]
    const spent = spentOf(run, limit)
    if (allowed !== undefined && spent >= allowed)
      raised[limit] = spent + (portions[limit] ?? allowed)
  }
  return { limits: raised, portions }
}

function tooLow(reached: Reached[]): Problem {
  return new Problem('validation_failed', 'The budget leaves nothing to spend; allow more', {
    errors: reached.map(({ limit, allowed, spent }) => ({
      path: `budget.${limit}`,
      message: `${spent} of ${allowed} is spent already`,
    })),
  })
}
