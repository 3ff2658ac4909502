import type { Message } from '#contract/message.ts'
import type { Statements } from './database.ts'

/** A message that comes with a session. */
export type CopiedMessage = { seq: number; message: Message }

/** Messages get the seqs up to 0, so that the log of their session begins at 1. */
export function withSeqs(messages: Message[]): CopiedMessage[] {
  return messages.map((message, index) => ({ seq: index - messages.length + 1, message }))
}

export async function insertMessages(
  tx: Statements,
  { tenant, sessionId }: { tenant: string; sessionId: string },
  messages: CopiedMessage[],
): Promise<void> {
  const rows = messages.map(({ seq, message }) => ({
    seq,
    id: message.id,
    parent: message.parent_id,
    role: message.role,
    agent: message.agent_name,
    status: message.status,
    created: message.created_at,
    body: message,
  }))
  await tx.query(
    `insert into messages
       (id, tenant, session_id, parent_id, role, agent_name, status, seq, body, created_at)
     select m.id, $1, $2, m.parent, m.role, m.agent, m.status, m.seq, m.body, m.created
     from json_to_recordset($3::text::json) as m(seq bigint, id text, parent text, role text,
       agent text, status text, created timestamptz, body json)`,
    [tenant, sessionId, JSON.stringify(rows)],
  )
}

/** Where branches begin among messages in their order: all that do not follow the one before. */
export async function insertBranches(
  tx: Statements,
  { tenant, sessionId }: { tenant: string; sessionId: string },
  branches: { seq: number; parentSeq: number | null }[],
): Promise<void> {
  await tx.query(
    `insert into branches (session_id, seq, tenant, parent_seq)
     select $2, b.seq, $1, b."parentSeq"
     from json_to_recordset($3::text::json) as b(seq bigint, "parentSeq" bigint)`,
    [tenant, sessionId, JSON.stringify(branches)],
  )
}
