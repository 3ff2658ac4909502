import type { Statements } from './database.ts'

/** Seconds that a claim holds without a renewal. */
export const leaseSeconds = 15

/** Seconds after which a run that an instance began is in its hands, or the answer was lost. */
const lostAfter = 5

export type ClaimedRun = {
  id: string
  sessionId: string
  token: number
  attempt: number
  /** Its last owner is gone: what it had in hand may or may not have happened. */
  recovered: boolean
  /** What it waited for, when it was parked. */
  waited: string | null
}

/**
 * Takes over runs that nobody holds: queued, running with a lease that ran out, or parked with
 * questions that have expired. Moves each
 * session's fence, so that what the last owner still has in hand is refused. A run of this instance
 * that it doesn't hold is due, too: the answer to its start or its claim was lost. `doubted` are
 * those of which it knows that. With `orphans` a running run of another owner counts too: the embedded database has only
 * one process. Waits for no lock, as others take the session's before the run's; what is locked now
 * is due at the next look.
 */
export function claimRuns(
  database: Statements,
  {
    instance,
    limit,
    orphans,
    held,
    doubted,
  }: {
    instance: string
    limit: number
    orphans: boolean
    held: readonly string[]
    doubted: readonly string[]
  },
): Promise<ClaimedRun[]> {
  return database.query<ClaimedRun>(
    `with due as (
       select r.id, r.session_id, r.status, r.waiting_for->>'kind' as waited
       from runs r join sessions s on s.id = r.session_id
       where r.parent_run_id is null and not r.enqueued and (r.status = 'queued'
         or (r.status = 'running' and (r.lease_expires_at < now()
           or ($3::boolean and r.lease_owner is distinct from $1)
           or (r.lease_owner = $1 and r.id <> all($4::text[]) and (r.id = any($5::text[])
             or r.lease_expires_at - interval '${leaseSeconds - lostAfter} s' < now()))))
         or (r.status = 'waiting' and r.wake_at <= now()))
       order by r.created_at, r.id limit $2 for update of r, s skip locked
     ), fenced as (
       update sessions s set run_token = s.run_token + 1 from due where s.id = due.session_id
       returning s.id, s.run_token
     )
     update runs r set status = 'running', lease_owner = $1, token = f.run_token,
       lease_expires_at = now() + interval '${leaseSeconds} s', waiting_for = null, wake_at = null,
       attempt = r.attempt + case when due.status = 'running' then 1 else 0 end
     from due join fenced f on f.id = due.session_id where r.id = due.id
     returning r.id, r.session_id as "sessionId", r.token, r.attempt, due.status = 'running' as recovered, due.waited`,
    [instance, limit, orphans, held, doubted],
  )
}

/** Renews the leases of this instance; what does not come back is lost. */
export function renewLeases(
  database: Statements,
  { instance, runs }: { instance: string; runs: string[] },
): Promise<{ id: string; cancelled: boolean }[]> {
  return database.query(
    `update runs set lease_expires_at = now() + interval '${leaseSeconds} s'
     where id = any($2::text[]) and lease_owner = $1 and status = 'running'
     returning id, cancel_requested_at is not null as cancelled`,
    [instance, runs],
  )
}

/** Those of the runs that were asked to end and have not. */
export async function readCancelRequests(
  database: Statements,
  runIds: string[],
): Promise<string[]> {
  const rows = await database.query<{ id: string }>(
    `select id from runs
     where id = any($1::text[]) and cancel_requested_at is not null and status = 'running'`,
    [runIds],
  )
  return rows.map(({ id }) => id)
}

/** Gives a run back, so that any instance may take it at once. Answers whether it was still held. */
export async function releaseRun(
  database: Statements,
  { runId, token }: { runId: string; token: number },
): Promise<boolean> {
  const rows = await database.query(
    `update runs set status = 'queued', lease_owner = null, lease_expires_at = null
     where id = $1 and token = $2 and status = 'running' returning id`,
    [runId, token],
  )
  return rows.length > 0
}
