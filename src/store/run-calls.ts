import type { Statements } from './database.ts'

/** A call that still needs something done, with what people decided about it. */
export type OpenCall = {
  id: string
  messageId: string
  ordinal: number
  callId: string
  tool: string
  arguments: string
  argsHash: string
  definition: unknown
  executor: 'server' | 'client'
  effect: string
  state: string
  result: unknown
  approvalId: string | null
  approvalStatus: string | null
  approvalArguments: string | null
  approvalReason: string | null
  elicitationId: string | null
  elicitationStatus: string | null
  elicitationAction: 'accept' | 'decline' | 'cancel' | null
  elicitationContent: Record<string, unknown> | null
  elicitationHeld: boolean | null
  /** What the call asks, or what became of it when its process died. */
  elicitationAbout: 'call' | 'outcome' | null
  /** Of the question that is still open, if one is. */
  expiresAt: string | null
}

/** The calls of one assistant message, in the model's order. */
export function readCalls(
  database: Statements,
  { runId, messageId }: { runId: string; messageId: string },
): Promise<OpenCall[]> {
  return database.query<OpenCall>(
    `select c.id, c.message_id as "messageId", c.ordinal, c.call_id as "callId", c.tool, c.arguments,
       c.args_hash as "argsHash", c.definition, c.executor, c.effect, c.state, c.result,
       a.id as "approvalId", ${liveStatus('a')} as "approvalStatus", a.arguments as "approvalArguments",
       a.reason as "approvalReason", q.id as "elicitationId", ${liveStatus('q')} as "elicitationStatus",
       q.action as "elicitationAction", q.content as "elicitationContent",
       q.held as "elicitationHeld", q.about as "elicitationAbout",
       case when q.status = 'pending' then q.expires_at
         when a.status = 'pending' then a.expires_at end as "expiresAt"
     from tool_calls c
     left join lateral (select * from approvals a where a.tool_call_id = c.id
       order by a.id desc limit 1) a on true
     left join lateral (select * from elicitations q where q.tool_call_id = c.id
       order by q.id desc limit 1) q on true
     where c.run_id = $1 and c.message_id = $2 order by c.ordinal`,
    [runId, messageId],
  )
}

/** A question that nobody answered in time is expired before anybody wrote so. */
function liveStatus(alias: string): string {
  return `case when ${alias}.status = 'pending' and ${alias}.expires_at <= now() then 'expired'
    else ${alias}.status end`
}

/** Hashes of a session's calls whose outcome is unknown. */
export async function readUnknownCalls(
  database: Statements,
  sessionId: string,
): Promise<Set<string>> {
  const rows = await database.query<{ hash: string }>(
    `select args_hash as hash from tool_calls where session_id = $1 and state = 'unknown'`,
    [sessionId],
  )
  return new Set(rows.map((row) => row.hash))
}
