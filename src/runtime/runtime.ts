import type { Budget } from '#contract/budget.ts'
import type { RuntimeEvent } from '#contract/event.ts'
import type { NewMessage } from '#contract/message.ts'
import type { Run, RunOptions } from '#contract/run.ts'
import type { Approval, NewSession } from '#contract/session.ts'
import type { HeldKey } from '#store/idempotency.ts'
import type { Scope } from '#store/scope.ts'
import type { AgentSnapshot } from './catalog.ts'

/** Which agent runs: the source, and the agent inside it (`root`, else the first). */
export type AgentReference = { agent: string; agentName?: string }

/** Makes of an agent the one that runs instead: another version, which is kept like any other. */
export type AgentVariant = (snapshot: AgentSnapshot) => AgentSnapshot

/**
 * Where the events of a started run begin: `after` is the seq before its first event. Of a run that
 * has not `begun`, and waits behind others, other runs' events come first.
 */
export type StartedRun = { run: Run; after: number; begun: boolean }

/** Which message a new one stands beside: what a user said, or an answer (named by itself or its question). */
export type Beside = { kind: 'message' | 'answer'; messageId: string }

export type Decision = {
  decision: 'approve' | 'reject'
  /** approve this call, this tool for the session, or everything in the session. */
  scope: 'call' | 'tool' | 'session'
  reason?: string
  /** Put in place of the model's arguments; JSON text. */
  arguments?: string
}

/**
 * What callers can make a run do. Every function takes the caller's scope, answers after its
 * commit, and throws a `Problem` that says what to do. None waits for the loop.
 */
export type Runs = {
  /**
   * Stores the messages and starts a run. `session` is an id or an external id; 404 when unknown.
   * When a run is active, `on_busy` says what becomes of the two: `session_busy` with
   * `active_run_id` by default. A `key` is finished in the commit that starts the run.
   */
  start(
    scope: Scope,
    request: {
      session: string
      agent: AgentReference
      variant?: AgentVariant | undefined
      messages: NewMessage[]
      /** Begins a branch: the messages, or the answer, become siblings of others. */
      beside?: Beside
      options: RunOptions
      headers?: Record<string, string>
      key?: HeldKey | undefined
    },
  ): Promise<StartedRun>
  /** The same in a session that is made in the same transaction. */
  startNew(
    scope: Scope,
    request: {
      session: NewSession
      agent: AgentReference
      variant?: AgentVariant | undefined
      messages: NewMessage[]
      options: RunOptions
      headers?: Record<string, string>
      key?: HeldKey | undefined
    },
  ): Promise<StartedRun>
  /** Resolves when the run is terminal, or after 2 s with the run as it is then. */
  cancel(scope: Scope, runId: string): Promise<Run>
  /** A run that has begun or waits to begin, as it is; null when it is gone. */
  find(scope: Scope, runId: string): Promise<StartedRun | null>
  /** Ends all runs of a session that wait to begin. */
  dropQueue(scope: Scope, session: string): Promise<void>
  /** `no_active_run` when there is none. */
  cancelSession(scope: Scope, session: string): Promise<Run>
  /** Cancels all that works in the background for a session, before it is removed. */
  cancelBackground(scope: Scope, session: string): Promise<void>
  /**
   * Decides the pending call with that tool call id, else the oldest pending one of the session
   * (sub-sessions included); at the iteration limit or a budget, whether to go on.
   * `nothing_pending`.
   */
  resume(
    scope: Scope,
    request: {
      session: string
      toolCallId?: string
      toolName?: string
      decision: Decision
      /** New limits for a run that waits at its budget. */
      budget?: Budget
    },
  ): Promise<Run>
  /** The same decision again answers the approval as it is; the opposite is `already_decided`. */
  decide(scope: Scope, approvalId: string, decision: Decision): Promise<Approval>
  answerElicitation(
    scope: Scope,
    request: {
      session: string
      elicitationId?: string
      action: 'accept' | 'decline' | 'cancel'
      content: Record<string, unknown> | null
    },
  ): Promise<Run>
  submitToolResult(
    scope: Scope,
    request: { session: string; toolCallId: string; output: string; isError: boolean },
  ): Promise<Run>
}

/** A committed event as every wire shows it: `json` is the one line of the event. */
export type Frame = { seq: number; type: RuntimeEvent['type']; runId: string; json: string }

/**
 * Reads a session's log after a seq and follows it: rows first, then live, in order, without gap
 * or repeat. One reader at a time; a slow reader holds a cursor, not a queue.
 */
export type Follower = {
  /**
   * The next batch, at least one frame, as soon as there are any; null after `close` and at the end.
   * A frame of more than 64 Ki characters comes alone.
   */
  next(): Promise<Frame[] | null>
  /**
   * The same without a promise: what is ready now, or null. `onReady` (given to `follow`) is called
   * once when something is ready after this returned null.
   */
  take(): Frame[] | null
  /** What comes after this seq is given next, also if it was before; nothing is held until then. */
  rewind(seq: number): void
  /** Nothing more comes: the next events were older than is kept, or the session was removed. */
  isOver(): boolean
  close(): void
}

export type Feed = {
  /** `sessionId` is the root session's id; the caller has checked that it may be read. */
  follow(request: { sessionId: string; after: number; onReady?: () => void }): Follower
  /** The newest committed seq that this instance knows. */
  head(sessionId: string): number | undefined
}
