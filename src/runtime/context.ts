import type { Message } from '#contract/message.ts'
import type { SessionSettings } from '#store/log.ts'
import type { OpenCall } from '#store/run-calls.ts'
import type { LoadedRun } from '#store/run-loading.ts'
import type { ActiveRun } from './active-run.ts'
import type { Assistants } from './assistant.ts'
import type { Clock } from './clock.ts'
import type { HookEvent } from './hooks.ts'
import type { RunObserver } from './observer.ts'
import type { Rules } from './permissions.ts'
import type { BackgroundAgents, ElicitationAnswer, RunScript } from './tool.ts'

export type IdPrefix = 'ses' | 'msg' | 'run' | 'call' | 'apr' | 'eli'

/** What the loop needs of the world. */
export type LoopContext = {
  assistants: Assistants
  clock: Clock
  nextId(prefix: IdPrefix): string
  /** Milliseconds until an approval or an elicitation expires. */
  questionLifetime: number
  /** How many times a task may be passed on. */
  transferDepth: number
  rulesOf(run: ActiveRun): Rules
  rows: {
    calls(run: { runId: string; messageId: string }): Promise<OpenCall[]>
    /** What the root session allows now. */
    settings(rootSessionId: string): Promise<SessionSettings | null>
    /** The messages that the run has not taken up yet, the oldest first. */
    posted(runId: string): Promise<Message[]>
    /** What its agent's hooks gave for its prompt in the session; null: they were not asked yet. */
    sessionContext(run: { sessionId: string; agentName: string }): Promise<string | null>
    /** Hashes of the session's calls whose outcome is unknown. */
    unknownCalls(sessionId: string): Promise<Set<string>>
    subRun(callId: string): Promise<LoadedRun | null>
  }
  /** null: scripts may not be run here. */
  runScript: RunScript | null
  /** The answer to a question that a call of this process holds open. */
  answers: {
    /** Resolves when it may be there; looks again now and then, for it may come elsewhere. */
    wait(elicitationId: string, signal: AbortSignal): Promise<ElicitationAnswer>
  }
  /** The agents that work in the background for the run's session; `callId` asks for it. */
  background(run: ActiveRun, callId: string): BackgroundAgents
  /** Makes a run that its rows describe ready to go on, under the log and signal of its parent. */
  restore(loaded: LoadedRun, parent: ActiveRun): Promise<ActiveRun>
  /** Tells the hooks of a run's agent, beside the run and never in its way. */
  tellHooks(run: ActiveRun, event: HookEvent): void
  /** Told when a whole turn of a session without a title is done. */
  onTurn(run: ActiveRun): void
  /** The server stops: runs are handed over at their next step. */
  draining(): boolean
  drain(): void
  onBug(error: unknown, run: ActiveRun): void
  observer: RunObserver
}
