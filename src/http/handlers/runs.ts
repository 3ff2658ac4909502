import type { Message } from '#contract/message.ts'
import type { Run } from '#contract/run.ts'
import type { Runs } from '#runtime/runtime.ts'
import type { Page, PageRequest, Scope } from '#store/scope.ts'
import type { AppContext, Handlers } from '../env.ts'
import { found } from '../found.ts'
import { toPageRequest } from '../page-request.ts'
import type { RunReader } from '../run-answer.ts'
import type { SessionRows } from './sessions.ts'

export type RunFilter = {
  agent: string
  /** An id or an external id. */
  session?: string
  status?: Run['status']
  /** Only those whose last change of status came then or later. */
  since?: string
}

/** The runs of the store; `sessionId` is no external id. */
export type RunRows = RunReader & {
  list(scope: Scope, sessionId: string, page: PageRequest): Promise<Page<Run>>
  /** What users and agents said in a run, the newest first. */
  said(scope: Scope, id: string, most: number): Promise<Message[]>
  /** The newest first, without those of sub-agents. */
  ofAgent(
    scope: Scope,
    page: PageRequest,
    filter: RunFilter,
  ): Promise<Page<Run> & { total: number }>
  /** The newest run that is not over and whose metadata holds this. */
  findActive(scope: Scope, metadata: Record<string, unknown>): Promise<Run | null>
}

type RunHandlers = Pick<Handlers, 'getRun' | 'listRuns' | 'cancelRun' | 'cancelSession'>

export function runHandlers({
  sessions,
  runRows,
  runs,
}: {
  sessions: Pick<SessionRows, 'get'>
  runRows: RunRows
  runs: Pick<Runs, 'cancel' | 'cancelSession'>
}): RunHandlers {
  return {
    async getRun(c) {
      const { run } = c.req.valid('param')
      return c.json(found(await runRows.get(c.get('scope'), run), `run ${run}`), 200)
    },
    async listRuns(c) {
      const { session } = c.req.valid('param')
      const scope = c.get('scope')
      const { id } = found(await sessions.get(scope, session), `session ${session}`)
      return c.json(await runRows.list(scope, id, toPageRequest(c.req.valid('query'))), 200)
    },
    async cancelRun(c) {
      const run = await runs.cancel(c.get('scope'), c.req.valid('param').run)
      return isOver(run) ? c.json(run, 200) : c.json(run, 202, locationOf(c, run))
    },
    async cancelSession(c) {
      const run = await runs.cancelSession(c.get('scope'), c.req.valid('param').session)
      return isOver(run) ? c.json(run, 200) : c.json(run, 202, locationOf(c, run))
    },
  }
}

function isOver({ status }: Run): boolean {
  return status === 'completed' || status === 'failed' || status === 'cancelled'
}

function locationOf(c: AppContext, run: Run) {
  return { Location: `${c.get('base')}/api/runs/${run.id}` }
}
