import type { RuntimeEvent } from '#contract/event.ts'
import type { Message, ToolCall } from '#contract/message.ts'
import type { Run } from '#contract/run.ts'
import { watchBudget } from './budget-watch.ts'
import type { EventView } from './dialect.ts'

type Kind =
  | 'run_start'
  | 'step_start'
  | 'planning'
  | 'reasoning'
  | 'tool_call'
  | 'tool_result'
  | 'warning'
  | 'run_end'
  | 'error'

type Frame = { type: Kind; data: object }
type Ended = Extract<RuntimeEvent, { type: 'tool_call_response' }>
type Stopped = Extract<RuntimeEvent, { type: 'stream_stopped' }>

/** Where a client was: after so many frames of the event at `seq`, or after all of them. */
export type KawaiPosition = { runId: string; seq: number; frames: number | null }

/**
 * Each frame's `id` names the run and the place, so that EventSource comes back to its own run.
 * Calls are told one after the other in the model's order, each with its result, since frames name
 * no call.
 */
export function createKawaiView({
  run,
  sessionId,
  structured,
  from,
}: {
  run: Pick<Run, 'id' | 'session_id'>
  /** As the client knows it. */
  sessionId: string
  /** The answer is an object. */
  structured: boolean
  from?: KawaiPosition
}): EventView {
  const calls = createCallOrder()
  const spent = watchBudget()
  let prompt = ''
  let step = 0
  let answer: string | null = null
  let failure: string | null = null
  let reached: string | null = null
  let over = false

  return {
    ignores,
    isOver: () => over,
    show(event) {
      const exhausted = spent(event)
      if (event.session_id !== run.session_id || event.run_id !== run.id) return ''
      const frames = framesOf(event, exhausted)
      const seen = from?.seq === event.seq ? (from.frames ?? frames.length) : 0
      return encode(event, frames, seen)
    },
  }

  function framesOf(event: RuntimeEvent, exhausted: string | null): Frame[] {
    switch (event.type) {
      case 'user_message':
        prompt = event.message.content
        return []
      case 'stream_started': {
        const { model } = event.agent_info
        return [{ type: 'run_start', data: { prompt, model, session_id: sessionId } }]
      }
      case 'step_started':
        return beginStep(event.step)
      case 'plan_updated':
        return [{ type: 'planning', data: { plan: event.plan, updated_plan: event.updated } }]
      case 'message_added':
        if (isAnswer(event.message)) answer = event.message.content
        if (event.message.role === 'assistant') calls.open(event.message.tool_calls ?? [])
        return thoughtsOf(event.message)
      case 'tool_call':
        return calls.begin(event.tool_call)
      case 'tool_call_response':
        return calls.end(event)
      case 'max_iterations_reached':
        reached = reachedText(event.limit)
        return []
      case 'warning':
        return [{ type: 'warning', data: { message: event.message } }]
      case 'error':
        failure = event.error
        return []
      case 'stream_stopped':
        over = true
        return endRun(event, exhausted)
      default:
        return []
    }
  }

  /** A step that begins again, after a plan or on another server, is told once. */
  function beginStep(number: number): Frame[] {
    if (number === step) return []
    step = number
    const message = reached
    reached = null
    const begun: Frame = { type: 'step_start', data: { step_index: number - 1 } }
    // At the limit only a step that follows is told: it is the forced one.
    return message === null ? [begun] : [{ type: 'warning', data: { message } }, begun]
  }

  function endRun({ reason, completed }: Stopped, exhausted: string | null): Frame[] {
    if (reason === 'failed' || reason === 'cancelled') {
      return [{ type: 'error', data: { error: failure ?? 'The run was cancelled' } }]
    }
    const end: Frame = {
      type: 'run_end',
      data: { answer: answer === null ? null : decoded(answer, structured) },
    }
    if (completed || exhausted === null) return [end]
    return [{ type: 'warning', data: { message: exhausted } }, end]
  }
}

/** Text counts when it is whole. */
const ignores: ReadonlySet<RuntimeEvent['type']> = new Set([
  'agent_choice',
  'agent_choice_reasoning',
  'partial_tool_call',
  'tool_call_output',
] as const)

/** A message that ends a run rather than a step of it. */
export function isAnswer({ role, tool_calls: calls = [] }: Message): boolean {
  return role === 'assistant' && calls.length === 0
}

/** The value that a text is as JSON; the text itself when it isn't, or is not wanted as such. */
export function decoded(text: string, wanted: boolean): unknown {
  if (!wanted) return text
  try {
    return JSON.parse(text)
  } catch {
    return text
  }
}

/** The calls of one message, which run side by side, as if they ran one after the other. */
function createCallOrder() {
  let waiting: ToolCall[] = []
  let begun = new Map<string, ToolCall>()
  let ended = new Map<string, Ended>()
  let told = false

  function next(): Frame[] {
    const frames: Frame[] = []
    for (let [call] = waiting; call; [call] = waiting) {
      const end = ended.get(call.id)
      const shown = end?.tool_call ?? begun.get(call.id)
      if (!shown) return frames
      if (!told) frames.push(toCall(shown))
      told = true
      if (!end) return frames
      frames.push(toResult(end))
      waiting = waiting.slice(1)
      told = false
    }
    return frames
  }

  return {
    open(calls: ToolCall[]) {
      waiting = calls
      begun = new Map()
      ended = new Map()
      told = false
    },
    begin(call: ToolCall): Frame[] {
      begun.set(call.id, call)
      return next()
    },
    end(event: Ended): Frame[] {
      ended.set(event.tool_call.id, event)
      return next()
    },
  }
}

function toCall({ function: { name, arguments: text } }: ToolCall): Frame {
  const given = decoded(text, true)
  const isObject = typeof given === 'object' && given !== null
  return { type: 'tool_call', data: { tool_name: name, tool_arguments: isObject ? given : {} } }
}

function toResult({ tool_call, result: { output, is_error } }: Ended): Frame {
  const tool_result = is_error ? { error: output } : decoded(output, true)
  return { type: 'tool_result', data: { tool_name: tool_call.function.name, tool_result } }
}

/** What a model thought and said before it called tools. */
function thoughtsOf(message: Message): Frame[] {
  if (message.role !== 'assistant' || isAnswer(message)) return []
  const thoughts = [message.reasoning, message.content].filter((text) => text)
  if (thoughts.length === 0) return []
  return [{ type: 'reasoning', data: { reasoning: thoughts.join('\n\n') } }]
}

function reachedText(limit: number): string {
  return `Reached max_steps (${limit}) without final answer. Forcing final_answer call in one extra step.`
}

/** All but the last frame of an event say how many of it came. */
function encode({ run_id, seq, timestamp }: RuntimeEvent, frames: Frame[], seen: number): string {
  return frames
    .map((frame, index) => {
      const part = index === frames.length - 1 ? '' : `.${index + 1}`
      return `id: ${run_id}:${seq}${part}\ndata: ${JSON.stringify({ ...frame, timestamp })}\n\n`
    })
    .slice(seen)
    .join('')
}
