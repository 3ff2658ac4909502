import type { Session } from 'parley-client'
import type { Place } from '../app/hash.ts'
import { sessionPath } from '../app/use-place.ts'
import { dayOf } from '../state/format.ts'
import { SessionRow } from './session-row.tsx'
import { useSessions } from './use-sessions.tsx'

/** The conversations by day. */
export function SessionList({ place }: { place: Place }) {
  const { sessions, query, hasMore, loadMore } = useSessions()
  if (!sessions) return <div className="session-list" aria-busy="true" />
  if (sessions.length === 0) {
    return (
      <div className="session-list">
        <p className="muted session-none">
          {query.trim() ? `Nothing was found for “${query.trim()}”.` : 'No conversations yet.'}
        </p>
      </div>
    )
  }
  return (
    <div className="session-list">
      {groupsOf(sessions).map(([day, group]) => (
        <section key={day} aria-label={day}>
          <h2>{day}</h2>
          <ul>
            {group.map((session) => (
              <SessionRow
                key={session.id}
                session={session}
                isCurrent={isCurrent(session, place)}
              />
            ))}
          </ul>
        </section>
      ))}
      {hasMore && (
        <button type="button" className="button quiet" onClick={loadMore}>
          Show more
        </button>
      )}
    </div>
  )
}

function groupsOf(sessions: readonly Session[]): [string, Session[]][] {
  const now = new Date()
  return [...Map.groupBy(sessions, ({ updated_at }) => dayOf(updated_at, now))]
}

function isCurrent({ id, external_id }: Session, { path }: Place): boolean {
  return [id, external_id].some((name) => name !== null && path === sessionPath(name))
}
