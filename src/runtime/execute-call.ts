import type { EventBody } from '#contract/event.ts'
import type { ToolResult } from '#contract/tool.ts'
import { RunInterrupted } from './active-run.ts'
import { type CallEnd, cancelledEnd } from './call-end.ts'
import type { CallOutcome, RunTool } from './run-tool.ts'
import { cutToBytes, toStorable } from './text.ts'
import type { ElicitationRequest, ToolContext } from './tool.ts'

/** Milliseconds that a tool may take when it doesn't say. */
const defaultTimeout = 60_000
/** A reason made once: an abort without one makes an error with a stack each time. */
const released = new Error('the call has ended')
/** Bytes of a result that are kept. */
const storedLimit = 5 * 1024 * 1024

export type Executed =
  /** The events come before the call's own and are committed with its end. */
  | { type: 'ended'; end: CallEnd; events: EventBody[] }
  | Exclude<CallOutcome, { type: 'result' | 'transferred' }>

/**
 * Runs one call to its end. Whatever the tool throws is a result for the model; a tool that ignores
 * its time-out or a cancel is left behind. Throws only what interrupts the run without closing it.
 */
export async function executeCall(
  tool: RunTool,
  args: Record<string, unknown>,
  context: ToolContext,
): Promise<Executed> {
  const limit = tool.timeout ?? defaultTimeout
  const timer = new AbortController()
  const startTimer = () => (limit > 0 ? setTimeout(() => timer.abort(), limit) : undefined)
  let timeout = startTimer()
  const signal = AbortSignal.any([context.signal, timer.signal])
  /** A person may take longer than a tool may. */
  async function elicit(request: ElicitationRequest) {
    clearTimeout(timeout)
    const answer = await context.elicit(request)
    timeout = startTimer()
    return answer
  }
  try {
    const work = tool.execute(args, { ...context, signal, elicit })
    const outcome = await (tool.endsItself ? work : Promise.race([work, whenAborted(signal)]))
    if (outcome === 'aborted') return ended(interruption(context.signal, limit))
    const events = outcome.type === 'transferred' ? outcome.events : []
    if (tool.endsItself && signal.aborted) {
      return ended(interruption(context.signal, limit), events)
    }
    if (outcome.type !== 'result' && outcome.type !== 'transferred') return outcome
    const result = resultOf(outcome)
    const state = result.is_error ? 'failed' : 'succeeded'
    return ended({ state, result: toKept(result) }, events)
  } catch (error) {
    if (signal.aborted) return ended(interruption(context.signal, limit))
    const reason = error instanceof Error ? error.message : String(error)
    return ended({ state: 'failed', result: toKept({ output: reason, is_error: true }) })
  } finally {
    clearTimeout(timeout)
    // Releases the wait for an abort, and with it the listener on the run's signal.
    timer.abort(released)
  }
}

function ended(end: CallEnd, events: EventBody[] = []): Executed {
  return { type: 'ended', end, events }
}

function resultOf(outcome: Extract<CallOutcome, { type: 'result' | 'transferred' }>): ToolResult {
  if (outcome.type === 'transferred') return outcome.result
  const { type: _, ...result } = outcome
  return result
}

function whenAborted(signal: AbortSignal): Promise<'aborted'> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve('aborted')
    else signal.addEventListener('abort', () => resolve('aborted'), { once: true })
  })
}

function interruption(run: AbortSignal, limit: number): CallEnd {
  if (!run.aborted) {
    const output = `The tool did not end within ${limit / 1000} s and was stopped.`
    return { state: 'timed_out', result: { output, is_error: true } }
  }
  if (run.reason instanceof RunInterrupted && run.reason.reason === 'cancelled') return cancelledEnd
  throw run.reason
}

function toKept(result: ToolResult): ToolResult {
  return { ...result, output: cutToBytes(toStorable(result.output), storedLimit) }
}
