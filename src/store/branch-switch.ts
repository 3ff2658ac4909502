import { Problem } from '#contract/problem.ts'
import { findExchangeEnd } from './branch.ts'
import type { Statements } from './database.ts'
import type { Scope } from './scope.ts'
import { namedSession } from './session-row.ts'

/**
 * Makes the branch that ends with a message the active one, in the caller's transaction. Answers
 * whether the session is there; `session_busy` while a run of it is active or waits.
 */
export async function switchBranch(
  tx: Statements,
  { scope, id, messageId }: { scope: Scope; id: string; messageId: string },
): Promise<boolean> {
  const [session] = await tx.query<{ id: string; leaf: string | null; seq: number }>(
    `select s.id, s.leaf_id as leaf, s.last_seq as seq from sessions s
     where ${namedSession} and s.root_id is null order by s.id = $3 desc limit 1 for update`,
    [scope.tenant, scope.owner, id],
  )
  if (!session) return false
  const [run] = await tx.query<{ id: string }>(
    `select r.id from runs r where r.session_id = $1 and r.status in ('queued', 'running', 'waiting')
     order by r.enqueued, r.id limit 1`,
    [session.id],
  )
  if (run) throw busy(id, run.id)
  const end = await findExchangeEnd(tx, { sessionId: session.id, messageId })
  if (!end) throw unknown(id, messageId)
  if (end.id === session.leaf) return true
  await tx.query('update sessions set leaf_id = $2, branched = true where id = $1', [
    session.id,
    end.id,
  ])
  await tx.query(
    `insert into branches (session_id, seq, tenant, parent_seq) values ($1, $2, $3, $4)
     on conflict (session_id, seq) do update set parent_seq = excluded.parent_seq`,
    [session.id, session.seq + 1, scope.tenant, end.seq],
  )
  return true
}

function busy(id: string, runId: string): Problem {
  const message = `Session ${id} has a run that is not over; wait for ${runId}, or cancel it`
  return new Problem('session_busy', message, { active_run_id: runId })
}

function unknown(id: string, messageId: string): Problem {
  const message = `There is no message ${messageId} in session ${id}; listMessages names them`
  return new Problem('validation_failed', message, {
    errors: [{ path: 'leaf_message_id', message }],
  })
}
