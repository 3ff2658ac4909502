import type { Session } from '#contract/session.ts'
import type { Scope } from '#store/scope.ts'

/** The sessions of the store; `onRemoved` is told of each that was there and is gone. */
export function tellRemovals<
  Sessions extends {
    get(scope: Scope, id: string): Promise<Session | null>
    remove(scope: Scope, id: string): Promise<boolean>
  },
>(
  sessions: Sessions,
  onRemoved: (scope: Scope, session: Session, reason: 'deleted') => void,
): Sessions {
  return {
    ...sessions,
    async remove(scope: Scope, id: string) {
      const session = await sessions.get(scope, id)
      const removed = await sessions.remove(scope, id)
      if (removed && session) onRemoved(scope, session, 'deleted')
      return removed
    },
  }
}
