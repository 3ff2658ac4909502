import type { Statements } from './database.ts'
import type { Scope } from './scope.ts'
import { namedSession } from './session-row.ts'

/** The session whose log tells of a session, a run or an approval; null when it is not seen. */
export function createSessionPlaces({ database }: { database: Statements }) {
  return {
    async rootOf(
      scope: Scope,
      place: { session: string } | { run: string } | { approval: string },
    ): Promise<string | null> {
      const [statement, id] = toStatement(place)
      const [row] = await database.query<{ root: string }>(statement, [
        scope.tenant,
        scope.owner,
        id,
      ])
      return row?.root ?? null
    },
  }
}

function toStatement(
  place: { session: string } | { run: string } | { approval: string },
): [string, string] {
  if ('session' in place) return [ofSession, place.session]
  return 'run' in place ? [ofRun, place.run] : [ofApproval, place.approval]
}

const ofSession = `select coalesce(s.root_id, s.id) as root from sessions s
  where ${namedSession} order by s.id = $3 desc limit 1`

const ofRun = `select r.root_session_id as root from runs r join sessions s on s.id = r.session_id
  where r.id = $3 and r.tenant = $1 and ($2::text is null or s.owner = $2)`

const ofApproval = `select a.root_session_id as root from approvals a
  where a.id = $3 and a.tenant = $1 and ($2::text is null or a.owner = $2)`
