import type { EventBody } from '#contract/event.ts'
import type { Message } from '#contract/message.ts'
import type { RunError, StopReason } from '#contract/run.ts'
import type { Usage } from '#contract/usage.ts'
import { type ActiveRun, commitRun, toRunChange } from './active-run.ts'
import { planClosing } from './call-plan.ts'
import type { LoopContext } from './context.ts'
import type { Outcome, Wait } from './outcome.ts'
import { chargeUsage } from './spending.ts'
import { closeCalls } from './tool-calls.ts'
import { closeSubRuns } from './transfer.ts'

/** Lets go of a run until somebody decides; its rows say all. */
export async function park(
  run: ActiveRun,
  { waitingFor, wakeAt }: Wait,
  before: EventBody[] = [],
): Promise<Outcome> {
  if (run.signal.aborted) throw run.signal.reason
  // A sub-agent's run waits inside its parent's, which says so to the world.
  const told: EventBody[] =
    run.depth === 0 ? [{ type: 'run_waiting', reason: waitingFor.kind }] : []
  await commitRun(run, [...before, ...told], {
    runs: [toRunChange(run, { status: 'waiting', waitingFor, wakeAt })],
  })
  return { type: 'parked', waitingFor, wakeAt }
}

/** Ends a run that has its answer, or as much of it as there is. */
export async function finish(
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
    ...(usage ? chargeUsage(run, usage) : {}),
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
  return { type: 'finished', reason: 'failed', error: code }
}

/** Closes a run that was cancelled: keeps what had come, ends every call. */
export async function cancel(
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

/** Ends a run at its budget, because somebody said that it may spend no more. */
export async function stop(
  context: LoopContext,
  run: ActiveRun,
  before: EventBody[] = [],
): Promise<Outcome> {
  const { events, calls } = await closeOpenCalls(context, run)
  await commitRun(
    run,
    [
      ...before,
      ...events,
      { type: 'stream_stopped', reason: 'completed', completed: false, usage: run.usage },
    ],
    {
      runs: [toRunChange(run, { status: 'completed', stopReason: 'budget' })],
      calls,
      closed: [run.id],
    },
  )
  context.onTurn(run)
  return { type: 'finished', reason: 'completed' }
}

async function closeOpenCalls(context: LoopContext, run: ActiveRun) {
  const open = openCallsOf(run)
  if (!open) return { events: [], calls: [] }
  const calls = await context.rows.calls({ runId: run.id, messageId: open.id })
  const close = (child: ActiveRun) => cancel(context, child, null)
  const ended = await closeSubRuns(context, run, { calls, close })
  const closed = closeCalls(context, run, planClosing(run, calls))
  return { ...closed, events: [...ended, ...closed.events] }
}

/** The last assistant message when not all of its calls have results in the transcript. */
export function openCallsOf(run: ActiveRun): Message | null {
  const index = run.history.findLastIndex((message) => message.role !== 'tool')
  const message = run.history[index]
  if (message?.role !== 'assistant' || !message.tool_calls) return null
  return run.history.length - 1 - index < message.tool_calls.length ? message : null
}

export function added(message: Message): EventBody {
  return { type: 'message_added', message_id: message.id, message }
}
