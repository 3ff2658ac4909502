import type { Session, SessionStatus } from '#contract/session.ts'
import type { Permissions } from '#contract/tool.ts'
import { toUsage, type UsageColumns } from './usage.ts'

export type SessionRow = UsageColumns & {
  id: string
  external_id: string | null
  title: string | null
  run_status: SessionStatus | null
  active_run_id: string | null
  agent: string | null
  agent_name: string | null
  parent_id: string | null
  permissions: Permissions
  tools_approved: boolean
  thinking: boolean
  working_dir: string | null
  max_iterations: number | null
  metadata: Record<string, unknown>
  last_seq: number
  leaf_id: string | null
  branched: boolean
  created_at: string
  updated_at: string
  /** `updated_at` with all its digits, for cursors. */
  activity: string
}

/** The columns of a SessionRow from `sessions s` with `withActiveRun`. */
export const sessionColumns = `s.id, s.external_id, s.title, r.status as run_status,
  r.id as active_run_id, s.agent, s.agent_name, s.parent_id, s.permissions, s.tools_approved,
  s.thinking, s.working_dir, s.max_iterations, s.metadata, s.input_tokens, s.output_tokens,
  s.cached_input_tokens, s.reasoning_tokens, s.cost, s.last_seq, s.leaf_id, s.branched,
  s.created_at, s.updated_at, s.updated_at::text as activity`

export const withActiveRun = `left join runs r on r.session_id = s.id
  and r.status in ('queued', 'running', 'waiting') and not r.enqueued`

/** The session that $3 names in the scope of $1 tenant and $2 owner, by its id or external id. */
export const namedSession = `s.tenant = $1 and ($2::text is null or s.owner = $2)
  and (s.id = $3 or s.external_id = $3)`

export function toSession(row: SessionRow): Session {
  return {
    id: row.id,
    external_id: row.external_id,
    title: row.title,
    status: row.run_status ?? 'idle',
    active_run_id: row.active_run_id,
    agent: row.agent,
    agent_name: row.agent_name,
    parent_id: row.parent_id,
    permissions: row.permissions,
    tools_approved: row.tools_approved,
    thinking: row.thinking,
    working_dir: row.working_dir,
    max_iterations: row.max_iterations,
    metadata: row.metadata,
    usage: toUsage(row),
    last_seq: row.last_seq,
    leaf_message_id: row.leaf_id,
    created_at: row.created_at,
    updated_at: row.updated_at,
  }
}
