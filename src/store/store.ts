import type { SessionExport, SessionFork } from '#contract/session-copy.ts'
import { createAgents } from './agents.ts'
import { createApprovals } from './approvals.ts'
import type { Database } from './database.ts'
import type { Ids } from './ids.ts'
import { createKeys } from './keys.ts'
import { createMessages } from './messages.ts'
import { createRuns } from './runs.ts'
import type { Scope } from './scope.ts'
import { exportSession } from './session-export.ts'
import { forkSession } from './session-fork.ts'
import { importSession } from './session-import.ts'
import { createSessions } from './sessions.ts'
import { countActiveSessions, createStats, readRunLoad } from './stats.ts'

/** Everything that is kept, for whoever reads and changes it over the API. */
export function createStore({ database, ids }: { database: Database; ids: Ids }) {
  return {
    database,
    ids,
    agents: scoped(createAgents({ database, ids })),
    sessions: scoped(createSessions({ database })),
    copies: scoped({
      fork: (scope: Scope, session: string, fork: SessionFork) =>
        forkSession({ database, ids, scope, session, fork }),
      export: (scope: Scope, session: string) => exportSession({ database, scope, session }),
      import: (
        place: { tenant: string; owner: string; externalId?: string },
        document: SessionExport,
      ) => importSession({ database, ids, ...place, document }),
    }),
    messages: scoped(createMessages({ database })),
    runs: scoped(createRuns({ database })),
    approvals: scoped(createApprovals({ database })),
    stats: scoped(createStats({ database })),
    /** About all tenants at once: for the operator, never for a caller. */
    operator: {
      activeSessions: () => countActiveSessions(database),
      runLoad: () => readRunLoad(database),
    },
    keys: scoped(createKeys({ database, ids })),
  }
}

/**
 * Whoever asks says in whose name: each function takes a Scope first. One that does not is no part of
 * the store that the HTTP floor gets, because it does not compile here.
 */
function scoped<Rows extends object>(rows: Rows & OnlyScoped<Rows>): Rows {
  return rows
}

type OnlyScoped<Rows> = {
  [Name in keyof Rows]: Rows[Name] extends (...given: infer Given) => unknown
    ? Given extends [Scope, ...unknown[]]
      ? Rows[Name]
      : never
    : never
}

export type Store = ReturnType<typeof createStore>
