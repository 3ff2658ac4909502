import type { BudgetLimit } from '#contract/budget.ts'
import type { EventBody } from '#contract/event.ts'
import { type ActiveRun, commitRun } from './active-run.ts'
import { findReached, type Reached, waitFor } from './budget.ts'
import type { PlannedCall } from './call-plan.ts'
import type { LoopContext } from './context.ts'
import { park, stop } from './endings.ts'
import type { Model } from './model.ts'
import { begins } from './next-for-call.ts'
import type { Outcome, Wait } from './outcome.ts'
import { runsAbove, spendingOf } from './spending.ts'
import { leaveStep } from './turn.ts'

// A run whose tool calls are used up may still answer.
const beforeSteps: BudgetLimit[] = ['cost', 'tokens', 'seconds']

/** The limit that stands before the next model call: the run's own, or of a run it works for. */
export function limitBeforeStep(run: ActiveRun): Reached | null {
  return (
    accountsOf(run)
      .map((account) => findReached(account, beforeSteps))
      .find(isReached) ?? null
  )
}

/** Before a model call that nobody has allowed yet. */
export async function atBudget(
  context: LoopContext,
  run: ActiveRun,
  reached: Reached,
): Promise<Outcome> {
  await leaveStep(run)
  return parkOrStop(context, run, waitFor(reached), [exceeded(reached)])
}

/** A run whose caller wants no more than the budget ends there; sub-agents leave that to it. */
export function parkOrStop(
  context: LoopContext,
  run: ActiveRun,
  wait: Wait,
  told: EventBody[],
): Promise<Outcome> {
  const stops = run.options.on_budget === 'stop' && run.depth === 0
  return stops && wait.waitingFor.kind === 'budget'
    ? stop(context, run, told)
    : park(run, wait, told)
}

/** Calls that the budget doesn't allow wait; those before them run. */
export function holdCalls(run: ActiveRun, planned: PlannedCall[]): void {
  const reached = limitBeforeStep(run)
  let begun = 0
  for (const plan of planned) {
    if (!begins(plan.next)) continue
    const held = reached ?? limitOnCall(run, begun)
    if (held) plan.next = { type: 'wait', kind: 'budget', reached: held }
    else begun += 1
  }
}

/** What is told when a batch parks for a budget that is this run's to tell. */
export function heldEvents(planned: PlannedCall[], { waitingFor }: Wait): EventBody[] {
  if (waitingFor.kind !== 'budget') return []
  const held = planned.flatMap(({ next }) =>
    next.type === 'wait' && next.kind === 'budget' ? [exceeded(next.reached)] : [],
  )
  return held.slice(0, 1)
}

/** Says, once, that a limit on cost cannot hold because nobody knows what the model costs. */
export async function warnOfUnknownCost(run: ActiveRun, models: Model[]): Promise<void> {
  const runs = [run, ...runsAbove(run)]
  if (runs.every(({ budget }) => budget.limits.cost === undefined)) return
  const isNew = run.iterations === 0 || models.every((model) => model.id !== run.model)
  const unknown = models.filter((model) => model.price === null && !model.offline)
  if (!isNew || unknown.length === 0) return
  const names = unknown.map((model) => model.id).join(', ')
  const message = `The price of ${names} is not known, so its calls do not count against the cost of the budget; tokens, tool calls and seconds do. Give its pricing under models: in the agent file.`
  if (runs.some(({ warned }) => warned.has(message))) return
  run.warned.add(message)
  await leaveStep(run)
  await commitRun(run, [{ type: 'warning', message, code: 'price_unknown' }])
}

export function limitOnCall(run: ActiveRun, begun: number): Reached | null {
  for (const account of accountsOf(run)) {
    const toolCalls = account.toolCalls + begun
    const reached = findReached({ ...account, toolCalls }, ['tool_calls'])
    if (reached) return reached
  }
  return null
}

function accountsOf(run: ActiveRun) {
  return [run, ...runsAbove(run)].map((other) => ({
    id: other.id,
    budget: other.budget,
    ...spendingOf(other),
  }))
}

function exceeded({ limit, allowed, spent }: Reached): EventBody {
  return { type: 'budget_exceeded', limit, allowed, spent }
}

function isReached(reached: Reached | null): reached is Reached {
  return reached !== null
}
