import type { EventBody } from '#contract/event.ts'
import type { Message, NewMessage } from '#contract/message.ts'
import { Problem } from '#contract/problem.ts'
import type { Run, RunOptions } from '#contract/run.ts'
import type { NewSession } from '#contract/session.ts'
import { noUsage } from '#contract/usage.ts'
import type { NewRun, StartableSession, StartedRow } from '#store/run-start.ts'
import type { Scope } from '#store/scope.ts'
import type { ActiveRun } from './active-run.ts'
import { type Assistant, type Assistants, defaultAgentName } from './assistant.ts'
import type { AgentCatalog, AgentSnapshot } from './catalog.ts'
import type { Clock } from './clock.ts'
import type { IdPrefix } from './context.ts'
import type { Executor } from './executor.ts'
import { toFrame } from './frame.ts'
import { defaultIterations } from './limits.ts'
import { pickedModel } from './model-choice.ts'
import { toNewEvent } from './pending-entry.ts'
import { type RunRows, readStartHistory } from './restore.ts'
import type { AgentReference, Frame, Runs, StartedRun } from './runtime.ts'
import { inheritedOptions, type Task, taskMessage, taskTitle } from './team.ts'

export type Starter = Pick<Runs, 'start' | 'startNew'> & {
  /** Begins a run in a session of its own for another run. Nothing when there is one already. */
  startBackground(
    run: ActiveRun,
    request: { id: string; callId: string; task: Task },
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
  rows: RunRows & {
    find(scope: Scope, idOrExternalId: string): Promise<StartableSession | null>
    start(run: NewRun): Promise<StartedRow>
    saveAgentVersion(snapshot: AgentSnapshot): Promise<void>
  }
}): Starter {
  const savedVersions = new Set<string>()

  function chooseAgent({ agent, agentName }: AgentReference): Assistant {
    const snapshot = catalog.get(agent)
    if (!snapshot) {
      const names = catalog.list().map((entry) => entry.name)
      throw new Problem('not_found', `There is no agent ${agent}; there are: ${names.join(', ')}`)
    }
    return assistants.get(snapshot, agentName ?? defaultAgentName(snapshot))
  }

  /** Saved before the first run that pins it, so that any instance can go on with it. */
  async function keepVersion(snapshot: AgentSnapshot): Promise<void> {
    if (savedVersions.has(snapshot.version)) return
    await rows.saveAgentVersion(snapshot)
    savedVersions.add(snapshot.version)
  }

  function toMessages(posted: NewMessage[], leaf: string | null): Message[] {
    let parent = leaf
    return posted.map((message) => {
      const stored: Message = {
        id: nextId('msg'),
        parent_id: parent,
        role: message.role,
        agent_name: null,
        status: 'complete',
        content: message.content,
        ...(message.multi_content ? { multi_content: message.multi_content } : {}),
        created_at: clock.isoNow(),
      }
      parent = stored.id
      return stored
    })
  }

  async function begin({
    scope,
    session,
    target,
    assistant,
    messages,
    history,
    options,
    headers,
  }: {
    scope: Scope
    session: StartableSession
    target: NewRun['session']
    assistant: Assistant
    messages: Message[]
    history: Message[]
    options: RunOptions
    headers: Record<string, string>
  }): Promise<StartedRun | null> {
    // A caller who asks for a model ends what the agent picked.
    const picked = options.model === undefined ? session.picked : null
    const model = assistant.model(pickedModel({ picked, assistant }) ?? options.model)
    const runId = nextId('run')
    const iterationLimit =
      options.max_iterations ??
      session.maxIterations ??
      (assistant.spec.max_iterations || defaultIterations)
    const subject = { sessionId: session.id, runId, agent: assistant.name }
    const bodies = firstEvents(assistant, model.id, messages)
    const events = bodies.map((body) => toNewEvent({ subject, body }))
    const started = await rows.start({
      scope,
      session: target,
      runId,
      agent: assistant.snapshot.name,
      agentName: assistant.name,
      agentVersion: assistant.snapshot.version,
      model: model.id,
      options: keptOptions(options),
      iterationLimit,
      metadata: options.metadata ?? {},
      instance,
      events,
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
      model: model.id,
      picked,
      iterations: 0,
      iterationLimit,
      usage: noUsage,
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
      log,
      signal,
    })
    executor.launch({ id: runId, sessionId: session.id, token: started.token }, make)
    const time = new Date(started.time).toISOString()
    const frames = events.map((event, index) =>
      toFrame(event, { seq: started.base + index + 1, timestamp: time }),
    )
    publish(session.id, frames)
    const run: Run = {
      id: runId,
      session_id: session.id,
      status: 'running',
      agent: assistant.snapshot.name,
      agent_name: assistant.name,
      model: model.id,
      created_at: time,
      started_at: time,
      finished_at: null,
      iterations: 0,
      stop_reason: null,
      completed: false,
      waiting_for: null,
      error: null,
      usage: noUsage,
      metadata: options.metadata ?? {},
    }
    return { run, after: started.base }
  }

  return {
    async start(scope, { session: reference, agent, messages: posted, options, headers = {} }) {
      const assistant = chooseAgent(agent)
      await keepVersion(assistant.snapshot)
      for (let attempt = 0; attempt < startTries; attempt += 1) {
        const session = await rows.find(scope, reference)
        if (!session) throw new Problem('not_found', `There is no session ${reference}`)
        if (session.activeRunId) throw busy(session.id, session.activeRunId)
        const model = options.model
        const history = session.leaf
          ? await readStartHistory(assistant, { session, model, rows })
          : []
        if (history.length + posted.length === 0) throw nothingToAnswer(session.id)
        const messages = toMessages(posted, session.leaf)
        const target = { type: 'existing' as const, id: session.id, leaf: session.leaf }
        const parts = { scope, session, target, assistant, messages, history, options, headers }
        const started = await begin(parts)
        if (started) return started
        // The session changed between the reading and the start: look again.
      }
      throw new Problem('session_busy', `Session ${reference} is busy; try again`, {
        retry_after: 1,
      })
    },
    async startNew(scope, { session: input, agent, messages: posted, options, headers = {} }) {
      const assistant = chooseAgent(agent)
      await keepVersion(assistant.snapshot)
      const id = nextId('ses')
      if (posted.length === 0) throw nothingToAnswer(id)
      const owner = scope.owner ?? 'local'
      const session: StartableSession = {
        id,
        owner,
        leaf: null,
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
      const parts = { scope, session, target, assistant, messages, history: [], options, headers }
      const started = await begin(parts)
      if (started) return started
      throw new Problem('conflict', `There is a session with the external_id ${input.external_id}`)
    },
    async startBackground(run, { id, callId, task }) {
      const { tenant, owner, sessionId: parentId, settings, headers } = run
      const assistant = assistants.get(run.assistant.snapshot, task.agent)
      const session: StartableSession = {
        id,
        owner,
        leaf: null,
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
      await begin({
        scope: { tenant, owner },
        session,
        target: { type: 'new', id, owner, input, background },
        assistant,
        messages: [taskMessage({ nextId, clock }, task)],
        history: [],
        // Whoever asked for it reads an answer better than that a limit was reached.
        options: { ...inheritedOptions(run), on_max_iterations: 'answer' },
        headers,
      })
    },
  }
}

function firstEvents(assistant: Assistant, model: string, messages: Message[]): EventBody[] {
  const { spec, snapshot } = assistant
  const names = Object.entries(snapshot.file.agents)
  const team = names.map(([name, member]) => ({ name, description: member.description ?? '' }))
  return [
    ...messages.map(
      (message): EventBody => ({ type: 'user_message', message_id: message.id, message }),
    ),
    {
      type: 'stream_started',
      agent_info: { model, description: spec.description ?? '', version: snapshot.version },
      ...(team.length > 1 ? { team } : {}),
    },
    { type: 'step_started', step: 1 },
  ]
}

/** What a run that goes on later has to know again. */
function keptOptions({
  metadata,
  on_busy,
  cancel_on_disconnect,
  ...options
}: RunOptions): RunOptions {
  return options
}

export function busy(sessionId: string, runId: string): Problem {
  return new Problem(
    'session_busy',
    `Session ${sessionId} has an active run; wait for ${runId}, or cancel it`,
    { active_run_id: runId },
  )
}

function nothingToAnswer(sessionId: string): Problem {
  return new Problem('validation_failed', 'There is nothing to answer: post a message', {
    errors: [{ path: 'messages', message: `session ${sessionId} has no messages yet` }],
  })
}
