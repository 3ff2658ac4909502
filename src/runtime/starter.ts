import type { Budget } from '#contract/budget.ts'
import type { Message, NewMessage } from '#contract/message.ts'
import { Problem } from '#contract/problem.ts'
import type { Run, RunOptions } from '#contract/run.ts'
import type { NewSession } from '#contract/session.ts'
import { noUsage } from '#contract/usage.ts'
import type { Enqueued, QueuedRun, Steering } from '#store/run-queue.ts'
import type { NewRun, StartableSession, StartedRow } from '#store/run-start.ts'
import type { Scope } from '#store/scope.ts'
import { type ActiveRun, toObservedRun } from './active-run.ts'
import { actorOf } from './actor.ts'
import { type Assistant, type Assistants, defaultAgentName } from './assistant.ts'
import { findBranchPoint, type TurnRows } from './branch-point.ts'
import { newRun, placeRun } from './busy-session.ts'
import { type AgentCatalog, type AgentSnapshot, pinOf } from './catalog.ts'
import type { Clock } from './clock.ts'
import type { IdPrefix } from './context.ts'
import type { Executor } from './executor.ts'
import { chainMessages, firstEvents } from './first-events.ts'
import { toFrame } from './frame.ts'
import type { RunObserver } from './observer.ts'
import { isUnavailable } from './patience.ts'
import { toNewEvent } from './pending-entry.ts'
import { type RunRows, readStartHistory } from './restore.ts'
import { type Parts, pickedBefore, toRunRow } from './run-row.ts'
import type { Frame, Runs, StartedRun } from './runtime.ts'
import {
  inheritedOptions,
  memberOf,
  passedSettings,
  remainingBudget,
  taskMessage,
  taskTitle,
} from './team.ts'
import type { AgentTask } from './tool.ts'

export type Starter = Pick<Runs, 'start' | 'startNew'> & {
  /** Begins a run in a session of its own for another run. Nothing when there is one already. */
  startBackground(
    run: ActiveRun,
    request: { id: string; callId: string; task: AgentTask },
  ): Promise<void>
}

export type StartRequest = Parameters<Runs['start']>[1]
export type StartNewRequest = Parameters<Runs['startNew']>[1]

const startTries = 5

/** Begins runs: what was posted, the run and its first events commit together, then it executes. */
export function createStarter({
  catalog,
  assistants,
  executor,
  clock,
  nextId,
  instance,
  publish,
  serverBudget,
  observer,
  rows,
}: {
  catalog: AgentCatalog
  assistants: Assistants
  executor: Executor
  clock: Clock
  nextId: (prefix: IdPrefix) => string
  instance: string
  /** Hands the first events to those who follow, as the journal does with the others. */
  publish(sessionId: string, frames: Frame[]): void
  /** What any run may spend. */
  serverBudget: Budget
  observer: Pick<RunObserver, 'traceContext' | 'begun'>
  rows: RunRows &
    TurnRows & {
      find(
        scope: Scope,
        idOrExternalId: string,
        from?: { leaf: string | null },
      ): Promise<StartableSession | null>
      start(run: NewRun): Promise<StartedRow>
      enqueue(run: QueuedRun): Promise<Enqueued | null>
      steer(request: Steering): Promise<{ runId: string } | null>
      started(scope: Scope, runId: string): Promise<StartedRun | null>
      saveAgentVersion(snapshot: AgentSnapshot): Promise<void>
    }
}): Starter {
  const savedVersions = new Set<string>()
  const describe = (parts: Parts) =>
    toRunRow(parts, { runId: nextId('run'), serverBudget, trace: observer.traceContext() })

  function chooseAgent(
    { tenant }: Scope,
    { agent: { agent, agentName }, variant }: Pick<StartRequest, 'agent' | 'variant'>,
  ): Assistant {
    const agents = catalog.of(tenant)
    const snapshot = agents.get(agent)
    if (!snapshot) {
      const names = agents.list().map((entry) => entry.name)
      throw new Problem('not_found', `There is no agent ${agent}; there are: ${names.join(', ')}`)
    }
    const chosen = variant ? variant(snapshot) : snapshot
    return assistants.get(chosen, agentName ?? defaultAgentName(chosen))
  }

  /** Saved before the first run that pins it, so that any instance can go on with it. */
  async function keepVersion(snapshot: AgentSnapshot): Promise<void> {
    const pin = pinOf(snapshot)
    if (savedVersions.has(pin)) return
    for (const link of Object.values(snapshot.links ?? {})) await keepVersion(link.snapshot)
    await rows.saveAgentVersion(snapshot)
    savedVersions.add(pin)
  }

  function toMessages(posted: NewMessage[], leaf: string | null): Message[] {
    const messages = posted.map(
      (message): Message => ({
        id: nextId('msg'),
        parent_id: null,
        role: message.role,
        agent_name: null,
        status: 'complete',
        content: message.content,
        ...(message.multi_content ? { multi_content: message.multi_content } : {}),
        created_at: clock.isoNow(),
      }),
    )
    return chainMessages(messages, leaf)
  }

  /** What becomes of a run for a session that is busy; null: it is not busy any more. */
  function whenBusy(
    parts: Parts,
    { posted, branch }: { posted: NewMessage[]; branch: { leaf: string | null } | undefined },
  ): Promise<StartedRun | null> {
    const { session, options } = parts
    const policy = options.on_busy ?? 'reject'
    const messages = toMessages(posted, null)
    const row = describe(parts)
    return placeRun({ session, row, messages, policy, branch, executor, rows })
  }

  async function begin(
    parts: Parts & { target: NewRun['session']; messages: Message[]; history: Message[] },
  ): Promise<StartedRun | null> {
    const { scope, session, target, assistant, messages, history, options, headers } = parts
    const row = describe(parts)
    const { runId, model, iterationLimit, budget, trace } = row
    const subject = { sessionId: session.id, runId, agent: assistant.name }
    const bodies = firstEvents(assistant, model, messages)
    const events = bodies.map((body) => toNewEvent({ subject, body }))
    const started = await rows
      .start({ ...row, session: target, instance, events })
      .catch((error: unknown) => {
        if (isUnavailable(error)) executor.doubt(runId)
        throw error
      })
    if (!started) return null
    clock.adjust(started.time)
    const make = ({ log, signal }: Pick<ActiveRun, 'log' | 'signal'>): ActiveRun => ({
      id: runId,
      tenant: scope.tenant,
      owner: session.owner,
      sessionId: session.id,
      rootSessionId: session.id,
      assistant,
      options,
      model,
      picked: pickedBefore(parts),
      iterations: 0,
      iterationLimit,
      usage: noUsage,
      budget,
      toolCalls: 0,
      active: { before: 0, since: performance.now() },
      parent: null,
      totals: { usage: session.totals },
      history: [...history, ...messages],
      compaction: { summary: session.summary, failed: false },
      plan: null,
      leaf: messages.at(-1)?.id ?? session.leaf,
      title: session.title,
      workingDir: session.workingDir,
      headers,
      settings: session.settings,
      openStep: { step: 1, seq: started.base + bodies.length, stale: false },
      recovered: false,
      warned: new Set(),
      depth: 0,
      level: session.level,
      trace,
      log,
      signal,
    })
    executor.launch({ id: runId, sessionId: session.id, token: started.token }, (hands) => {
      const run = make(hands)
      observer.begun(toObservedRun(run))
      return run
    })
    const time = new Date(started.time).toISOString()
    const frames = events.map((event, index) =>
      toFrame(event, { seq: started.base + index + 1, timestamp: time }),
    )
    publish(session.id, frames)
    const run: Run = {
      ...newRun(row, { sessionId: session.id, createdAt: time }),
      status: 'running',
      started_at: time,
    }
    return { run, after: started.base, begun: true }
  }

  return {
    async start(scope, { session: reference, agent, variant, messages: posted, ...rest }) {
      const { beside, options, headers = {}, key } = rest
      const assistant = chooseAgent(scope, { agent, variant })
      await keepVersion(assistant.snapshot)
      const from = beside && (await findBranchPoint(rows, scope, { session: reference, beside }))
      for (let attempt = 0; attempt < startTries; attempt += 1) {
        const found = await rows.find(scope, reference, from)
        if (!found) throw new Problem('not_found', `There is no session ${reference}`)
        const session = from ? { ...found, leaf: from.leaf, branched: true } : found
        const parts = { scope, session, assistant, options, headers, key }
        if (session.activeRunId) {
          const placed = await whenBusy(parts, { posted, branch: from })
          if (placed) return placed
          continue
        }
        const model = options.model
        const history = session.leaf
          ? await readStartHistory(assistant, { session, model, rows })
          : []
        if (history.length + posted.length === 0) throw nothingToAnswer(session.id)
        const messages = toMessages(posted, session.leaf)
        const target = {
          type: 'existing' as const,
          id: session.id,
          leaf: found.leaf,
          ...(from && from.leaf !== found.leaf ? { from } : {}),
        }
        const started = await begin({ ...parts, target, messages, history })
        if (started) return started
        // The session changed between the reading and the start: look again.
      }
      throw new Problem('session_busy', `Session ${reference} is busy; try again`, {
        retry_after: 1,
      })
    },
    async startNew(scope, { session: input, agent, variant, messages: posted, ...rest }) {
      const { options, headers = {}, key } = rest
      const assistant = chooseAgent(scope, { agent, variant })
      await keepVersion(assistant.snapshot)
      const id = nextId('ses')
      if (posted.length === 0) throw nothingToAnswer(id)
      const owner = actorOf(scope)
      const session: StartableSession = {
        id,
        owner,
        leaf: null,
        branched: false,
        activeRunId: null,
        agent: assistant.snapshot.name,
        agentName: assistant.name,
        maxIterations: input.max_iterations ?? null,
        title: input.title ?? null,
        workingDir: input.working_dir ?? null,
        totals: noUsage,
        picked: null,
        summary: null,
        level: 0,
        settings: {
          permissions: input.permissions ?? {},
          toolsApproved: input.tools_approved ?? false,
          allowedTools: [],
          thinking: input.thinking ?? true,
        },
      }
      const target = { type: 'new' as const, id, owner, input }
      const messages = toMessages(posted, null)
      const parts = { scope, session, assistant, options, headers, key }
      const started = await begin({ ...parts, target, messages, history: [] })
      if (started) return started
      throw new Problem('conflict', `There is a session with the external_id ${input.external_id}`)
    },
    async startBackground(run, { id, callId, task }) {
      const { tenant, owner, sessionId: parentId, headers } = run
      const assistant = memberOf(assistants, run.assistant, task.agent)
      const settings = passedSettings(run, assistant)
      const session: StartableSession = {
        id,
        owner,
        leaf: null,
        branched: false,
        activeRunId: null,
        agent: assistant.snapshot.name,
        agentName: assistant.name,
        maxIterations: null,
        title: taskTitle(task),
        workingDir: run.workingDir,
        totals: noUsage,
        picked: null,
        summary: null,
        level: run.level + 1,
        settings,
      }
      const input: NewSession = {
        title: taskTitle(task),
        permissions: settings.permissions,
        tools_approved: settings.toolsApproved,
        thinking: settings.thinking,
        ...(run.workingDir === null ? {} : { working_dir: run.workingDir }),
      }
      const background = { parentId, callId, allowedTools: settings.allowedTools }
      // Whoever asked for it reads an answer better than that a limit was reached.
      const options: RunOptions = {
        ...inheritedOptions(run),
        budget: remainingBudget(run),
        on_max_iterations: 'answer',
      }
      await begin({
        scope: { tenant, owner },
        session,
        target: { type: 'new', id, owner, input, background },
        assistant,
        messages: [taskMessage({ nextId, clock }, task)],
        history: [],
        options,
        headers,
      })
    },
  }
}

function nothingToAnswer(sessionId: string): Problem {
  return new Problem('validation_failed', 'There is nothing to answer: post a message', {
    errors: [{ path: 'messages', message: `session ${sessionId} has no messages yet` }],
  })
}
