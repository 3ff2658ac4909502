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
    const [session] = await tx.query<{ id: string }>(
      `select s.id from sessions s where s.root_id is null and ${namedSession}
       order by s.id = $3 desc limit 1`,
      [scope.tenant, scope.owner, id],
    )
    return session !== undefined && (await removeById(tx, session.id)) !== null
  })
}

/** The same for a session that is known. Answers how many of its runs were not over; null: it is gone. */
export async function removeById(
  tx: Statements,
  id: string,
): Promise<{ activeRuns: number } | null> {
  // The session goes first: who appends to it waits for its lock, and then finds nothing to
  // append to; what was appended before is visible to the statements that follow.
  const [removed] = await idsOf(tx, 'delete from sessions where id = any($1) returning id', [id])
  if (removed === undefined) return null
  return removeContents(tx, await removeBelow(tx, [removed]))
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

async function removeContents(tx: Statements, sessions: string[]): Promise<{ activeRuns: number }> {
  const runs = await tx.query<{ id: string; active: boolean }>(
    `delete from runs where session_id = any($1)
     returning id, status in ('queued', 'running', 'waiting') as active`,
    [sessions],
  )
  const runIds = runs.map((run) => run.id)
  const calls = await idsOf(
    tx,
    'delete from tool_calls where run_id = any($1) returning id',
    runIds,
  )
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
  return { activeRuns: runs.filter((run) => run.active).length }
}

async function idsOf(tx: Statements, text: string, ids: string[]): Promise<string[]> {
  const rows = await tx.query<{ id: string }>(text, [ids])
  return rows.map((row) => row.id)
}
