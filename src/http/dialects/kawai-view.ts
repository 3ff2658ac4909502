import type { RuntimeEvent } from '#contract/event.ts'
import type { Message } from '#contract/message.ts'
import type { Run } from '#contract/run.ts'
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

/** Each frame's `id` names the run and the seq, so that EventSource comes back to its own run. */
export function createKawaiView({
  run,
  sessionId,
  structured,
}: {
  run: Run
  /** As the client knows it. */
  sessionId: string
  /** The answer is an object. */
  structured: boolean
}): EventView {
  let prompt = ''
  let answer: string | null = null
  let failure: string | null = null
  let reached: string | null = null
  let over = false

  return {
    isOver: () => over,
    show(event) {
      if (event.session_id !== run.session_id || event.run_id !== run.id) return ''
      const frame = (type: Kind, data: object) => encode(event, { type, data })
      switch (event.type) {
        case 'user_message':
          prompt = event.message.content
          return ''
        case 'stream_started':
          return frame('run_start', {
            prompt,
            model: event.agent_info.model,
            session_id: sessionId,
          })
        case 'step_started':
          return forcing(frame) + frame('step_start', { step_index: event.step - 1 })
        case 'plan_updated':
          return frame('planning', { plan: event.plan, updated_plan: event.updated })
        case 'message_added':
          if (isAnswer(event.message)) answer = event.message.content
          return thoughtsOf(event.message, (reasoning) => frame('reasoning', { reasoning }))
        case 'tool_call': {
          const { name, arguments: text } = event.tool_call.function
          return frame('tool_call', { tool_name: name, tool_arguments: decoded(text, true) })
        }
        case 'tool_call_response': {
          const { output, is_error } = event.result
          const tool_result = is_error ? { error: output } : decoded(output, true)
          return frame('tool_result', { tool_name: event.tool_call.function.name, tool_result })
        }
        case 'max_iterations_reached':
          reached = reachedText(event.limit)
          return ''
        case 'warning':
          return frame('warning', { message: event.message })
        case 'error':
          failure = event.error
          return ''
        case 'stream_stopped':
          over = true
          if (event.reason === 'failed' || event.reason === 'cancelled') {
            return frame('error', { error: failure ?? 'The run was cancelled' })
          }
          return frame('run_end', { answer: answer && decoded(answer, structured) })
        default:
          return ''
      }
    },
  }

  /** At the limit only a step that follows is told: it is the forced one. */
  function forcing(frame: (type: Kind, data: object) => string): string {
    const message = reached
    reached = null
    return message === null ? '' : frame('warning', { message })
  }
}

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

/** What a model thought and said before it called tools. */
function thoughtsOf(message: Message, show: (reasoning: string) => string): string {
  if (message.role !== 'assistant' || isAnswer(message)) return ''
  const thoughts = [message.reasoning, message.content].filter((text) => text)
  return thoughts.length === 0 ? '' : show(thoughts.join('\n\n'))
}

function reachedText(limit: number): string {
  return `Reached max_steps (${limit}) without final answer. Forcing final_answer call in one extra step.`
}

function encode({ run_id, seq, timestamp }: RuntimeEvent, frame: { type: Kind; data: object }) {
  return `id: ${run_id}:${seq}\ndata: ${JSON.stringify({ ...frame, timestamp })}\n\n`
}
