import type { Usage } from '#contract/usage.ts'
import type { LogEntry, SessionChange, Spending } from './log.ts'

/** A piece of the statement that commits entries, left out where it has no rows. */
export type Part = {
  name: string
  rows(entry: LogEntry, index: number): unknown[]
  /** `$rows` stands for the JSON array of the rows. */
  sql: string
}

/** The newest message that the entry adds to a session. */
export function lastMessageOf(entry: LogEntry, sessionId: string): string | null {
  const last = entry.events.findLast((event) => event.message && event.sessionId === sessionId)
  return last?.message?.message.id ?? null
}

/** The `changeColumns` of a session. */
export function toChangeRow(change: SessionChange | undefined) {
  return {
    ...toUsageRow(change?.usage),
    agent_name: change?.agentName ?? null,
    picks: change?.picked !== undefined,
    picked: change?.picked?.model ?? null,
  }
}

export function toSpendingRow({ usage, toolCalls, activeMs }: Spending) {
  return { ...toUsageRow(usage), tool_calls: toolCalls, active_ms: activeMs }
}

function toUsageRow(usage: Usage | undefined) {
  return {
    input: usage?.input_tokens ?? 0,
    output: usage?.output_tokens ?? 0,
    cached: usage?.cached_input_tokens ?? 0,
    reasoning: usage?.reasoning_tokens ?? 0,
    cost: usage?.cost ?? null,
  }
}

const usageColumns =
  'input bigint, output bigint, cached bigint, reasoning bigint, cost double precision'

export const spendingColumns = `${usageColumns}, tool_calls int, active_ms bigint`

export const changeColumns = `${usageColumns}, agent_name text, picks boolean, picked text`

/** What an update of `sessions s` adds from a row `e` of `changeColumns` and its leaf. */
export const addChange = `
  input_tokens = s.input_tokens + e.input, output_tokens = s.output_tokens + e.output,
  cached_input_tokens = s.cached_input_tokens + e.cached,
  reasoning_tokens = s.reasoning_tokens + e.reasoning,
  cost = case when e.cost is null then s.cost else coalesce(s.cost, 0) + e.cost end,
  leaf_id = coalesce(e.leaf, s.leaf_id), agent_name = coalesce(e.agent_name, s.agent_name),
  model_override = case when e.picks then e.picked else s.model_override end`
