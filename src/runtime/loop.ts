import type { EventBody } from '#contract/event.ts'
import type { Message } from '#contract/message.ts'
import type { StopReason } from '#contract/run.ts'
import {
  type ActiveRun,
  commitRun,
  RunInterrupted,
  toObservedRun,
  toRunChange,
} from './active-run.ts'
import { announceCalls } from './announce-calls.ts'
import { takeSteered } from './begin-run.ts'
import {
  atBudget,
  heldEvents,
  holdCalls,
  limitBeforeStep,
  parkOrStop,
  warnOfUnknownCost,
} from './budget-gate.ts'
import { askBeforeCalls, awaitsHooks, tellAfterReload } from './call-hooks.ts'
import { type PlannedCall, planCalls, replanCalls } from './call-plan.ts'
import type { LoopContext } from './context.ts'
import { cancel, fail, finish, openCallsOf, park, stop } from './endings.ts'
import { FenceLost } from './journal.ts'
import type { ModelAnswer } from './model.ts'
import { answerStep, CancelledTurn, modelsOf } from './model-step.ts'
import { type Outcome, RunFault, type Wait } from './outcome.ts'
import { isUnavailable } from './patience.ts'
import { isPlanDue, makePlan } from './planning.ts'
import type { RunTools } from './run-tool.ts'
import { gatherTools } from './run-tools.ts'
import { startSession, tellOutcome } from './session-hooks.ts'
import { chargeUsage } from './spending.ts'
import { settleCalls } from './tool-calls.ts'
import { leaveStep } from './turn.ts'

/**
 * The only way into a run: from what its rows say to where it ends or has to wait. Handles open
 * tool calls first, else makes one model call, until the model answers without calls, a limit is
 * reached, or somebody has to decide. Throws only when nothing more may be written, because the run
 * was lost or the database is away: its rows say where to go on.
 */
export function advance(context: LoopContext, run: ActiveRun): Promise<Outcome> {
  return context.observer.run(toObservedRun(run), () => advanceAndTell(context, run))
}

async function advanceAndTell(context: LoopContext, run: ActiveRun): Promise<Outcome> {
  const outcome = await advanceToEnd(context, run)
  tellOutcome(context, run, outcome)
  return outcome
}

async function advanceToEnd(context: LoopContext, run: ActiveRun): Promise<Outcome> {
  try {
    return await takeSteps(context, run)
  } catch (error) {
    if (isCancel(error)) return cancel(context, run, partialOf(error))
    if (error instanceof RunFault) return fail(context, run, error.failure, error.partial)
    if (!isBug(error)) throw error
    context.onBug(error, run)
    const message = 'The server made a mistake; its log says which.'
    return fail(context, run, { code: 'internal', message, retryable: false }, null)
  }
}

async function takeSteps(context: LoopContext, run: ActiveRun): Promise<Outcome> {
  for (;;) {
    if (run.signal.aborted) throw run.signal.reason
    // Its rows are complete here, so another instance can go on.
    if (context.draining() && run.depth === 0) throw new RunInterrupted('lost')
    if (run.budget.stopped) return stop(context, run)
    const tools = await toolsOf(context, run)
    const open = openCallsOf(run)
    if (open) {
      const planned = await reloadCalls(context, run, { open, tools })
      const waiting = await workOff(context, run, planned)
      if (waiting) return parkOrStop(context, run, waiting, heldEvents(planned, waiting))
      continue
    }
    if (run.iterations > 0 && run.depth === 0) await takeSteered(context, run)
    if (run.iterations > 0 && run.history.at(-1)?.role === 'assistant') {
      return finish(context, run, [], { stopReason: 'stop', completed: true })
    }
    await startSession(context, run)
    const reached = limitBeforeStep(run)
    if (reached) return atBudget(context, run, reached)
    const outcome =
      run.iterations >= run.iterationLimit
        ? await atLimit(context, run)
        : await takeStep(context, run, tools)
    if (outcome) return outcome
  }
}

/** One model call and what follows from it. null: the run goes on. */
async function takeStep(
  context: LoopContext,
  run: ActiveRun,
  tools: RunTools,
): Promise<Outcome | null> {
  const models = modelsOf(run, tools)
  await warnOfUnknownCost(run, models)
  if (isPlanDue(run)) {
    const [model] = models
    await makePlan(context, run, { model, tools })
  }
  const { answer, message, events, usage } = await answerStep(context, run, tools)
  if (answer.toolCalls.length === 0) {
    return finish(context, run, events, endOf(answer), usage)
  }
  const planned = await planAnswer(context, run, { message, tools, answer })
  if (awaitsHooks(run, planned)) {
    // Hooks take their time, so the answer is kept first; then the calls are open like any others.
    await commitRun(run, events, {
      calls: planned.map(({ row }) => row),
      runs: [toRunChange(run)],
      ...chargeUsage(run, usage),
    })
    return null
  }
  holdCalls(run, planned)
  const announcement = announceCalls(context, run, planned)
  await commitRun(run, [...events, ...announcement.events], {
    ...announcement,
    runs: [toRunChange(run)],
    ...chargeUsage(run, usage),
  })
  const waiting = await workOff(context, run, planned)
  return waiting ? parkOrStop(context, run, waiting, heldEvents(planned, waiting)) : null
}

function endOf(answer: ModelAnswer): { stopReason: StopReason; completed: boolean } {
  return answer.finishReason === 'length'
    ? { stopReason: 'length', completed: false }
    : { stopReason: 'stop', completed: true }
}

async function toolsOf(context: LoopContext, run: ActiveRun): Promise<RunTools> {
  const { tools, warnings } = await gatherTools(context, run, advance)
  const news = warnings.filter((warning) => !run.warned.has(warning))
  for (const warning of news) run.warned.add(warning)
  if (news.length > 0) {
    await leaveStep(run)
    await commitRun(
      run,
      news.map((message) => ({ type: 'warning', message, code: 'toolset_unavailable' })),
    )
  }
  return tools
}

async function planAnswer(
  context: LoopContext,
  run: ActiveRun,
  { message, tools, answer }: { message: Message; tools: RunTools; answer: ModelAnswer },
): Promise<PlannedCall[]> {
  // Only a call that may have effects can be one whose outcome is unknown.
  const risky = answer.toolCalls.some(
    (call) => tools.get(call.function.name)?.definition.effect === 'once',
  )
  const unknown = risky ? await context.rows.unknownCalls(run.sessionId) : new Set<string>()
  const plan = () =>
    planCalls(run, {
      messageId: message.id,
      toolCalls: answer.toolCalls,
      tools,
      nextId: () => context.nextId('call'),
      isUnknown: (hash) => unknown.has(hash),
      rules: context.rulesOf(run),
    })
  const planned = plan()
  const asks = planned.some(({ next }) => next.type === 'wait' && next.kind === 'approval')
  if (!asks) return planned
  // Somebody may have allowed it while the model answered; nobody is asked for nothing.
  run.settings = (await context.rows.settings(run.rootSessionId)) ?? run.settings
  return plan()
}

async function reloadCalls(
  context: LoopContext,
  run: ActiveRun,
  { open, tools }: { open: Message; tools: RunTools },
): Promise<PlannedCall[]> {
  const calls = await context.rows.calls({ runId: run.id, messageId: open.id })
  await tellAfterReload(run, calls)
  const { verdicts, warnings } = await askBeforeCalls(run, { calls, tools })
  if (verdicts.size > 0) {
    // The rules may have changed while the hooks took their time.
    run.settings = (await context.rows.settings(run.rootSessionId)) ?? run.settings
  }
  const isHeld = calls.some((call) => call.state === 'proposed')
  const unknown = isHeld ? await context.rows.unknownCalls(run.sessionId) : new Set<string>()
  const rules = context.rulesOf(run)
  const planned = replanCalls(run, { calls, tools, unknown, rules, verdicts })
  holdCalls(run, planned)
  const announcement = announceCalls(context, run, planned)
  if (announcement.calls.length > 0 || warnings.length > 0) {
    const events = [...warnings, ...announcement.events]
    await commitRun(run, events, { ...announcement, runs: [toRunChange(run)] })
  }
  return planned
}

/** Runs a batch; the next step begins with the commit of its last result. */
function workOff(
  context: LoopContext,
  run: ActiveRun,
  planned: PlannedCall[],
): Promise<Wait | null> {
  return settleCalls(context, run, planned, () => {
    const goesOn =
      !run.signal.aborted && run.iterations < run.iterationLimit && !limitBeforeStep(run)
    return goesOn ? [{ type: 'step_started', step: run.iterations + 1 }] : []
  })
}

async function atLimit(context: LoopContext, run: ActiveRun): Promise<Outcome> {
  const reached: EventBody = { type: 'max_iterations_reached', limit: run.iterationLimit }
  switch (limitPolicy(run)) {
    case 'wait':
      return park(run, { waitingFor: { kind: 'max_iterations', ids: [run.id] }, wakeAt: null }, [
        reached,
      ])
    case 'answer':
      return answerAtLimit(context, run, reached)
    case 'stop':
      return finish(context, run, [reached], { stopReason: 'max_iterations', completed: false })
  }
}

function limitPolicy(run: ActiveRun): 'wait' | 'answer' | 'stop' {
  if (run.options.on_max_iterations) return run.options.on_max_iterations
  // Nobody sees a sub-agent's limit but its parent, which can make something of an answer.
  if (run.options.force_answer || run.assistant.spec.force_answer || run.depth > 0) return 'answer'
  return 'wait'
}

async function answerAtLimit(
  context: LoopContext,
  run: ActiveRun,
  reached: EventBody,
): Promise<Outcome> {
  await commitRun(run, [reached])
  const { events, usage } = await answerStep(context, run, new Map())
  return finish(context, run, events, { stopReason: 'max_iterations', completed: false }, usage)
}

function isCancel(error: unknown): boolean {
  return error instanceof RunInterrupted && error.reason === 'cancelled'
}

function partialOf(error: unknown): Message | null {
  return error instanceof CancelledTurn ? error.partial : null
}

/** What is neither a loss of the run nor of the database. */
function isBug(error: unknown): boolean {
  const lost = error instanceof RunInterrupted || error instanceof FenceLost
  return !lost && !isUnavailable(error)
}
