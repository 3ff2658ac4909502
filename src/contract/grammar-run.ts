import type { RuntimeEvent } from './event.ts'
import { type CallsCheck, createCallsCheck } from './grammar-calls.ts'
import { createStepCheck, type StepCheck } from './grammar-step.ts'

/** The runs of one session, one after the other. */
export type SessionCheck = {
  accept(event: RuntimeEvent): string[]
  /** Why the session is not at rest. */
  unfinished(): string[]
  /** A call of the session runs, so that a sub-agent may run inside it. */
  inCall(): boolean
}

type Phase = 'idle' | 'posted' | 'running' | 'waiting' | 'failed'

/** Items without rules of their own. */
const plainItems = new Set<RuntimeEvent['type']>([
  'max_iterations_reached',
  'budget_exceeded',
  'plan_updated',
  'session_summary',
  'session_compaction',
  'agent_switching',
  'elicitation_request',
  'warning',
])

/** Told between steps, also when one had begun. */
const beforeSteps = new Set<RuntimeEvent['type']>([
  'warning',
  'session_compaction',
  'plan_updated',
  'budget_exceeded',
])

export function createSessionCheck(): SessionCheck {
  let phase: Phase = 'idle'
  let runId = ''
  let steps = 0
  let step: StepCheck | undefined
  let calls: CallsCheck = createCallsCheck([])

  return {
    accept(event) {
      // A title is made beside the run and comes when it is ready.
      if (event.type === 'session_title') return []
      const problems = checkRun(event)
      switch (event.type) {
        case 'user_message':
          return [...problems, ...post()]
        case 'stream_started':
          return [...problems, ...start()]
        case 'stream_stopped':
          return [...problems, ...stop(event)]
        default:
          return [...problems, ...acceptInside(event)]
      }
    },
    unfinished() {
      if (phase === 'idle') return []
      return [`run ${runId} has no stream_stopped`]
    },
    inCall: () => phase === 'running' && calls.running(),
  }

  function checkRun(event: RuntimeEvent): string[] {
    if (phase === 'idle') runId = event.run_id
    return event.run_id === runId ? [] : [`${event.type} is of run ${event.run_id}, not ${runId}`]
  }

  function post(): string[] {
    if (step?.isBlank()) steps -= 1
    step = undefined
    if (phase === 'idle') phase = 'posted'
    return phase === 'failed' ? ['user_message comes after the error'] : []
  }

  function start(): string[] {
    const early = phase === 'idle' || phase === 'posted'
    phase = 'running'
    steps = 0
    step = undefined
    calls = createCallsCheck([])
    return early ? [] : ['stream_started comes inside a run']
  }

  function stop(event: Extract<RuntimeEvent, { type: 'stream_stopped' }>): string[] {
    const problems = calls.open().map((id) => `call ${id} has no result at stream_stopped`)
    if (phase === 'idle' || phase === 'posted') problems.push('stream_stopped without a start')
    if ((event.reason === 'failed') !== (phase === 'failed')) {
      problems.push(
        phase === 'failed'
          ? `an error is followed by stream_stopped ${event.reason}`
          : 'stream_stopped failed without an error',
      )
    }
    phase = 'idle'
    return problems
  }

  function acceptInside(event: RuntimeEvent): string[] {
    if (phase === 'idle' || phase === 'posted') return [`${event.type} comes outside a run`]
    if (phase === 'failed') return [`${event.type} comes after the error`]
    if (event.type === 'run_resumed') return resume(event.reason)
    if (event.type === 'error') {
      phase = 'failed'
      return []
    }
    const waiting =
      phase === 'waiting' && !endsCall(event) ? [`${event.type} while the run waits`] : []
    return [...waiting, ...acceptItem(event)]
  }

  function acceptItem(event: RuntimeEvent): string[] {
    if (event.type === 'step_started') return beginStep(event.step)
    const inStep = step?.accept(event)
    if (inStep) {
      if (event.type === 'message_added') {
        calls = createCallsCheck((event.message.tool_calls ?? []).map(({ id }) => id))
      }
      return inStep
    }
    // What stands between steps makes one that shows nothing begin anew.
    if (step?.isBlank() && beforeSteps.has(event.type)) steps -= 1
    step = undefined
    const inCall = calls.accept(event)
    if (inCall) return inCall
    if (event.type === 'run_waiting') {
      phase = 'waiting'
      return []
    }
    return plainItems.has(event.type) ? [] : [`${event.type} comes outside a step`]
  }

  function beginStep(number: number): string[] {
    const problems = calls.open().map((id) => `call ${id} has no result before step ${number}`)
    if (number !== steps + 1) problems.push(`step ${number} follows step ${steps}`)
    steps = number
    step = createStepCheck(number)
    return problems
  }

  function resume(reason: string): string[] {
    const waited = phase === 'waiting' || movedReasons.has(reason)
    phase = 'running'
    step = undefined
    return waited ? [] : ['run_resumed without run_waiting']
  }
}

/** Why a run goes on that waited for nobody: its server stopped, or died. */
const movedReasons = new Set(['handed_over', 'recovered'])

const endings = new Set<RuntimeEvent['type']>([
  'tool_call_response',
  'message_added',
  'sub_session_completed',
  'agent_switching',
])

/** What may come while a run is parked: its calls are closed when it is cancelled. */
function endsCall(event: RuntimeEvent): boolean {
  return endings.has(event.type)
}
