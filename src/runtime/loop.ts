import type { EventBody } from '#contract/event.ts'
import type { Message } from '#contract/message.ts'
import { Problem } from '#contract/problem.ts'
import type { RunError, StopReason, WaitingFor } from '#contract/run.ts'
import { addUsage, type Usage } from '#contract/usage.ts'
import type { SessionChange } from '#store/log.ts'
import {
  type ActiveRun,
  commitRun,
  RunInterrupted,
  toolSessionOf,
  toRunChange,
} from './active-run.ts'
import { type PlannedCall, planCalls, planClosing, type RunTools, replanCalls } from './call-plan.ts'
import type { LoopContext } from './context.ts'
import { FenceLost } from './journal.ts'
import type { Model, ModelAnswer } from './model.ts'
import { buildPrompt, estimateMessage } from './prompt.ts'
import { gatherTools } from './run-tools.ts'
import { announceCalls, closeCalls, settleCalls } from './tool-calls.ts'
import { restartStep, takeTurn, toAssistantMessage, toIncompleteMessage } from './turn.ts'

/** Where a run stands when its loop lets go of it. */
export type Outcome =
  | { type: 'finished'; reason: 'completed' | 'failed' | 'cancelled' | 'max_iterations' }
  /** Nothing of it stays in this process: its rows say all. */
  | { type: 'parked'; waitingFor: WaitingFor }

/**
 * The only way into a run: from what its rows say to where it ends or has to wait. Handles open
 * tool calls first, else makes one model call, until the model answers without calls, a limit is
 * reached, or somebody has to decide. Throws only when nothing more may
 * be written, because the run was lost or the database is away: the rows say where to go on.
 */
export async function advance(context: LoopContext, run: ActiveRun): Promise<Outcome> {
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

/** The run cannot go on, for a reason that its caller is told. */
export class RunFault extends Error {
  override name = 'RunFault'
  readonly failure: RunError
  readonly partial: Message | null

  constructor(failure: RunError, partial: Message | null = null) {
    super(failure.message)
    this.failure = failure
    this.partial = partial
  }
}

async function takeSteps(context: LoopContext, run: ActiveRun): Promise<Outcome> {
  for (;;) {
    if (run.signal.aborted) throw run.signal.reason
    // Its rows are complete here, so another instance can go on.
    if (context.draining() && run.depth === 0) throw new RunInterrupted('lost')
    const tools = await toolsOf(context, run)
    const open = openCallsOf(run)
    if (open) {
      const planned = await reloadCalls(context, run, { open, tools })
      const waiting = await workOff(context, run, planned)
      if (waiting) return park(run, waiting)
      continue
    }
    if (run.iterations > 0 && run.history.at(-1)?.role === 'assistant') {
      return finish(context, run, [], { stopReason: 'stop', completed: true })
    }
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
  const { answer, message, events, usage } = await answerStep(context, run, tools)
  if (answer.toolCalls.length === 0) {
    return finish(context, run, events, endOf(answer), usage)
  }
  const planned = await planAnswer(context, run, { message, tools, answer })
  const announcement = announceCalls(context, run, planned)
  await commitRun(run, [...events, ...announcement.events], {
    ...announcement,
    runs: [toRunChange(run)],
    sessions: tokensOf(run, usage),
  })
  const waiting = await workOff(context, run, planned)
  return waiting ? park(run, waiting) : null
}

function endOf(answer: ModelAnswer): { stopReason: StopReason; completed: boolean } {
  return answer.finishReason === 'length'
    ? { stopReason: 'length', completed: false }
    : { stopReason: 'stop', completed: true }
}

/** The step's model call, with the events that its answer becomes. Throws a `RunFault`. */
async function answerStep(context: LoopContext, run: ActiveRun, tools: RunTools) {
  const model = modelOf(run)
  await beginStep(run)
  const turn = await takeTurn(run, {
    model,
    request: {
      messages: await promptOf(context, run, model),
      tools: [...tools.values()].map((tool) => tool.definition),
      ...responseFormatOf(run),
      thinking: run.options.thinking ?? run.settings.thinking,
      signal: run.signal,
    },
  })
  const stamp = { id: context.nextId('msg'), createdAt: context.clock.isoNow() }
  run.openStep = null
  if (turn.type === 'cancelled') {
    throw new CancelledTurn(toIncompleteMessage(run, turn.partial, stamp))
  }
  if (turn.type === 'failed') {
    const { code, message, retryable } = turn.failure
    throw new RunFault({ code, message, retryable }, toIncompleteMessage(run, turn.partial, stamp))
  }
  const { answer, usage } = turn
  const message = toAssistantMessage(run, { answer, usage, model }, stamp)
  run.iterations += 1
  run.usage = addUsage(run.usage, usage)
  run.totals.usage = addUsage(run.totals.usage, usage)
  const events = [added(message), ...usageEvent(run, { answer, usage, model })]
  return { answer, message, events, usage }
}

class CancelledTurn extends RunInterrupted {
  readonly partial: Message | null
  constructor(partial: Message | null) {
    super('cancelled')
    this.partial = partial
  }
}

function modelOf(run: ActiveRun): Model {
  try {
    const model = run.assistant.model(run.options.model)
    run.model = model.id
    return model
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error)
    throw new RunFault({ code: 'agent_invalid', message, retryable: false })
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
  const now = new Date(context.clock.now())
  return buildPrompt({
    system: await run.assistant.systemPrompt(toolSessionOf(run), now),
    history: run.history,
    itemLimit: spec.num_history_items || null,
    contextLimit: model.contextLimit,
  })
}

function responseFormatOf(run: ActiveRun) {
  if (run.options.response_format) return { responseFormat: run.options.response_format }
  const output = run.assistant.spec.structured_output
  if (!output) return {}
  const { name, schema, strict } = output
  const json_schema = { name, schema, ...(strict === undefined ? {} : { strict }) }
  return { responseFormat: { type: 'json_schema' as const, json_schema } }
}

async function toolsOf(context: LoopContext, run: ActiveRun): Promise<RunTools> {
  const { tools, warnings } = await gatherTools(context, run, advance)
  const news = warnings.filter((warning) => !run.warned.has(warning))
  for (const warning of news) run.warned.add(warning)
  if (news.length > 0) {
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

/** The last assistant message when not all of its calls have results in the transcript. */
function openCallsOf(run: ActiveRun): Message | null {
  const index = run.history.findLastIndex((message) => message.role !== 'tool')
  const message = run.history[index]
  if (message?.role !== 'assistant' || !message.tool_calls) return null
  return run.history.length - 1 - index < message.tool_calls.length ? message : null
}

async function reloadCalls(
  context: LoopContext,
  run: ActiveRun,
  { open, tools }: { open: Message; tools: RunTools },
): Promise<PlannedCall[]> {
  const calls = await context.rows.calls({ runId: run.id, messageId: open.id })
  const planned = replanCalls(run, { calls, tools, rules: context.rulesOf(run) })
  const announcement = announceCalls(context, run, planned)
  if (announcement.calls.length > 0) await commitRun(run, announcement.events, announcement)
  return planned
}

/** Runs a batch; the next step begins with the commit of its last result. */
function workOff(
  context: LoopContext,
  run: ActiveRun,
  planned: PlannedCall[],
): Promise<WaitingFor | null> {
  return settleCalls(context, run, planned, () => {
    const goesOn = !run.signal.aborted && run.iterations < run.iterationLimit
    return goesOn ? [{ type: 'step_started', step: run.iterations + 1 }] : []
  })
}

async function atLimit(context: LoopContext, run: ActiveRun): Promise<Outcome> {
  const reached: EventBody = { type: 'max_iterations_reached', limit: run.iterationLimit }
  switch (limitPolicy(run)) {
    case 'wait':
      return park(run, { kind: 'max_iterations', ids: [run.id] }, [reached])
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

async function park(
  run: ActiveRun,
  waitingFor: WaitingFor,
  before: EventBody[] = [],
): Promise<Outcome> {
  // A sub-agent's run waits inside its parent's, which says so to the world.
  const told: EventBody[] =
    run.depth === 0 ? [{ type: 'run_waiting', reason: waitingFor.kind }] : []
  await commitRun(run, [...before, ...told], {
    runs: [toRunChange(run, { status: 'waiting', waitingFor })],
  })
  return { type: 'parked', waitingFor }
}

async function finish(
  context: LoopContext,
  run: ActiveRun,
  events: EventBody[],
  { stopReason, completed }: { stopReason: StopReason; completed: boolean },
  usage?: Usage,
): Promise<Outcome> {
  const reason = stopReason === 'max_iterations' ? 'max_iterations' : 'completed'
  const stopped: EventBody = { type: 'stream_stopped', reason, completed, usage: run.usage }
  await commitRun(run, [...events, stopped], {
    runs: [toRunChange(run, { status: 'completed', stopReason, completed })],
    sessions: usage ? tokensOf(run, usage) : [],
  })
  context.onTurn(run)
  return { type: 'finished', reason }
}

/** Ends a run that cannot go on: closes its calls and tells why. */
export async function fail(
  context: LoopContext,
  run: ActiveRun,
  error: RunError,
  partial: Message | null,
): Promise<Outcome> {
  const { events, calls } = await closeOpenCalls(context, run)
  const { code, message, retryable } = error
  await commitRun(
    run,
    [
      ...(partial ? [added(partial)] : []),
      ...events,
      { type: 'error', error: message, code, retryable },
      { type: 'stream_stopped', reason: 'failed', completed: false, usage: run.usage },
    ],
    {
      runs: [toRunChange(run, { status: 'failed', stopReason: 'failed', error })],
      calls,
      closed: [run.id],
    },
  )
  return { type: 'finished', reason: 'failed' }
}

/** Closes a run that was cancelled: keeps what had come, ends every call. */
async function cancel(
  context: LoopContext,
  run: ActiveRun,
  partial: Message | null,
): Promise<Outcome> {
  const { events, calls } = await closeOpenCalls(context, run)
  await commitRun(
    run,
    [
      ...(partial ? [added(partial)] : []),
      ...events,
      { type: 'stream_stopped', reason: 'cancelled', completed: false, usage: run.usage },
    ],
    {
      runs: [toRunChange(run, { status: 'cancelled', stopReason: 'cancelled' })],
      calls,
      closed: [run.id],
    },
  )
  return { type: 'finished', reason: 'cancelled' }
}

async function closeOpenCalls(context: LoopContext, run: ActiveRun) {
  const open = openCallsOf(run)
  if (!open) return { events: [], calls: [] }
  const calls = await context.rows.calls({ runId: run.id, messageId: open.id })
  return closeCalls(context, run, planClosing(run, calls))
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
  return !lost && !(error instanceof Problem && error.code === 'unavailable')
}

function added(message: Message): EventBody {
  return { type: 'message_added', message_id: message.id, message }
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

/** A sub-agent's tokens count for its own session and for the one that people see. */
function tokensOf(run: ActiveRun, usage: Usage): SessionChange[] {
  const ids = new Set([run.sessionId, run.rootSessionId])
  return [...ids].map((id) => ({
    id,
    usage,
    agentName: id === run.sessionId ? run.assistant.name : null,
    title: null,
  }))
}
