import { Problem } from '#contract/problem.ts'
import type { NewSession, Session, SessionDetail, SessionPatch } from '#contract/session.ts'
import type { AgentCatalog } from '#runtime/catalog.ts'
import type { Runs } from '#runtime/runtime.ts'
import type { Page, PageRequest, Scope } from '#store/scope.ts'
import type { AppContext, Handlers } from '../env.ts'
import { found } from '../found.ts'
import { toPageRequest } from '../page-request.ts'
import { requireApprovalFor } from '../require-scope.ts'

/** The sessions of the store; `id` may be an external id. */
export type SessionRows = {
  create(scope: Scope, request: { id: string; owner: string; input: NewSession }): Promise<Session>
  get(scope: Scope, id: string): Promise<Session | null>
  detail(scope: Scope, id: string, options: { messageLimit: number }): Promise<SessionDetail | null>
  list(scope: Scope, page: PageRequest, filter: SessionFilter): Promise<Page<Session>>
  update(scope: Scope, id: string, patch: SessionPatch): Promise<Session | null>
  toggle(scope: Scope, id: string, setting: 'tools_approved' | 'thinking'): Promise<boolean | null>
  remove(scope: Scope, id: string): Promise<boolean>
}

export type SessionFilter = {
  agent?: string
  status?: Session['status']
  q?: string
  metadata?: Record<string, unknown>
}

type SessionHandlers = Pick<
  Handlers,
  | 'listSessions'
  | 'createSession'
  | 'getSession'
  | 'updateSession'
  | 'updateSessionTitle'
  | 'updateSessionPermissions'
  | 'deleteSession'
  | 'toggleToolApproval'
  | 'toggleThinking'
>

/** Messages that a session carries along. */
const messageLimit = 100

export function sessionHandlers({
  sessions,
  runs,
  catalog,
  newSessionId,
  workingDir,
}: {
  sessions: SessionRows
  runs: Pick<Runs, 'cancelSession' | 'cancelBackground' | 'dropQueue'>
  catalog: Pick<AgentCatalog, 'of'>
  newSessionId: () => string
  /** A working directory made absolute; refuses what is not in the workspace. */
  workingDir: (path: string) => string
}): SessionHandlers {
  return {
    async listSessions(c) {
      const { limit, cursor, order, ...filter } = c.req.valid('query')
      const page = toPageRequest({ limit, cursor, order })
      return c.json(await sessions.list(c.get('scope'), page, defined(filter)), 200)
    },
    async createSession(c) {
      const input = withWorkingDir(c.req.valid('json'))
      requireApprovalFor(c, input)
      checkAgent(c, input.agent)
      const session = await sessions.create(c.get('scope'), {
        id: newSessionId(),
        owner: c.get('principal').owner,
        input,
      })
      return c.json(session, 201, { Location: `${c.get('base')}/api/sessions/${session.id}` })
    },
    async getSession(c) {
      const { session } = c.req.valid('param')
      const detail = await sessions.detail(c.get('scope'), session, { messageLimit })
      return c.json(found(detail, `session ${session}`), 200)
    },
    async updateSession(c) {
      const patch = withWorkingDir(c.req.valid('json'))
      requireApprovalFor(c, patch)
      checkAgent(c, patch.agent)
      return c.json(await update(c.get('scope'), c.req.valid('param').session, patch), 200)
    },
    async updateSessionTitle(c) {
      const { title } = c.req.valid('json')
      const { id } = await update(c.get('scope'), c.req.valid('param').session, { title })
      return c.json({ id, title }, 200)
    },
    async updateSessionPermissions(c) {
      const { permissions } = c.req.valid('json')
      const { session } = c.req.valid('param')
      const updated = await update(c.get('scope'), session, { permissions })
      return c.json({ id: updated.id, permissions: updated.permissions }, 200)
    },
    async deleteSession(c) {
      const { session } = c.req.valid('param')
      await runs.dropQueue(c.get('scope'), session)
      await runs.cancelSession(c.get('scope'), session).catch(ignoreIdle)
      await runs.cancelBackground(c.get('scope'), session)
      found((await sessions.remove(c.get('scope'), session)) || null, `session ${session}`)
      return c.body(null, 204)
    },
    async toggleToolApproval(c) {
      const value = await toggle(c.get('scope'), c.req.valid('param').session, 'tools_approved')
      return c.json({ tools_approved: value }, 200)
    },
    async toggleThinking(c) {
      const value = await toggle(c.get('scope'), c.req.valid('param').session, 'thinking')
      return c.json({ thinking: value }, 200)
    },
  }

  async function update(scope: Scope, session: string, patch: SessionPatch): Promise<Session> {
    return found(await sessions.update(scope, session, patch), `session ${session}`)
  }

  async function toggle(scope: Scope, session: string, setting: 'tools_approved' | 'thinking') {
    return found(await sessions.toggle(scope, session, setting), `session ${session}`)
  }

  function withWorkingDir<Input extends { working_dir?: string | undefined }>(input: Input): Input {
    if (input.working_dir === undefined) return input
    return { ...input, working_dir: workingDir(input.working_dir) }
  }

  function checkAgent(c: AppContext, agent: string | undefined): void {
    if (agent === undefined || catalog.of(c.get('scope').tenant).get(agent)) return
    const message = `There is no agent ${agent}; listAgents names them`
    throw new Problem('validation_failed', message, { errors: [{ path: 'agent', message }] })
  }
}

function ignoreIdle(error: unknown): void {
  if (!(error instanceof Problem) || error.code !== 'no_active_run') throw error
}

/** Without the keys whose value is undefined. */
function defined(
  filter: {
    [Key in keyof SessionFilter]: SessionFilter[Key] | undefined
  },
): SessionFilter {
  return Object.fromEntries(Object.entries(filter).filter(([, value]) => value !== undefined))
}
