import type { EventBody } from '#contract/event.ts'
import type { Message } from '#contract/message.ts'
import { noUsage, type Usage } from '#contract/usage.ts'
import { type ActiveRun, commitRun, RunInterrupted, subjectOf } from './active-run.ts'
import { createCallIds } from './call-ids.ts'
import {
  type Model,
  type ModelAnswer,
  type ModelDelta,
  ModelFailure,
  type ModelRequest,
} from './model.ts'

/** What a model call came to. `partial` is the text that clients have seen of a failed one. */
export type Turn =
  | { type: 'answer'; answer: ModelAnswer; usage: Usage }
  | { type: 'failed'; failure: ModelFailure; partial: Partial; used: boolean }
  | { type: 'cancelled'; partial: Partial }

type Partial = { content: string; reasoning: string }

/** A provider that asks for a longer pause than this is not waited for. */
const longestWait = 30_000

/**
 * One model call: streams its deltas, tries again what may succeed, and tells clients to drop the
 * text of a failed attempt before the next one's arrives.
 */
export async function takeTurn(
  run: ActiveRun,
  {
    model,
    request,
    retries = 2,
    impatient = false,
  }: {
    model: Model
    request: ModelRequest
    retries?: number
    /** Another model is there: one that refuses for a while isn't waited for. */
    impatient?: boolean
  },
): Promise<Turn> {
  for (let attempt = 1; ; attempt += 1) {
    const stream = createDeltaStream(run)
    try {
      const answered = await model.respond(request, stream.push)
      const answer = { ...answered, toolCalls: stream.withOwnIds(answered.toolCalls) }
      return { type: 'answer', answer, usage: toUsage(answer, model) }
    } catch (error) {
      if (run.signal.aborted) {
        if (isCancelled(run.signal)) return { type: 'cancelled', partial: stream.partial }
        throw run.signal.reason
      }
      if (!(error instanceof ModelFailure)) throw error
      const waits = !impatient || error.code !== 'model_rate_limited'
      const shown = stream.used && !mayRestart(run)
      const again = error.retryable && waits && attempt <= retries && !shown
      if (!again || (error.retryAfter ?? 0) > longestWait) {
        return { type: 'failed', failure: error, partial: stream.partial, used: stream.used }
      }
      if (stream.used) await restartStep(run, error.code)
      const waited = await pause(error.retryAfter ?? backoff(attempt), run.signal)
      if (!waited) return { type: 'cancelled', partial: { content: '', reasoning: '' } }
    }
  }
}

/** Whether clients can take back what they were shown of a step. */
export function mayRestart({ options }: Pick<ActiveRun, 'options'>): boolean {
  return options.restart_steps !== false
}

/** Tells clients to drop what the step has shown so far. */
export async function restartStep(run: ActiveRun, reason: string): Promise<void> {
  if (!run.openStep) return
  const { step, seq } = run.openStep
  await commitRun(run, [{ type: 'step_restarted', step, keep_to: seq, reason }])
}

/** Before an event that stands between steps: the step that is open begins anew after it. */
export async function leaveStep(run: ActiveRun): Promise<void> {
  if (run.openStep?.stale) await restartStep(run, 'recovered')
  run.openStep = null
}

function isCancelled(signal: AbortSignal): boolean {
  return signal.reason instanceof RunInterrupted && signal.reason.reason === 'cancelled'
}

function createDeltaStream(run: ActiveRun) {
  const subject = subjectOf(run)
  const partial: Partial = { content: '', reasoning: '' }
  const { idOf, withOwnIds } = createCallIds(run.history)
  const state = { used: false, partial, push, withOwnIds }
  function push(delta: ModelDelta): Promise<void> | undefined {
    state.used = true
    return run.log.emit(subject, toEvent(delta))
  }
  const argumentLengths = new Map<string, number>()
  function advanceArguments(callId: string, length: number): number {
    const offset = argumentLengths.get(callId) ?? 0
    argumentLengths.set(callId, offset + length)
    return offset
  }
  function toEvent(delta: ModelDelta): EventBody {
    if (delta.type === 'tool_call') {
      const id = idOf(delta.id)
      return {
        type: 'partial_tool_call',
        tool_call_id: id,
        name: delta.name,
        arguments_delta: delta.arguments,
        offset: advanceArguments(id, delta.arguments.length),
      }
    }
    if (delta.type === 'reasoning') {
      const offset = partial.reasoning.length
      partial.reasoning += delta.text
      return { type: 'agent_choice_reasoning', content: delta.text, part: 0, offset }
    }
    const offset = partial.content.length
    partial.content += delta.text
    return { type: 'agent_choice', content: delta.text, part: 0, offset }
  }
  return state
}

export function toUsage(answer: ModelAnswer, model: Model): Usage {
  if (!answer.usage) return noUsage
  const { input_tokens: input, output_tokens: output, cached_input_tokens: cached } = answer.usage
  const cost = model.price
    ? ((input - cached) * model.price.input +
        cached * model.price.cachedInput +
        output * model.price.output) /
      1_000_000
    : null
  return { ...answer.usage, cost }
}

/** The message that an answer becomes. */
export function toAssistantMessage(
  run: ActiveRun,
  { answer, usage, model }: { answer: ModelAnswer; usage: Usage; model: Model },
  { id, createdAt }: { id: string; createdAt: string },
): Message {
  return {
    id,
    parent_id: run.leaf,
    role: 'assistant',
    agent_name: run.assistant.name,
    status: answer.finishReason === 'length' ? 'incomplete' : 'complete',
    content: answer.content,
    ...(answer.toolCalls.length > 0 ? { tool_calls: answer.toolCalls } : {}),
    ...(answer.reasoning ? { reasoning: answer.reasoning } : {}),
    model: model.id,
    finish_reason: answer.finishReason,
    usage,
    cost: usage.cost,
    created_at: createdAt,
  }
}

/** What had come of an answer that was cancelled or failed; null when nothing had. */
export function toIncompleteMessage(
  run: ActiveRun,
  partial: Partial,
  { id, createdAt }: { id: string; createdAt: string },
): Message | null {
  if (!partial.content && !partial.reasoning) return null
  return {
    id,
    parent_id: run.leaf,
    role: 'assistant',
    agent_name: run.assistant.name,
    status: 'incomplete',
    content: partial.content,
    ...(partial.reasoning ? { reasoning: partial.reasoning } : {}),
    ...(run.model ? { model: run.model } : {}),
    created_at: createdAt,
  }
}

function backoff(attempt: number): number {
  const base = 250 * 2 ** attempt
  return base + Math.random() * base
}

/** Answers false when the run was cancelled meanwhile; throws when it was lost. */
function pause(milliseconds: number, signal: AbortSignal): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(finish, milliseconds)
    signal.addEventListener('abort', finish, { once: true })
    function finish() {
      clearTimeout(timer)
      signal.removeEventListener('abort', finish)
      if (!signal.aborted) resolve(true)
      else if (isCancelled(signal)) resolve(false)
      else reject(signal.reason)
    }
    if (signal.aborted) finish()
  })
}
