import type { Budget } from '#contract/budget.ts'
import type { RunOptions } from '#contract/run.ts'
import type { HeldKey } from '#store/idempotency.ts'
import type { StartableSession, TraceContext } from '#store/run-start.ts'
import type { Scope } from '#store/scope.ts'
import type { Assistant } from './assistant.ts'
import { openBudget } from './budget.ts'
import { pinOf } from './catalog.ts'
import { defaultIterations } from './limits.ts'
import { pickedModel } from './model-choice.ts'

/** What a run is made of. */
export type Parts = {
  scope: Scope
  session: StartableSession
  assistant: Assistant
  options: RunOptions
  headers: Record<string, string>
  key?: HeldKey | undefined
}

/** A new run as its row is to be, whether it begins now or waits. */
export function toRunRow(
  parts: Parts,
  {
    runId,
    serverBudget,
    trace,
  }: { runId: string; serverBudget: Budget; trace: TraceContext | null },
) {
  const { scope, session, assistant, options, key } = parts
  const picked = pickedBefore(parts)
  const model = assistant.model(pickedModel({ picked, assistant }) ?? options.model)
  return {
    scope,
    runId,
    agent: assistant.snapshot.name,
    agentName: assistant.name,
    agentVersion: pinOf(assistant.snapshot),
    model: model.id,
    options: keptOptions(options),
    iterationLimit:
      options.max_iterations ??
      session.maxIterations ??
      (assistant.spec.max_iterations || defaultIterations),
    budget: openBudget([options.budget, assistant.spec.budget, serverBudget]),
    metadata: options.metadata ?? {},
    trace,
    key: key ?? null,
  }
}

/** The model that the session's agent changed to; a caller who asks for a model ends that. */
export function pickedBefore({ session, options }: Pick<Parts, 'session' | 'options'>) {
  return options.model === undefined ? session.picked : null
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
