import type { Message } from '#contract/message.ts'
import type { Run } from '#contract/run.ts'
import type { SessionDetail } from '#contract/session.ts'
import type { Call } from './dialect.ts'

export type Live = {
  detail: SessionDetail
  run: Run | null
  /** The run waits for its client. One whose questions are all answered is about to go on. */
  waits: boolean
}

/** A session and its run that is not over; null when there is no such session. */
export async function readLive(house: Call['house'], id: string): Promise<Live | null> {
  const detail = await house.sessions.detail(id, 0)
  if (!detail) return null
  const run = detail.active_run_id ? await house.runs.get(detail.active_run_id) : null
  if (run?.status !== 'waiting') return { detail, run, waits: false }
  // The run may have begun to wait since: what follows its last event is what comes after that.
  const again = await house.sessions.detail(detail.id, 0)
  return again ? { detail: again, run, waits: isAsking(again, run) } : null
}

function isAsking(detail: SessionDetail, { waiting_for: waits }: Run): boolean {
  const { pending_approvals, pending_elicitations, pending_tool_calls } = detail
  const pending = [pending_approvals, pending_elicitations, pending_tool_calls]
  const isLimit = waits?.kind === 'max_iterations' || waits?.kind === 'budget'
  return isLimit || pending.some(({ length }) => length > 0)
}

/**
 * The messages of a branch before a run's own, which its events show again. The messages must have
 * been read before: what the run adds meanwhile is in its events alone.
 */
export async function messagesBefore<Kept extends Message>(
  { events }: Call['house'],
  { run, messages }: { run: Run; messages: Kept[] },
): Promise<Kept[]> {
  const bounds = await events.runBounds(run.id)
  if (!bounds) return messages
  let after = bounds.after
  while (true) {
    const page = await events.page(bounds.sessionId, { after, limit: 500 })
    for (const event of page ?? []) {
      if (event.type !== 'message_added' || event.session_id !== run.session_id) continue
      const first = messages.findIndex(({ id }) => id === event.message_id)
      return first === -1 ? messages : messages.slice(0, first)
    }
    const last = page?.at(-1)
    if (!last) return messages
    after = last.seq
  }
}
