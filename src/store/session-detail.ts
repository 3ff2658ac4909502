import type { Elicitation, PendingToolCall, SessionDetail } from '#contract/session.ts'
import { readPendingApprovals } from './approvals.ts'
import type { Statements } from './database.ts'
import { listBranch } from './messages.ts'
import type { Scope } from './scope.ts'
import { type SessionRow, toSession } from './session-row.ts'

/**
 * Everything a page needs to show a session. The row was read before the rest: an event after its
 * `last_seq` may be in the rest already, but none is in neither.
 */
export async function readDetail({
  database,
  scope,
  row,
  messageLimit,
}: {
  database: Statements
  scope: Scope
  row: SessionRow
  messageLimit: number
}): Promise<SessionDetail> {
  const place = { database, scope, rootSessionId: row.id }
  const newest = { limit: messageLimit, cursor: null, order: 'desc' } as const
  const [page, approvals, elicitations, calls] = await Promise.all([
    listBranch({ database, session: row, page: newest }),
    readPendingApprovals(place),
    readPendingElicitations(place),
    readPendingToolCalls(place),
  ])
  return {
    ...toSession(row),
    pending_approvals: approvals,
    pending_elicitations: elicitations,
    pending_tool_calls: calls,
    messages: page.data.reverse(),
    messages_cursor: page.next_cursor,
  }
}

type Place = { database: Statements; scope: Scope; rootSessionId: string }

type ElicitationRow = {
  id: string
  session_id: string
  run_id: string
  message: string
  mode: Elicitation['mode']
  schema: Record<string, unknown> | null
  url: string | null
  created_at: string
  expires_at: string
}

async function readPendingElicitations({
  database,
  scope,
  rootSessionId,
}: Place): Promise<Elicitation[]> {
  const rows = await database.query<ElicitationRow>(
    `select id, session_id, run_id, message, mode, schema, url, created_at, expires_at
     from elicitations where root_session_id = $2 and status = 'pending' and tenant = $1
     order by id`,
    [scope.tenant, rootSessionId],
  )
  return rows.map(({ schema, url, ...row }) => ({
    ...row,
    ...(schema === null ? {} : { schema }),
    ...(url === null ? {} : { url }),
  }))
}

type CallRow = {
  session_id: string
  run_id: string
  call_id: string
  tool: string
  arguments: string
}

async function readPendingToolCalls({
  database,
  scope,
  rootSessionId,
}: Place): Promise<PendingToolCall[]> {
  const rows = await database.query<CallRow>(
    `select session_id, run_id, call_id, tool, arguments from tool_calls
     where session_id in (select id from sessions where id = $2 or root_id = $2) and tenant = $1
       and executor = 'client' and state = 'awaiting' and result is null
     order by id`,
    [scope.tenant, rootSessionId],
  )
  return rows.map((row) => ({
    session_id: row.session_id,
    run_id: row.run_id,
    tool_call: {
      id: row.call_id,
      type: 'function',
      function: { name: row.tool, arguments: row.arguments },
    },
  }))
}
