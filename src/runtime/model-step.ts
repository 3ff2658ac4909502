import type { EventBody } from '#contract/event.ts'
import type { Message } from '#contract/message.ts'
import { addUsage, type Usage } from '#contract/usage.ts'
import { type ActiveRun, commitRun, RunInterrupted } from './active-run.ts'
import { expandCommand } from './commands.ts'
import { compactHistory, isNearlyFull } from './compaction.ts'
import type { LoopContext } from './context.ts'
import { added } from './endings.ts'
import type { Model, ModelAnswer, ModelRequest } from './model.ts'
import { chooseModel } from './model-choice.ts'
import { RunFault } from './outcome.ts'
import { buildPrompt, estimateMessage, shownLimit } from './prompt.ts'
import { type RunTools, shownTools } from './run-tool.ts'
import { systemPromptOf } from './system-prompt.ts'
import {
  mayRestart,
  restartStep,
  type Turn,
  takeTurn,
  toAssistantMessage,
  toIncompleteMessage,
} from './turn.ts'

/** The step's model call, with the events that its answer becomes. Throws a `RunFault`. */
export async function answerStep(context: LoopContext, run: ActiveRun, tools: RunTools) {
  const models = modelsOf(run, tools)
  if (await isNearlyFull(context, run, { model: models[0], tools })) {
    await compactHistory(context, run, models[0])
  }
  const { turn, model } = await askOrCompact(context, run, { models, tools })
  const stamp = { id: context.nextId('msg'), createdAt: context.clock.isoNow() }
  run.openStep = null
  if (turn.type === 'cancelled') {
    throw new CancelledTurn(toIncompleteMessage(run, turn.partial, stamp))
  }
  if (turn.type === 'failed') {
    const { code, message, retryable } = turn.failure
    const partial = toIncompleteMessage(run, turn.partial, stamp)
    throw new RunFault({ code, message, retryable }, { partial, cause: turn.failure })
  }
  const { answer, usage } = turn
  const message = toAssistantMessage(run, { answer, usage, model }, stamp)
  run.iterations += 1
  run.usage = addUsage(run.usage, usage)
  run.totals.usage = addUsage(run.totals.usage, usage)
  const events = [added(message), ...usageEvent(run, { answer, usage, model })]
  return { answer, message, events, usage }
}

/** The run was cancelled while the model answered; `partial` is what had come. */
export class CancelledTurn extends RunInterrupted {
  readonly partial: Message | null
  constructor(partial: Message | null) {
    super('cancelled')
    this.partial = partial
  }
}

/** A conversation that turns out to be too long is summarised, and the step begins anew. */
async function askOrCompact(
  context: LoopContext,
  run: ActiveRun,
  request: { models: [Model, ...Model[]]; tools: RunTools },
): Promise<{ turn: Turn; model: Model }> {
  await beginStep(run)
  const asked = await askModels(context, run, request)
  const { turn, model } = asked
  if (turn.type !== 'failed' || turn.failure.code !== 'context_exceeded') return asked
  if (turn.used && !mayRestart(run)) return asked
  if (turn.used) await restartStep(run, turn.failure.code)
  if (!(await compactHistory(context, run, model))) return asked
  await beginStep(run)
  return askModels(context, run, request)
}

/** Asks the models of the chain one after the other until one answers. */
async function askModels(
  context: LoopContext,
  run: ActiveRun,
  { models, tools }: { models: [Model, ...Model[]]; tools: RunTools },
): Promise<{ turn: Turn; model: Model }> {
  let [model] = models
  for (let index = 1; ; index += 1) {
    run.model = model.id
    const next = models[index]
    const turn = await takeTurn(run, {
      model,
      request: await requestOf(context, run, model, tools),
      retries: run.assistant.spec.fallback?.retries ?? 2,
      impatient: next !== undefined,
    })
    const isFinal = turn.type === 'failed' && turn.used && !mayRestart(run)
    if (turn.type !== 'failed' || !next || isFinal || turn.failure.code === 'content_filtered') {
      return { turn, model }
    }
    run.assistant.rest(model)
    if (turn.used) await restartStep(run, turn.failure.code)
    await commitRun(run, [
      {
        type: 'model_fallback',
        failed_model: model.id,
        fallback_model: next.id,
        reason: turn.failure.code,
        attempt: index,
        max_attempts: models.length,
      },
    ])
    model = next
  }
}

async function requestOf(
  context: LoopContext,
  run: ActiveRun,
  model: Model,
  tools: RunTools,
): Promise<ModelRequest> {
  const mayThink = run.settings.thinking && run.assistant.spec.thinking !== false
  return {
    messages: await promptOf(context, run, model),
    tools: shownTools(tools),
    ...responseFormatOf(run),
    thinking: run.options.thinking ?? mayThink,
    signal: run.signal,
  }
}

/** The chain of the next step. Throws a `RunFault` when there is no such model. */
export function modelsOf(run: ActiveRun, tools: RunTools): [Model, ...Model[]] {
  try {
    const reference = chooseModel(run, tools)
    const [first, ...others] = run.assistant.models(reference)
    return [first ?? run.assistant.model(reference), ...others]
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error)
    throw new RunFault({ code: 'agent_invalid', message, retryable: false }, { cause: error })
  }
}

/** Opens the step, or, when a dead process had it open, makes clients drop what it showed. */
async function beginStep(run: ActiveRun): Promise<void> {
  const step = run.iterations + 1
  if (run.openStep?.step !== step) {
    await commitRun(run, [{ type: 'step_started', step }])
    return
  }
  if (!run.openStep.stale) return
  run.openStep.stale = false
  await restartStep(run, 'recovered')
}

async function promptOf(context: LoopContext, run: ActiveRun, model: Model) {
  const { spec } = run.assistant
  return buildPrompt({
    system: await systemPromptOf(context, run),
    history: run.history.map((message) => expandCommand(message, spec.commands)),
    summary: run.compaction.summary?.text ?? null,
    itemLimit: shownLimit(spec.num_history_items),
    contextLimit: model.contextLimit,
  })
}

function responseFormatOf(run: ActiveRun) {
  if (run.options.response_format) return { responseFormat: run.options.response_format }
  const output = run.assistant.spec.structured_output
  if (!output) return {}
  return { responseFormat: { type: 'json_schema' as const, json_schema: output } }
}

function usageEvent(
  run: ActiveRun,
  { answer, usage, model }: { answer: ModelAnswer; usage: Usage; model: Model },
): EventBody[] {
  const estimate = () => run.history.reduce((sum, message) => sum + estimateMessage(message), 0)
  const context_length = answer.usage ? usage.input_tokens + usage.output_tokens : estimate()
  return [
    {
      type: 'token_usage',
      usage: { ...usage, context_length, context_limit: model.contextLimit },
      totals: run.totals.usage,
    },
  ]
}
