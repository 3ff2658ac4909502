import type { Permissions } from '#contract/tool.ts'

export type SettingsColumns = {
  permissions: Permissions
  toolsApproved: boolean
  allowedTools: string[]
  thinking: boolean
}

/** The settings of a row as one object. */
export function withSettings<Row extends SettingsColumns>(row: Row) {
  const { permissions, toolsApproved, allowedTools, thinking, ...rest } = row
  return { ...rest, settings: { permissions, toolsApproved, allowedTools, thinking } }
}

/** Of the session `s`. */
export const latestSummary = `(select json_build_object('text', m.text, 'seq', m.seq,
    'createdAt', ${isoTime('m.created_at')})
  from summaries m where m.session_id = s.id order by m.seq desc limit 1)`

export function isoTime(column: string): string {
  return `to_char(${column} at time zone 'utc', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')`
}

export function usageJson(alias: string): string {
  return `json_build_object('input_tokens', ${alias}.input_tokens, 'output_tokens', ${alias}.output_tokens,
    'cached_input_tokens', ${alias}.cached_input_tokens,
    'reasoning_tokens', ${alias}.reasoning_tokens, 'cost', ${alias}.cost)`
}
