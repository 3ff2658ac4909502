import type { RuntimeEvent } from '#contract/event.ts'
import type { Session } from '#contract/session.ts'
import { noUsage, type Usage } from '#contract/usage.ts'
import type { Frame } from './cagent-frames.ts'
import { type Item, toSessionMessage, toSessionObject } from './cagent-shapes.ts'

type SubSession = { id: string; created_at: string; items: Item[]; usage: Usage }

/** What sub-agents' sessions hold, gathered from the log, for the event that tells them whole. */
export function createSubSessions({
  rootId,
  session,
}: {
  rootId: string
  /** What they take over. */
  session: Pick<Session, 'tools_approved' | 'thinking' | 'working_dir'>
}) {
  const open = new Map<string, SubSession>()

  function find(id: string, created_at: string): SubSession {
    const known = open.get(id)
    if (known) return known
    const made = { id, created_at, items: [], usage: noUsage }
    open.set(id, made)
    return made
  }

  return {
    note(event: RuntimeEvent): void {
      const { type, session_id, timestamp } = event
      if (session_id === rootId) return
      if (type === 'user_message' || type === 'message_added') {
        find(session_id, timestamp).items.push({ message: toSessionMessage(event.message) })
      }
      if (type === 'token_usage') find(session_id, timestamp).usage = event.totals
    },
    completed(event: Extract<RuntimeEvent, { type: 'sub_session_completed' }>): Frame[] {
      const { session_id: parent, sub_session_id: id, timestamp } = event
      const { items, created_at, usage } = find(id, timestamp)
      open.delete(id)
      const settings = { ...session, title: 'Transferred task', max_iterations: null }
      const whole = { ...settings, id, created_at, usage, permissions: {} }
      const sub_session = toSessionObject(whole, items)
      if (parent !== rootId) find(parent, timestamp).items.push({ sub_session })
      return [{ type: 'sub_session_completed', parent_session_id: parent, sub_session }]
    },
  }
}
