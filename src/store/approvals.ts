import type { Approval } from '#contract/session.ts'
import type { ToolDefinition } from '#contract/tool.ts'
import type { Statements } from './database.ts'
import { afterId, decodeCursor, toPage } from './page.ts'
import type { Page, PageRequest, Scope } from './scope.ts'

export type ApprovalFilter = { status?: Approval['status']; session?: string }

/** Tool calls that a person has to decide, or has decided. */
export function createApprovals({ database }: { database: Statements }) {
  return {
    async get(scope: Scope, id: string): Promise<Approval | null> {
      const [row] = await database.query<ApprovalRow>(
        `${selectApprovals} where a.id = $3 and a.tenant = $1 and ($2::text is null or a.owner = $2)`,
        [scope.tenant, scope.owner, id],
      )
      return row ? toApproval(row) : null
    },

    /** Those of a session with the ones of its sub-sessions. */
    async list(scope: Scope, page: PageRequest, filter: ApprovalFilter): Promise<Page<Approval>> {
      const [after = null] = decodeCursor(page, 1) ?? []
      const rows = await database.query<ApprovalRow>(
        `${selectApprovals}
         where a.tenant = $1 and ($2::text is null or a.owner = $2)
           and ($3::text is null or a.status = $3)
           and ($4::text is null or a.session_id = $4 or a.root_session_id = ${named('s.id')})
           ${byIndex(filter)}
           and ${afterId(page, 'a.id', '$5')}
         order by a.id ${page.order} limit $6`,
        [
          scope.tenant,
          scope.owner,
          filter.status ?? null,
          filter.session ?? null,
          after,
          page.limit + 1,
        ],
      )
      return toPage({ rows, limit: page.limit, keyOf: (row) => [row.id], toItem: toApproval })
    },
  }
}

function named(column: string): string {
  return `(select ${column} from sessions s where s.tenant = $1 and (s.id = $4 or s.external_id = $4)
    order by s.id = $4 desc limit 1)`
}

/** What the filter implies, in the words of an index: most approvals are decided, in other sessions. */
function byIndex({ session, status }: ApprovalFilter): string {
  if (session !== undefined) return `and a.root_session_id = ${named('coalesce(s.root_id, s.id)')}`
  return status === 'pending' ? `and a.status = 'pending'` : ''
}

/** All that wait in a session and its sub-sessions, the oldest first. */
export async function readPendingApprovals({
  database,
  scope,
  rootSessionId,
}: {
  database: Statements
  scope: Scope
  rootSessionId: string
}): Promise<Approval[]> {
  const rows = await database.query<ApprovalRow>(
    `${selectApprovals}
     where a.root_session_id = $3 and a.status = 'pending' and a.tenant = $1
       and ($2::text is null or a.owner = $2)
     order by a.id`,
    [scope.tenant, scope.owner, rootSessionId],
  )
  return rows.map(toApproval)
}

type ApprovalRow = {
  id: string
  session_id: string
  run_id: string
  agent_name: string
  call_id: string
  tool: string
  arguments: string
  definition: ToolDefinition
  status: Approval['status']
  reason: string | null
  created_at: string
  expires_at: string
  decided_at: string | null
}

const selectApprovals = `
select a.id, a.session_id, a.run_id, r.agent_name, c.call_id, c.tool, c.arguments, c.definition,
  a.status, a.reason, a.created_at, a.expires_at, a.decided_at
from approvals a join tool_calls c on c.id = a.tool_call_id join runs r on r.id = a.run_id`

function toApproval(row: ApprovalRow): Approval {
  return {
    id: row.id,
    session_id: row.session_id,
    run_id: row.run_id,
    agent_name: row.agent_name,
    tool_call: {
      id: row.call_id,
      type: 'function',
      function: { name: row.tool, arguments: row.arguments },
    },
    tool_definition: row.definition,
    status: row.status,
    reason: row.reason,
    created_at: row.created_at,
    expires_at: row.expires_at,
    decided_at: row.decided_at,
  }
}
