import type { EventOf } from 'parley-client'
import type { ChatState } from './chat-state.ts'
import type { CallView } from './items.ts'

type Known = Pick<ChatState, 'session' | 'decided'>

/**
 * What a call waits for. The log tells of a decision only when the run goes on, so what was decided
 * before the session was read, here or elsewhere, is what the session does not have any more.
 */
export function waitsFor(
  { state, executor, approval, key, seq, tool_call }: CallView,
  { session, decided }: Known,
): 'approval' | 'client_tool' | null {
  if (decided.has(approval?.id ?? '') || decided.has(key)) return null
  const isNewer = session === null || seq > session.last_seq
  if (state === 'awaiting' && approval) {
    const pending = session?.pending_approvals ?? []
    return isNewer || pending.some(({ id }) => id === approval.id) ? 'approval' : null
  }
  if (state !== 'started' || executor !== 'client') return null
  const pending = session?.pending_tool_calls ?? []
  const isPending = pending.some((other) => other.tool_call.id === tool_call.id)
  return isNewer || isPending ? 'client_tool' : null
}

/** Questions that nobody has answered, as far as is known. */
export function openQuestions(
  elicitations: readonly EventOf<'elicitation_request'>[],
  { session, decided }: Known,
): readonly EventOf<'elicitation_request'>[] {
  const pending = new Set(session?.pending_elicitations.map(({ id }) => id))
  return elicitations.filter(({ elicitation_id: id, seq }) => {
    if (decided.has(id)) return false
    return session === null || seq > session.last_seq || pending.has(id)
  })
}
