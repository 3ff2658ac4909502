import type { Message } from '#contract/message.ts'
import type { Run } from '#contract/run.ts'
import { watchBudget } from './budget-watch.ts'
import type { EventView } from './dialect.ts'
import { endedStream, lostAnswer, watchSteps } from './step-watch.ts'

const previewLength = 200

/** Named events: text as it comes, tools as they begin and end, one `done` or one `error`. */
export function createPawanView({
  run,
  sessionId,
}: {
  run: Pick<Run, 'id' | 'session_id'>
  /** As the client knows it. */
  sessionId: string
}): EventView {
  let content = ''
  let steps = 0
  let calls = 0
  let limit = 0
  let failure: string | null = null
  let over = false
  const isLost = watchSteps('agent_choice')
  const spent = watchBudget()

  return {
    isOver: () => over,
    interrupted: () => encode('error', { message: endedStream }),
    show(event) {
      const exhausted = spent(event)
      if (event.session_id !== run.session_id || event.run_id !== run.id) return ''
      if (isLost(event)) {
        over = true
        return encode('error', { message: lostAnswer })
      }
      switch (event.type) {
        case 'step_started':
          steps = event.step
          return ''
        case 'agent_choice':
          return encode('token', { content: event.content })
        case 'tool_call':
          return encode('tool_start', { name: event.tool_call.function.name })
        case 'tool_call_response': {
          calls += 1
          const { output, is_error } = event.result
          return encode('tool_complete', {
            name: event.tool_call.function.name,
            success: !is_error,
            duration_ms: event.duration_ms,
            result_preview: [...asJson(output)].slice(0, previewLength).join(''),
          })
        }
        case 'message_added':
          content = answerText(event.message) ?? content
          return ''
        case 'max_iterations_reached':
          limit = event.limit
          return ''
        case 'error':
          failure = event.error
          return ''
        case 'stream_stopped':
          over = true
          if (event.reason === 'completed' && (event.completed || exhausted === null)) {
            const result = { session_id: sessionId, content, iterations: steps, tool_calls: calls }
            return encode('done', result)
          }
          return encode('error', {
            message: failure ?? budgetText(exhausted) ?? endText(event.reason, limit),
          })
        default:
          return ''
      }
    },
  }
}

/** What a message that ends a run says, without its thoughts; null for any other message. */
export function answerText({ role, content, tool_calls: calls = [] }: Message): string | null {
  if (role !== 'assistant' || calls.length > 0) return null
  return content.replace(/<think>[\s\S]*?<\/think>\s*/g, '')
}

/** Why a run gives no answer; null when it gives one. */
export function failureOf({ status, stop_reason, error, iterations }: Run): string | null {
  if (error) return error.message
  if (stop_reason === 'max_iterations') return endText('max_iterations', iterations)
  if (status === 'cancelled') return endText('cancelled', iterations)
  if (stop_reason === 'budget') return budgetText('The budget of the run is used up')
  if (status === 'completed') return null
  return 'The run waits for somebody; it goes on once they answer over the API'
}

/** The text when it is JSON, else the text as a JSON string. */
function asJson(text: string): string {
  try {
    return JSON.stringify(JSON.parse(text))
  } catch {
    return JSON.stringify(text)
  }
}

function budgetText(reason: string | null): string | null {
  return reason && `Agent error: ${reason}`
}

function endText(reason: string, limit: number): string {
  if (reason === 'max_iterations') return `Agent error: Max tool iterations (${limit}) exceeded`
  return reason === 'cancelled' ? 'The run was cancelled' : 'The run failed'
}

function encode(event: string, data: object): string {
  return `event: ${event}\ndata: ${JSON.stringify(data)}\n\n`
}
