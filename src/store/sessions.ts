import { Problem } from '#contract/problem.ts'
import type { NewSession, Session, SessionDetail, SessionPatch } from '#contract/session.ts'
import { switchBranch } from './branch-switch.ts'
import type { Database, Statements } from './database.ts'
import type { Page, PageRequest, Scope } from './scope.ts'
import { readDetail } from './session-detail.ts'
import { listSessions, type SessionFilter } from './session-list.ts'
import { removeSession } from './session-removal.ts'
import {
  namedSession,
  type SessionRow,
  sessionColumns,
  toSession,
  withActiveRun,
} from './session-row.ts'

/** Conversations. Wherever one is named, its id or its external id does. */
export function createSessions({ database }: { database: Database }) {
  return {
    /** `conflict` when another session of the tenant has the external id. */
    async create(
      scope: Scope,
      { id, owner, input }: { id: string; owner: string; input: NewSession },
    ): Promise<Session> {
      const [row] = await database.query<SessionRow>(insertStatement, [
        scope.tenant,
        owner,
        id,
        input.external_id ?? null,
        input.title ?? null,
        input.agent ?? null,
        JSON.stringify(input.permissions ?? {}),
        input.tools_approved ?? false,
        input.thinking ?? true,
        input.working_dir ?? null,
        input.max_iterations ?? null,
        JSON.stringify(input.metadata ?? {}),
      ])
      if (row) return toSession(row)
      const message = `The external_id ${input.external_id} is in use; choose another, or use that session`
      throw new Problem('conflict', message)
    },

    async get(scope: Scope, id: string): Promise<Session | null> {
      const row = await findSession({ database, scope, id })
      return row ? toSession(row) : null
    },

    /** With its newest messages, at most `messageLimit`, and all that waits for a person. */
    async detail(
      scope: Scope,
      id: string,
      { messageLimit }: { messageLimit: number },
    ): Promise<SessionDetail | null> {
      const row = await findSession({ database, scope, id })
      return row ? readDetail({ database, scope, row, messageLimit }) : null
    },

    /** Those that are not a sub-agent's, the newest activity first. */
    list(scope: Scope, page: PageRequest, filter: SessionFilter): Promise<Page<Session>> {
      return listSessions({ database, scope, page, filter })
    },

    agents(scope: Scope, agent: string, page: PageRequest): Promise<Page<Session>> {
      return listSessions({ database, scope, page, filter: { agent } })
    },

    /** Sets what the patch names and leaves the rest; `session_busy` when a run keeps its branch. */
    update(scope: Scope, id: string, patch: SessionPatch): Promise<Session | null> {
      const { leaf_message_id: messageId, ...settings } = patch
      if (messageId === undefined) return updateSettings(database, scope, id, settings)
      return database.transaction(async (tx) => {
        if (!(await switchBranch(tx, { scope, id, messageId }))) return null
        return updateSettings(tx, scope, id, settings)
      })
    },

    /** Flips a setting. Answers what it is now. */
    async toggle(
      scope: Scope,
      id: string,
      setting: 'tools_approved' | 'thinking',
    ): Promise<boolean | null> {
      const [row] = await database.query<{ value: boolean }>(
        `update sessions s set ${setting} = not ${setting} where s.id = (${idStatement})
         returning ${setting} as value`,
        [scope.tenant, scope.owner, id],
      )
      return row?.value ?? null
    },

    /** Removes a session and everything in it. Answers whether it was there. */
    remove(scope: Scope, id: string): Promise<boolean> {
      return removeSession({ database, scope, id })
    },
  }
}

// An external id may look like the id of another session: then the id is meant.
const idStatement = `select s.id from sessions s where ${namedSession} order by s.id = $3 desc limit 1`

async function findSession({
  database,
  scope,
  id,
}: {
  database: Database
  scope: Scope
  id: string
}): Promise<SessionRow | null> {
  const [row] = await database.query<SessionRow>(
    `select ${sessionColumns} from sessions s ${withActiveRun} where ${namedSession}
     order by s.id = $3 desc limit 1`,
    [scope.tenant, scope.owner, id],
  )
  return row ?? null
}

async function updateSettings(
  database: Statements,
  scope: Scope,
  id: string,
  patch: SessionPatch,
): Promise<Session | null> {
  const [row] = await database.query<SessionRow>(updateStatement, [
    scope.tenant,
    scope.owner,
    id,
    patch.title ?? null,
    patch.permissions ? JSON.stringify(patch.permissions) : null,
    patch.tools_approved ?? null,
    patch.thinking ?? null,
    patch.max_iterations ?? null,
    patch.working_dir ?? null,
    patch.agent ?? null,
    patch.metadata ? JSON.stringify(patch.metadata) : null,
  ])
  return row ? toSession(row) : null
}

const insertStatement = `
with s as (
  insert into sessions (tenant, owner, id, external_id, title, agent, permissions, tools_approved,
    thinking, working_dir, max_iterations, metadata)
  values ($1, $2, $3, $4, $5, $6, $7::text::jsonb, $8, $9, $10, $11, $12::text::jsonb)
  on conflict (tenant, external_id) where external_id is not null do nothing
  returning *
)
select ${sessionColumns} from s ${withActiveRun}`

const updateStatement = `
with s as (
  update sessions s set title = coalesce($4, s.title),
    permissions = coalesce($5::text::jsonb, s.permissions),
    tools_approved = coalesce($6, s.tools_approved), thinking = coalesce($7, s.thinking),
    max_iterations = coalesce($8, s.max_iterations), working_dir = coalesce($9, s.working_dir),
    agent = coalesce($10, s.agent), metadata = coalesce($11::text::jsonb, s.metadata),
    updated_at = now()
  where s.id = (${idStatement})
  returning *
)
select ${sessionColumns} from s ${withActiveRun}`
