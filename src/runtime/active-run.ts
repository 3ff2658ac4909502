import type { RunBudget } from '#contract/budget.ts'
import type { EventBody } from '#contract/event.ts'
import type { Message } from '#contract/message.ts'
import type { RunError, RunOptions, RunStatus, StopReason, WaitingFor } from '#contract/run.ts'
import type { Usage } from '#contract/usage.ts'
import type { RunChange, RunPlan, SessionSettings, SessionSummary } from '#store/log.ts'
import type { TraceContext } from '#store/run-start.ts'
import type { Assistant } from './assistant.ts'
import type { LogWriter } from './journal.ts'
import type { ObservedRun } from './observer.ts'
import type { Change, CommitResult, Subject } from './pending-entry.ts'
import { spendingOf } from './spending.ts'
import type { ToolSession } from './tool.ts'

/** A run in the hands of this process: what its rows say, kept in step with every commit. */
export type ActiveRun = {
  id: string
  tenant: string
  owner: string
  sessionId: string
  rootSessionId: string
  assistant: Assistant
  options: RunOptions
  model: string | null
  /** The model that its agent changed to, in this session; null: none. */
  picked: string | null
  iterations: number
  iterationLimit: number
  /** Its sub-agents' included, as far as it is committed. */
  usage: Usage
  budget: RunBudget
  /** Tool calls that have begun, its sub-agents' included. */
  toolCalls: number
  /** Milliseconds with earlier owners, and when this process got it on its monotonic clock. */
  active: { before: number; since: number }
  /** The run that a sub-agent's run works for. */
  parent: ActiveRun | null
  /** Of the root session; one object for a run and its sub-agents' runs. */
  totals: { usage: Usage }
  /** The newest messages of the session, as many as a prompt may need, oldest first. */
  history: Message[]
  /** What stands for the messages before `history`; `failed`: a summary was tried in vain. */
  compaction: { summary: SessionSummary | null; failed: boolean }
  /** Made when the run had made so many model calls; part of what the next steps are told. */
  plan: RunPlan | null
  leaf: string | null
  title: string | null
  workingDir: string | null
  /** What hooks gave for the prompt of an agent in a session; missing: not known yet. */
  sessionContext?: { sessionId: string; agentName: string; text: string }
  /** Of the request that started it, by lower-case name; in memory only. */
  headers: Record<string, string>
  settings: SessionSettings
  /**
   * Where the step that is under way began; null when none is. `stale`: clients have seen something
   * of it that nobody will finish.
   */
  openStep: { step: number; seq: number; stale: boolean } | null
  /** Its last owner died: a call that was started may or may not have happened. */
  recovered: boolean
  /** Warnings that its stream has shown. */
  warned: Set<string>
  /** 0 for a run that was asked for, one more for each transfer. */
  depth: number
  /** How many agents stand above it: like `depth`, and those that began it in the background. */
  level: number
  /** Of the request that asked for it. */
  trace: TraceContext | null
  log: LogWriter
  /** Aborts with a `RunInterrupted`. */
  signal: AbortSignal
}

/**
 * Why a run is interrupted. `cancelled`: close it. `lost`: another process owns it, or the server
 * stops: write nothing more.
 */
export class RunInterrupted extends Error {
  override name = 'RunInterrupted'
  readonly reason: 'cancelled' | 'lost'

  constructor(reason: 'cancelled' | 'lost') {
    super(`the run is ${reason}`)
    this.reason = reason
  }
}

export function subjectOf(run: ActiveRun): Subject {
  return { sessionId: run.sessionId, runId: run.id, agent: run.assistant.name }
}

export function toolSessionOf(run: ActiveRun): ToolSession {
  return {
    tenant: run.tenant,
    owner: run.owner,
    sessionId: run.sessionId,
    agentName: run.assistant.name,
    workingDir: run.workingDir,
    headers: run.headers,
  }
}

/** What watchers are told of a run. */
export function toObservedRun(run: ActiveRun): ObservedRun {
  const { id, sessionId, rootSessionId, depth, assistant, model, trace } = run
  return {
    id,
    sessionId,
    rootSessionId,
    depth,
    agent: assistant.snapshot.name,
    agentName: assistant.name,
    description: assistant.spec.description ?? null,
    model,
    trace,
  }
}

/** The row of a run that goes on. */
export function toRunChange(
  run: ActiveRun,
  change: Partial<{
    status: RunStatus
    stopReason: StopReason
    completed: boolean
    waitingFor: WaitingFor
    wakeAt: string | null
    error: RunError
  }> = {},
): RunChange {
  return {
    id: run.id,
    status: change.status ?? 'running',
    agentName: run.assistant.name,
    model: run.model,
    iterations: run.iterations,
    plan: run.plan,
    iterationLimit: run.iterationLimit,
    stopReason: change.stopReason ?? null,
    completed: change.completed ?? false,
    waitingFor: change.waitingFor ?? null,
    error: change.error ?? null,
    wakeAt: change.wakeAt ?? null,
    ...spendingOf(run),
  }
}

/** Commits events of the run itself with a change of state, and keeps the run in step. */
export async function commitRun(
  run: ActiveRun,
  bodies: EventBody[],
  change: Omit<Change, 'events'> = {},
): Promise<CommitResult> {
  const subject = subjectOf(run)
  const result = await run.log.commit({
    ...change,
    events: bodies.map((body) => ({ subject, body })),
  })
  run.settings = result.settings
  for (const [index, body] of bodies.entries()) {
    if (body.type === 'message_added' || body.type === 'user_message') {
      run.history.push(body.message)
      run.leaf = body.message.id
    }
    if (body.type === 'step_started') {
      run.openStep = { step: body.step, seq: result.firstSeq + index, stale: false }
    }
  }
  return result
}
