import type { Budget } from '#contract/budget.ts'
import type { Run } from '#contract/run.ts'
import type { Approval, Session } from '#contract/session.ts'
import type { Permissions } from '#contract/tool.ts'
import type { RunStatements } from '#store/run-statements.ts'
import type { Scope } from '#store/scope.ts'
import { toolSessionOf } from './active-run.ts'
import { actorOf } from './actor.ts'
import { createAnswers } from './answers.ts'
import { type Assistants, createAssistants, defaultAgentName } from './assistant.ts'
import { createBackground } from './background.ts'
import { createBatcher } from './batcher.ts'
import type { AgentCatalog } from './catalog.ts'
import { createClock } from './clock.ts'
import { createCluster, type OpenNotices } from './cluster.ts'
import { createCompactor } from './compactor.ts'
import type { IdPrefix, LoopContext } from './context.ts'
import { createExecutor, type Executor } from './executor.ts'
import { createFeed } from './feed.ts'
import { toFrame } from './frame.ts'
import type { HooksFactory } from './hooks.ts'
import { createHooksBeside } from './hooks-beside.ts'
import { createHousekeeping, type Retention } from './housekeeping.ts'
import { createJournal, type Journal } from './journal.ts'
import type { Models } from './model.ts'
import { observeModels } from './observed-models.ts'
import type { RunObserver } from './observer.ts'
import { isUnavailable, patient } from './patience.ts'
import { restoreRun, toKeptVersion } from './restore.ts'
import { createRuns } from './runs.ts'
import type { Feed, Frame, Runs, StartedRun } from './runtime.ts'
import { runsAbove } from './spending.ts'
import { createStarter } from './starter.ts'
import { denialsOf } from './team.ts'
import { createTitles } from './titles.ts'
import type { RunScript, ToolsetFactory } from './tool.ts'

export type Runtime = {
  runs: Runs
  feed: Feed
  assistants: Assistants
  /** A page of a session's log as frames; `sessionId` is the root session's. */
  readFrames(request: {
    sessionId: string
    after: number
    limit: number
  }): Promise<{ frames: Frame[]; more: boolean; lost: boolean }>
  /** A session was removed: its agent's hooks are told, and those who follow it are at the end. */
  sessionRemoved(scope: Scope, session: RemovedSession, reason: 'deleted' | 'expired'): void
  running(): number
  counters(): ReturnType<Journal['counters']>
  /** Sessions that are followed or written to here, and who follows them. */
  followers(): { sessions: number; followers: number }
  /** Hands runs over at their next step, and after `grace` ms wherever they are. */
  close(grace: number): Promise<void>
}

type RemovedSession = Pick<Session, 'id' | 'agent' | 'agent_name' | 'working_dir'>

type RuntimeLog = {
  warn(message: string, fields?: object): void
  error(message: string, fields?: object): void
}

/** Builds the floor: journal and feed, the loop's world, the executor, and what callers can do. */
export async function openRuntime({
  statements,
  readers,
  catalog,
  models,
  toolsets,
  hooks,
  nextId,
  instance,
  embedded,
  openNotices,
  titles,
  runScript = null,
  serverPermissions = {},
  questionLifetime = 24 * 60 * 60 * 1000,
  compactAfter,
  retention,
  budget,
  observer,
  log,
}: {
  statements: RunStatements
  readers: {
    run(scope: Scope, runId: string): Promise<Run | null>
    latestRun(scope: Scope, rootSessionId: string): Promise<Run | null>
    started(scope: Scope, runId: string): Promise<StartedRun | null>
    approval(scope: Scope, approvalId: string): Promise<Approval | null>
  }
  catalog: AgentCatalog
  models: Models
  toolsets: Record<string, ToolsetFactory>
  hooks: HooksFactory
  nextId: (prefix: IdPrefix) => string
  instance: string
  embedded: boolean
  /** The way to the other instances on the database; undefined where none can be. */
  openNotices: OpenNotices | undefined
  titles: boolean
  /** null: scripts may not be run here. */
  runScript?: RunScript | null
  serverPermissions?: Permissions
  questionLifetime?: number
  /** Seconds after which the deltas of a finished run are joined. */
  compactAfter: number
  /** How long events and idle sessions are kept. */
  retention: Retention
  /** What any run may spend before it asks to go on. */
  budget: Budget
  observer: RunObserver
  log: RuntimeLog
}): Promise<Runtime> {
  const { queue, decisions } = statements
  const clock = createClock({ monotonic: () => performance.now(), start: Date.now() })
  const readFrames = async (request: { sessionId: string; after: number; limit: number }) => {
    const { rows, more, lost } = await statements.log.read(request)
    const frames = rows.map((row) =>
      toFrame(row, {
        seq: row.seq,
        ...(row.seqFrom === null ? {} : { seqFrom: row.seqFrom }),
        timestamp: new Date(row.time).toISOString(),
      }),
    )
    return { frames, more, lost }
  }
  const feed = createFeed({ read: readFrames })
  const journal = createJournal({
    commit: statements.log.commit,
    applied: statements.log.findCommitted,
    publish,
    clock,
    onFenceLost: (sessionId) => executor.lost(sessionId),
    onCommitted: observer.committed,
    isPassing: isUnavailable,
  })
  const assistants = createAssistants({
    models: observeModels(models, observer),
    toolsets,
    hooks,
  })
  const compactor = createCompactor({ compact: statements.compact, delay: compactAfter, log })
  const housekeeping = createHousekeeping({
    rows: statements.housekeeping,
    retention,
    onExpired({ tenant, owner, ...session }) {
      sessionRemoved({ tenant, owner }, session, 'expired')
    },
    log,
  })
  const answers = createAnswers({ read: decisions.readAnswer })
  const writeTitle = createTitles({ journal, log })
  const hooksBeside = createHooksBeside({ log })
  const runRows = {
    history: patient(queue.history),
    openStep: patient(queue.openStep),
    agentVersion: patient(queue.agentVersion),
  }
  let draining = false
  const context: LoopContext = {
    assistants,
    clock,
    nextId,
    questionLifetime,
    transferDepth: 4,
    rulesOf: (run) => ({
      session: run.settings.permissions,
      agent: joinPermissions(
        run.assistant.snapshot.file.permissions,
        run.assistant.spec.permissions,
        { deny: denialsOf(runsAbove(run)) },
      ),
      server: serverPermissions,
      toolsApproved: run.settings.toolsApproved,
      allowedTools: run.settings.allowedTools,
    }),
    rows: {
      calls: patient(queue.calls),
      settings: patient(queue.settings),
      sessionContext: patient(queue.sessionContext),
      posted: patient(createBatcher(queue.posted)),
      unknownCalls: patient(queue.unknownCalls),
      subRun: patient(queue.loadSubRun),
    },
    runScript,
    answers,
    background: (run, callId) => background(run, callId),
    restore: (loaded, parent) =>
      restoreRun({
        loaded,
        rows: runRows,
        catalog,
        assistants,
        log: parent.log,
        signal: parent.signal,
        recovered: parent.recovered,
        parent,
      }),
    tellHooks: (run, event) => hooksBeside.tell(run.assistant.hooks, event, toolSessionOf(run)),
    onTurn: (run) => {
      compactor.finished()
      if (titles) writeTitle(run)
    },
    draining: () => draining,
    drain: () => {
      draining = true
    },
    onBug: (error, run) =>
      log.error('a run failed because of a bug', {
        run_id: run.id,
        session_id: run.sessionId,
        error,
      }),
    observer,
  }
  const executor: Executor & { start(): void } = createExecutor({
    context,
    journal,
    leases: {
      claim: (request) => queue.claim({ instance, ...request }),
      renew: (runs) => queue.renew({ instance, runs }),
      release: patient(queue.release),
      load: patient(queue.load),
      requeueDecided: patient(decisions.requeueDecided),
      takeQueued: (request) => queue.takeQueued({ instance, ...request }),
    },
    endings: {
      loadToEnd: patient(statements.endings.loadToEnd),
      callsToEnd: patient(statements.endings.callsToEnd),
      failUnbegun: patient(statements.endings.failUnbegun),
    },
    restore: (loaded, hands) =>
      restoreRun({ loaded, rows: runRows, catalog, assistants, ...hands }),
    embedded,
    retain: feed.retain,
    offer: () => cluster?.tell({ type: 'queued' }),
    log,
  })
  const cluster =
    openNotices &&
    createCluster({
      open: openNotices,
      rows: statements.cluster,
      feed,
      runs: executor,
      answered: answers.answered,
      log,
    })
  function publish(sessionId: string, frames: Frame[]): void {
    feed.publish(sessionId, frames)
    const head = frames.at(-1)?.seq
    if (head !== undefined) cluster?.tell({ type: 'head', sessionId, head })
  }
  // A run that is not held here may be held by another instance.
  function interrupt(runId: string): boolean {
    const isHere = executor.interrupt(runId)
    if (!isHere) cluster?.tell({ type: 'cancelled', runId })
    return isHere
  }
  function sessionRemoved(scope: Scope, session: RemovedSession, reason: string): void {
    feed.end(session.id)
    const snapshot =
      session.agent === null ? undefined : catalog.of(scope.tenant).get(session.agent)
    const agentName = session.agent_name ?? (snapshot && defaultAgentName(snapshot))
    if (!snapshot || !agentName || !snapshot.file.agents[agentName]?.hooks) return
    const { hooks } = assistants.get(snapshot, agentName)
    const { id: sessionId, working_dir: workingDir } = session
    const event = { name: 'session_end' as const, reason }
    const place = {
      tenant: scope.tenant,
      owner: actorOf(scope),
      sessionId,
      agentName,
      workingDir,
    }
    hooksBeside.tell(hooks, event, place)
  }
  const starter = createStarter({
    catalog,
    assistants,
    executor: { ...executor, interrupt },
    clock,
    nextId,
    instance,
    publish,
    serverBudget: budget,
    observer,
    rows: {
      ...queue,
      started: readers.started,
      start: createBatcher((runs) => queue.start(runs)),
      saveAgentVersion: (snapshot) => queue.saveAgentVersion(toKeptVersion(snapshot)),
    },
  })
  const runs = createRuns({
    starter,
    executor: { ...executor, interrupt },
    onAnswer(elicitationId) {
      answers.answered(elicitationId)
      cluster?.tell({ type: 'answered', elicitationId })
    },
    rows: {
      ...decisions,
      ...readers,
      activeRun: async (scope, session) => {
        const found = await queue.find(scope, session)
        return found && { sessionId: found.id, runId: found.activeRunId }
      },
      backgroundRuns: statements.background.activeRuns,
      dropQueue: queue.drop,
    },
  })
  const background = createBackground({
    starter,
    cancel: runs.cancel,
    rows: { list: statements.background.list, history: queue.history },
    deepest: context.transferDepth,
  })
  await cluster?.start()
  // Requests that a killed process had in hand may be repeated at once.
  if (embedded) await statements.keys.freeOrphaned()
  executor.start()
  compactor.start()
  housekeeping.start()
  return {
    runs,
    feed,
    assistants,
    readFrames,
    sessionRemoved,
    running: executor.running,
    counters: journal.counters,
    followers: feed.counters,
    async close(grace) {
      await executor.drain(grace)
      // Others take over what was handed over.
      await cluster?.stop()
      await hooksBeside.close()
      await compactor.stop()
      await housekeeping.stop()
      await assistants.close()
    },
  }
}

function joinPermissions(...all: (Permissions | undefined)[]): Permissions {
  return {
    allow: all.flatMap((rules) => rules?.allow ?? []),
    ask: all.flatMap((rules) => rules?.ask ?? []),
    deny: all.flatMap((rules) => rules?.deny ?? []),
  }
}
