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

/** Of the session `s`; `condition` may leave out rows `m` of messages that are taken back. */
export function latestSummary(condition = 'true'): string {
  return `(select json_build_object('text', m.text, 'seq', m.seq,
    'createdAt', ${isoTime('m.created_at')})
  from summaries m where m.session_id = s.id and (${condition}) order by m.seq desc limit 1)`
}

/** How many agents stand above the session `s`: those that gave it its task, in the background or not. */
export const levelOf = `case when s.parent_id is null then 0 else (
  with recursive above(parent_id, level) as (
    select s.parent_id, 1 where s.root_id is not null or s.origin = 'background'
    union all
    select p.parent_id, a.level + 1 from above a join sessions p on p.id = a.parent_id
    where p.parent_id is not null and (p.root_id is not null or p.origin = 'background')
  ) select coalesce(max(level), 0)::int from above) end`

export function isoTime(column: string): string {
  return `to_char(${column} at time zone 'utc', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')`
}

export function usageJson(alias: string): string {
  return `json_build_object('input_tokens', ${alias}.input_tokens, 'output_tokens', ${alias}.output_tokens,
    'cached_input_tokens', ${alias}.cached_input_tokens,
    'reasoning_tokens', ${alias}.reasoning_tokens, 'cost', ${alias}.cost)`
}
