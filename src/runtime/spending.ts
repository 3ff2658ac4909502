import { addUsage, type Usage } from '#contract/usage.ts'
import type { SessionChange, Spending } from '#store/log.ts'

/** What of a run is needed to count for it. */
export type Spender = {
  id: string
  sessionId: string
  assistant: { name: string }
  usage: Usage
  /** Tool calls that have begun. */
  toolCalls: number
  /** Milliseconds with earlier owners, and when this process got it on its monotonic clock. */
  active: { before: number; since: number }
  /** The run that a sub-agent's run works for. */
  parent: Spender | null
}

/** What the runs that a run works for have spent, with what it has just spent itself. */
export type Charges = { spent: ({ id: string } & Spending)[] }

/**
 * A model call, for the sessions that see it and for the runs that the run works for; its own run
 * has counted it. To be called where its commit begins: commits keep their order, so what a row
 * says is then the sum of what was committed.
 */
export function chargeUsage(run: Spender, usage: Usage): Charges & { sessions: SessionChange[] } {
  const above = runsAbove(run)
  for (const other of above) other.usage = addUsage(other.usage, usage)
  const sessions = [run, ...above].map(({ sessionId }) => ({
    id: sessionId,
    usage,
    agentName: sessionId === run.sessionId ? run.assistant.name : null,
    title: null,
  }))
  return { sessions, spent: above.map(toSpent) }
}

/** Tool calls that begin, for the run and those that it works for; with their commit, too. */
export function chargeCalls(run: Spender, count: number): Charges {
  const above = runsAbove(run)
  for (const other of [run, ...above]) other.toolCalls += count
  return { spent: count > 0 ? above.map(toSpent) : [] }
}

export function spendingOf({ usage, toolCalls, active }: Spender): Spending {
  const activeMs = Math.round(active.before + performance.now() - active.since)
  return { usage, toolCalls, activeMs }
}

/** The runs that a sub-agent's run works for, the nearest first. */
export function runsAbove<Run extends Spender & { parent: Run | null }>(run: Run): Run[] {
  const above: Run[] = []
  for (let other = run.parent; other !== null; other = other.parent) above.push(other)
  return above
}

function toSpent(run: Spender) {
  return { id: run.id, ...spendingOf(run) }
}
