import type { AgentVersion } from '#contract/agent-edit.ts'
import type { AgentFile } from '#contract/agent-file.ts'
import { type AuditEntry, writeAudit } from './audit.ts'
import type { Database, Statements } from './database.ts'
import type { Ids } from './ids.ts'
import { decodeCursor, notACursor, toPage } from './page.ts'
import type { Page, PageRequest, Scope } from './scope.ts'

/** The agent of a name as it is now. */
export type StoredAgent = { name: string; revision: number; version: string; file: AgentFile }

export type AgentRevision = Omit<AgentVersion, 'current'>

export type NewRevision = {
  name: string
  version: string
  change: AgentVersion['change']
  file: AgentFile
  createdBy: string
  audit: AuditEntry
}

/** Whoever listens here is told that agents may have changed. */
export const agentsChannel = 'parley_agents'

/**
 * Name and revision of every agent of every tenant, for the catalog, which keeps them apart: equal
 * heads mean equal agents.
 */
export function readAgentHeads(
  database: Statements,
): Promise<{ tenant: string; name: string; revision: number }[]> {
  return database.query('select tenant, name, revision from agents', [])
}

/** Agents that were made over the API, and what the API did to all agents. */
export function createAgents({ database, ids }: { database: Database; ids: Ids }) {
  return {
    async read(scope: Scope, names: string[]): Promise<StoredAgent[]> {
      return await database.query(
        `select a.name, a.revision, r.version, r.file from agents a
         join agent_revisions r using (tenant, name, revision)
         where a.tenant = $1 and a.name = any($2)`,
        [scope.tenant, names],
      )
    },

    /** Makes an agent; false when there is one of that name. */
    async create(scope: Scope, made: NewRevision): Promise<boolean> {
      return await change(scope, made.name, async (tx) => {
        const [taken] = await tx.query(
          `insert into agents (tenant, name, revision)
             values ($1, $2, ${nextRevision}) on conflict do nothing returning name`,
          [scope.tenant, made.name],
        )
        if (!taken) return false
        await append(tx, scope, made)
        return true
      })
    },

    /** Changes the agent when `revision` is still its newest; false when it is not. */
    async update(scope: Scope, changed: NewRevision & { revision: number }): Promise<boolean> {
      return await change(scope, changed.name, async (tx) => {
        const [row] = await tx.query(
          `update agents set revision = ${nextRevision}, updated_at = now()
             where tenant = $1 and name = $2 and revision = $3 returning name`,
          [scope.tenant, changed.name, changed.revision],
        )
        if (!row) return false
        await append(tx, scope, changed)
        return true
      })
    },

    /** Removes the agent when `revision` is still its newest; its revisions stay. */
    async remove(scope: Scope, removed: NewRevision & { revision: number }): Promise<boolean> {
      return await change(scope, removed.name, async (tx) => {
        const [row] = await tx.query(
          `delete from agents where tenant = $1 and name = $2 and revision = $3 returning name`,
          [scope.tenant, removed.name, removed.revision],
        )
        if (!row) return false
        await append(tx, scope, removed)
        return true
      })
    },

    /** Notes what was done to an agent that lives in a file. */
    async record(scope: Scope, name: string, revisions: NewRevision[]): Promise<void> {
      await change(scope, name, async (tx) => {
        for (const revision of revisions) await append(tx, scope, revision)
      })
    },

    /** Notes what was done that left the agent as it is. */
    async audit(scope: Scope, entry: AuditEntry): Promise<void> {
      await writeAudit(database, ids, scope, entry)
    },

    async revisions(scope: Scope, name: string, page: PageRequest): Promise<Page<AgentRevision>> {
      const [after] = decodeCursor(page, 1) ?? []
      if (after !== undefined && !/^\d{1,9}$/.test(after)) throw notACursor()
      const [compare, order] = page.order === 'desc' ? ['<', 'desc'] : ['>', 'asc']
      const rows = await database.query<AgentRevision>(
        `select ${columns} from agent_revisions
         where tenant = $1 and name = $2 and ($3::int is null or revision ${compare} $3::int)
         order by revision ${order} limit $4`,
        [scope.tenant, name, after ?? null, page.limit + 1],
      )
      return toPage({
        rows,
        limit: page.limit,
        keyOf: ({ revision }) => [String(revision)],
        toItem: (row) => row,
      })
    },

    /** The newest revision with that content, or with any. */
    async revision(
      scope: Scope,
      name: string,
      version?: string,
    ): Promise<(AgentRevision & { file: AgentFile }) | null> {
      const [row] = await database.query<AgentRevision & { file: AgentFile }>(
        `select ${columns}, file from agent_revisions
         where tenant = $1 and name = $2 and ($3::text is null or version = $3)
         order by revision desc limit 1`,
        [scope.tenant, name, version ?? null],
      )
      return row ?? null
    },
  }

  /** One change of a name at a time, so that its revisions count up without a gap. */
  async function change<T>(
    scope: Scope,
    name: string,
    work: (tx: Statements) => Promise<T>,
  ): Promise<T> {
    return await database.transaction(async (tx) => {
      await tx.query(`select pg_advisory_xact_lock(hashtextextended($1, 7))`, [
        `${scope.tenant}/${name}`,
      ])
      return await work(tx)
    })
  }

  async function append(tx: Statements, scope: Scope, made: NewRevision): Promise<void> {
    await tx.query(
      `insert into agent_revisions (tenant, name, revision, version, change, file, created_by)
       values ($1, $2, ${nextRevision}, $3, $4, $5::text::json, $6)`,
      [
        scope.tenant,
        made.name,
        made.version,
        made.change,
        JSON.stringify(made.file),
        made.createdBy,
      ],
    )
    await writeAudit(tx, ids, scope, made.audit)
    await tx.query(`select pg_notify('${agentsChannel}', '')`, [])
  }
}

const columns = 'version, revision, change, created_by, created_at'

/** The revisions of a name go on counting when its agent is deleted and made again. */
const nextRevision = `(select coalesce(max(revision), 0) + 1 from agent_revisions
  where tenant = $1 and name = $2)`
