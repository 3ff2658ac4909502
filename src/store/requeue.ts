import type { Database, Statements } from './database.ts'

/**
 * Queues a run that has just parked when everything it waits for was decided, or the run was
 * cancelled, before it did. Otherwise it wakes at `wakeAt`, whatever was decided before it parked.
 * Answers the run.
 */
export function requeueDecided(
  database: Database,
  rootSessionId: string,
  wakeAt: string | null,
): Promise<string | null> {
  return database.transaction(async (tx) => {
    await lockSession(tx, rootSessionId)
    const [run] = await tx.query<{ id: string }>(
      `with requeued as (${requeueStatement}), noted as (
         update runs set wake_at = $2::timestamptz
         where session_id = $1 and status = 'waiting' and wake_at is distinct from $2::timestamptz
           and id not in (select id from requeued)
       ) select id from requeued`,
      [rootSessionId, wakeAt],
    )
    return run?.id ?? null
  })
}

/**
 * Queues the waiting run of the session unless somebody still has to decide something. A run that is
 * about to park looks by itself; should its process die before, it is woken at once.
 */
export async function requeueWhenDecided(
  tx: Statements,
  rootSessionId: string,
): Promise<string | null> {
  const [run] = await tx.query<{ id: string }>(
    `with requeued as (${requeueStatement}), noted as (
       update runs set wake_at = now()
       where session_id = $1 and status = 'running' and not enqueued
     ) select id from requeued`,
    [rootSessionId],
  )
  return run?.id ?? null
}

// A run that was to be cancelled just before it parked waits for nobody.
const requeueStatement = `
  update runs set status = 'queued', attempt = 1
  where session_id = $1 and status = 'waiting' and (cancel_requested_at is not null or (
    waiting_for->>'kind' in ('approval', 'elicitation', 'client_tool')
    and not exists (select 1 from approvals
      where root_session_id = $1 and status = 'pending' and expires_at > now())
    and not exists (select 1 from elicitations
      where root_session_id = $1 and status = 'pending' and expires_at > now())
    and not exists (select 1 from tool_calls
      where session_id = $1 and executor = 'client' and state = 'awaiting' and result is null)))
  returning id`

/** Decisions about a session follow each other. */
export async function lockSession(tx: Statements, sessionId: string): Promise<void> {
  await tx.query('select 1 from sessions where id = $1 for update', [sessionId])
}
