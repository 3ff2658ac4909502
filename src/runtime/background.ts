import { Problem } from '#contract/problem.ts'
import type { Run } from '#contract/run.ts'
import type { BackgroundRow } from '#store/background.ts'
import type { Scope } from '#store/scope.ts'
import type { ActiveRun } from './active-run.ts'
import type { RunRows } from './restore.ts'
import type { Starter } from './starter.ts'
import { tooDeep } from './team.ts'
import type { AgentTask, BackgroundAgent, BackgroundAgents } from './tool.ts'

export type BackgroundRows = {
  list(scope: Scope, of: { parentId: string; id?: string }): Promise<BackgroundRow[]>
  history: RunRows['history']
}

/** Background agents of one session that may be at work at the same time. */
const mostActive = 8

/**
 * Agents that work beside the run that asked for them: each a run in a session of its own, with the
 * rules and settings that its parent had then, which goes on whatever becomes of its parent's run.
 */
export function createBackground({
  starter,
  cancel,
  rows,
  deepest,
}: {
  starter: Pick<Starter, 'startBackground'>
  cancel(scope: Scope, runId: string): Promise<Run>
  rows: BackgroundRows
  /** How deep tasks may be passed on. */
  deepest: number
}): (run: ActiveRun, callId: string) => BackgroundAgents {
  /** Starts of one session come one after the other, so that they are counted. */
  const starting = new Map<string, Promise<unknown>>()

  async function start(run: ActiveRun, callId: string, task: AgentTask) {
    const { scope, parentId } = placeOf(run)
    const id = sessionOf(callId)
    // A crash may have come between the start and its result.
    const [known] = await rows.list(scope, { parentId, id })
    if (known) return toAgent(known)
    const active = (await rows.list(scope, { parentId })).filter(isActive)
    if (active.length >= mostActive) {
      throw new Error(
        `${mostActive} background agents are at work already; wait for one, or stop one with stop_background_agent.`,
      )
    }
    await starter.startBackground(run, { id, callId, task })
    const [started] = await rows.list(scope, { parentId, id })
    if (!started) throw new Error('The session is gone; nothing was started.')
    return toAgent(started)
  }

  function inTurn<Result>(key: string, work: () => Promise<Result>): Promise<Result> {
    const mine = (starting.get(key) ?? Promise.resolve()).then(work, work)
    starting.set(key, mine)
    const forget = () => {
      if (starting.get(key) === mine) starting.delete(key)
    }
    mine.then(forget, forget)
    return mine
  }

  async function find(run: ActiveRun, id: string): Promise<BackgroundRow | undefined> {
    const { scope, parentId } = placeOf(run)
    return (await rows.list(scope, { parentId, id }))[0]
  }

  async function lastAnswer(sessionId: string): Promise<string | null> {
    const page = { sessionId, limit: 20, leaf: null, branched: false, before: null, after: null }
    const messages = (await rows.history(page)).map(({ message }) => message)
    return (
      messages.findLast(({ role, content }) => role === 'assistant' && content)?.content ?? null
    )
  }

  return (run, callId) => ({
    async start(task) {
      if (run.level >= deepest) throw new Error(tooDeep(deepest))
      return inTurn(run.sessionId, () => start(run, callId, task))
    },
    async list() {
      const { scope, parentId } = placeOf(run)
      return (await rows.list(scope, { parentId })).map(toAgent)
    },
    async view(id) {
      const found = await find(run, id)
      return found ? { ...toAgent(found), answer: await lastAnswer(found.sessionId) } : null
    },
    async stop(id) {
      const found = await find(run, id)
      if (!found) return null
      const { scope } = placeOf(run)
      const { status } = await cancel(scope, found.runId)
      return toAgent({ ...found, status })
    },
  })
}

/** Cancels what works in the background below a session that is about to be removed. */
export async function cancelBackground({
  scope,
  session,
  activeRuns,
  cancel,
}: {
  scope: Scope
  session: string
  activeRuns(scope: Scope, session: string): Promise<string[]>
  cancel(scope: Scope, runId: string): Promise<Run>
}): Promise<void> {
  const runs = await activeRuns(scope, session)
  await Promise.all(runs.map((run) => cancel(scope, run).catch(ignoreGone)))
}

function ignoreGone(error: unknown): void {
  if (!(error instanceof Problem && error.code === 'not_found')) throw error
}

/** The same call means the same session, also when it runs again after a crash. */
function sessionOf(callId: string): string {
  return callId.replace(/^[a-z]+_/, 'ses_')
}

function placeOf({ tenant, owner, sessionId }: ActiveRun): { scope: Scope; parentId: string } {
  return { scope: { tenant, owner }, parentId: sessionId }
}

function isActive({ status }: BackgroundRow): boolean {
  return status === 'running' || status === 'waiting' || status === 'queued'
}

function toAgent({
  sessionId,
  agentName,
  title,
  status,
  waitingFor,
  error,
  createdAt,
}: BackgroundRow): BackgroundAgent {
  return {
    id: sessionId,
    agent: agentName,
    title: title ?? '',
    status,
    waitingFor: waitingFor?.kind ?? null,
    error: error?.message ?? null,
    createdAt,
  }
}
