import type { Permissions } from '#contract/tool.ts'
import { branchRanges, seqOf } from './branch.ts'

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

/** Of the session `s`, on the branch that ends with the message `leaf`; both are expressions. */
export function latestSummary({ leaf, branched }: { leaf: string; branched: string }): string {
  const summary = `json_build_object('text', m.text, 'seq', m.seq,
    'createdAt', ${isoTime('m.created_at')})`
  const ofSession = 'from summaries m where m.session_id = s.id'
  const last = 'order by m.seq desc limit 1'
  return `(case when not ${branched} then (select ${summary} ${ofSession} ${last})
    when exists (select 1 ${ofSession}) then (
      ${branchRanges({ session: 's.id', from: seqOf(leaf, 's.id') })}
      select ${summary} ${ofSession} and exists (
        select 1 from ranges r where m.seq between r.low and r.high) ${last})
    end)`
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
