import type { Usage } from '#contract/usage.ts'
import type { TraceContext } from '#store/run-start.ts'
import type { ModelAnswer, ModelRequest } from './model.ts'
import type { Outcome } from './outcome.ts'

/** What is told of a run; `trace` is that of the request which asked for it. */
export type ObservedRun = {
  id: string
  sessionId: string
  rootSessionId: string
  /** 0 for a run that was asked for, one more for each transfer. */
  depth: number
  /** The source, and the agent inside it. */
  agent: string
  agentName: string
  description: string | null
  model: string | null
  trace: TraceContext | null
}

export type ObservedModelCall = {
  /** `provider/model`. */
  model: string
  request: ModelRequest
}

/** `usage` is of the answer alone, with what it cost. */
export type ObservedAnswer = ModelAnswer & { priced: Usage }

export type ObservedToolCall = {
  id: string
  /** The provider's id of the call. */
  callId: string
  name: string
  description: string
  args: Record<string, unknown>
}

/** What a call came to; without `end` it waits for somebody. */
export type ObservedEnd = {
  type: string
  end?: { state: string; result: { output: string; is_error: boolean } }
}

export type ObservedCommit = { milliseconds: number; rows: number; sessions: number }

/** Why an instance let go of a run that it had. */
export type LeaseLoss = 'not_renewed' | 'taken_over' | 'fenced'

/**
 * Those who watch the runtime: logs, metrics, traces. The three that are given `work` call it
 * exactly once and answer what it answers, or throw what it throws: what they do around it must not
 * fail. The others must not throw. Nothing here is called for each token.
 */
export type RunObserver = {
  /** What the work that goes on now belongs to, to be kept with a run. */
  traceContext(): TraceContext | null
  /** A run that was asked for has begun. */
  begun(run: ObservedRun): void
  /** A run in the hands of this process, from where it is to where it ends or waits. */
  run(run: ObservedRun, work: () => Promise<Outcome>): Promise<Outcome>
  /** `work` calls `onFirst` when the first piece of the answer is here. */
  model(
    call: ObservedModelCall,
    work: (onFirst: () => void) => Promise<ObservedAnswer>,
  ): Promise<ObservedAnswer>
  tool<End extends ObservedEnd>(call: ObservedToolCall, work: () => Promise<End>): Promise<End>
  committed(commit: ObservedCommit): void
  /** A run of a process that is gone goes on here. */
  tookOver(): void
  lost(reason: LeaseLoss): void
}

/** For tests and tools that watch nothing. */
export const noObserver: RunObserver = {
  traceContext: () => null,
  begun: () => undefined,
  run: (_run, work) => work(),
  model: (_call, work) => work(() => undefined),
  tool: (_call, work) => work(),
  committed: () => undefined,
  tookOver: () => undefined,
  lost: () => undefined,
}

/** The first stands outermost around what the others watch. */
export function joinObservers(observers: readonly RunObserver[]): RunObserver {
  return observers.reduceRight(
    (inner, outer) => ({
      traceContext: () => {
        const both = { ...outer.traceContext(), ...inner.traceContext() }
        return Object.keys(both).length > 0 ? both : null
      },
      begun(run) {
        outer.begun(run)
        inner.begun(run)
      },
      run: (run, work) => outer.run(run, () => inner.run(run, work)),
      model: (call, work) =>
        outer.model(call, (outerFirst) =>
          inner.model(call, (innerFirst) =>
            work(() => {
              outerFirst()
              innerFirst()
            }),
          ),
        ),
      tool: (call, work) => outer.tool(call, () => inner.tool(call, work)),
      committed(commit) {
        outer.committed(commit)
        inner.committed(commit)
      },
      tookOver() {
        outer.tookOver()
        inner.tookOver()
      },
      lost(reason) {
        outer.lost(reason)
        inner.lost(reason)
      },
    }),
    noObserver,
  )
}
