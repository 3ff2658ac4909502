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
import { createStats } from './stats.ts'

/** Everything that is kept, for whoever reads and changes it over the API. */
export function createStore({ database, ids }: { database: Database; ids: Ids }) {
  return {
    database,
    ids,
    agents: createAgents({ database, ids }),
    sessions: createSessions({ database }),
    copies: {
      fork: (scope: Scope, session: string, fork: SessionFork) =>
        forkSession({ database, ids, scope, session, fork }),
      export: (scope: Scope, session: string) => exportSession({ database, scope, session }),
      import: (place: { tenant: string; owner: string }, document: SessionExport) =>
        importSession({ database, ids, ...place, document }),
    },
    messages: createMessages({ database }),
    runs: createRuns({ database }),
    approvals: createApprovals({ database }),
    stats: createStats({ database }),
    keys: createKeys({ database, ids }),
  }
}

export type Store = ReturnType<typeof createStore>
