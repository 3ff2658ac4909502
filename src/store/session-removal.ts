import type { Database, Statements } from './database.ts'
import type { Scope } from './scope.ts'
import { namedSession } from './session-row.ts'

/**
 * Removes a session, its sub-sessions, its background agents and every row of theirs. Answers
 * whether it was there.
 */
export function removeSession({
  database,
  scope,
  id,
}: {
  database: Database
  scope: Scope
  id: string
}): Promise<boolean> {
  return database.transaction(async (tx) => {
    // The session goes first: who appends to it waits for its lock, and then finds nothing to
    // append to; what was appended before is visible to the statements that follow.
    const [removed] = await tx.query<{ id: string }>(
      `delete from sessions where root_id is null and id = (
         select s.id from sessions s where ${namedSession} order by s.id = $3 desc limit 1)
       returning id`,
      [scope.tenant, scope.owner, id],
    )
    if (removed === undefined) return false
    await removeContents(tx, await removeBelow(tx, [removed.id]))
    return true
  })
}

/** The sessions that worked for these, however deep, are removed too. Answers all of them. */
async function removeBelow(tx: Statements, roots: string[]): Promise<string[]> {
  const subSessions = await idsOf(
    tx,
    'delete from sessions where root_id = any($1) returning id',
    roots,
  )
  const sessions = [...roots, ...subSessions]
  const background = await idsOf(
    tx,
    `delete from sessions where parent_id = any($1) and origin = 'background' returning id`,
    sessions,
  )
  return background.length > 0 ? [...sessions, ...(await removeBelow(tx, background))] : sessions
}

async function removeContents(tx: Statements, sessions: string[]): Promise<void> {
  const runs = await idsOf(tx, 'delete from runs where session_id = any($1) returning id', sessions)
  const calls = await idsOf(tx, 'delete from tool_calls where run_id = any($1) returning id', runs)
  await tx.query('delete from approvals where tool_call_id = any($1)', [calls])
  await tx.query('delete from elicitations where tool_call_id = any($1)', [calls])
  await tx.query('delete from messages where session_id = any($1)', [sessions])
  await tx.query('delete from branches where session_id = any($1)', [sessions])
  await tx.query('delete from steered_messages where session_id = any($1)', [sessions])
  await tx.query('delete from session_contexts where session_id = any($1)', [sessions])
  await tx.query('delete from session_tokens where session_id = any($1)', [sessions])
  await tx.query('delete from summaries where session_id = any($1)', [sessions])
  await tx.query('delete from events where session_id = any($1)', [sessions])
  await tx.query('delete from todos where session_id = any($1)', [sessions])
  await tx.query('delete from tasks where session_id = any($1)', [sessions])
  await tx.query('delete from webhook_deliveries where session_id = any($1)', [sessions])
  await tx.query(`delete from memories where scope = 'session' and key = any($1)`, [sessions])
}

async function idsOf(tx: Statements, text: string, ids: string[]): Promise<string[]> {
  const rows = await tx.query<{ id: string }>(text, [ids])
  return rows.map((row) => row.id)
}
