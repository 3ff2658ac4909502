import type { RuntimeEvent } from '#contract/event.ts'

/**
 * For wires that know no budgets: keeps, of a run and its sub-agents, why it was ended at one.
 * Answers the reason so far; null when there is none.
 */
export function watchBudget(): (event: RuntimeEvent) => string | null {
  let reason: string | null = null
  return (event) => {
    if (event.type === 'run_resumed') reason = null
    if (event.type === 'budget_exceeded') {
      reason = `The budget of the run is used up (${event.limit}: ${event.spent} of ${event.allowed})`
    }
    return reason
  }
}
