import type { Session } from '#contract/session.ts'
import type { SessionExport, SessionFork } from '#contract/session-copy.ts'
import type { Scope } from '#store/scope.ts'
import type { AppContext, Handlers } from '../env.ts'
import { found } from '../found.ts'
import { requireApprovalFor } from '../require-scope.ts'
import type { SessionRows } from './sessions.ts'

/** Sessions that are made of others; `session` is an id or an external id. */
export type SessionCopies = {
  fork(scope: Scope, session: string, fork: SessionFork): Promise<string | null>
  export(scope: Scope, session: string): Promise<SessionExport | null>
  import(
    place: { tenant: string; owner: string; externalId?: string },
    document: SessionExport,
  ): Promise<string>
}

export function sessionCopyHandlers({
  sessions,
  copies,
  workingDir,
}: {
  sessions: Pick<SessionRows, 'get'>
  copies: SessionCopies
  /** A working directory made absolute; refuses what is not in the workspace. */
  workingDir: (path: string) => string
}): Pick<Handlers, 'forkSession' | 'exportSession' | 'importSession'> {
  return {
    async forkSession(c) {
      const { session } = c.req.valid('param')
      const id = await copies.fork(c.get('scope'), session, c.req.valid('json'))
      const made = await read(c, found(id, `session ${session}`))
      return c.json(made, 201, { Location: `${c.get('base')}/api/sessions/${made.id}` })
    },
    async exportSession(c) {
      const { session } = c.req.valid('param')
      const document = await copies.export(c.get('scope'), session)
      return c.json(found(document, `session ${session}`), 200)
    },
    async importSession(c) {
      const document = c.req.valid('json')
      const { working_dir: path, permissions, tools_approved } = document.session
      requireApprovalFor(c, {
        ...(Object.keys(permissions).length > 0 ? { permissions } : {}),
        ...(tools_approved ? { tools_approved } : {}),
      })
      const working_dir = path === null ? null : workingDir(path)
      const { tenant, owner } = c.get('principal')
      const settings = { ...document.session, working_dir }
      const id = await copies.import({ tenant, owner }, { ...document, session: settings })
      const made = await read(c, id)
      return c.json(made, 201, { Location: `${c.get('base')}/api/sessions/${made.id}` })
    },
  }

  async function read(c: AppContext, id: string): Promise<Session> {
    return found(await sessions.get(c.get('scope'), id), `session ${id}`)
  }
}
