import type { Message } from '#contract/message.ts'
import type { Run } from '#contract/run.ts'
import type { EventView } from './dialect.ts'

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
  /** Of the step that is being shown. */
  let hasText = false
  let over = false

  return {
    isOver: () => over,
    show(event) {
      if (event.session_id !== run.session_id || event.run_id !== run.id) return ''
      switch (event.type) {
        case 'step_started':
          steps = event.step
          hasText = false
          return ''
        case 'agent_choice':
          hasText = true
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
        case 'step_restarted':
          // Another server does the step anew; what was shown of it cannot be taken back.
          over = hasText
          return over ? encode('error', { message: 'The server was lost; ask again' }) : ''
        case 'max_iterations_reached':
          limit = event.limit
          return ''
        case 'error':
          failure = event.error
          return ''
        case 'stream_stopped':
          over = true
          if (event.reason === 'completed') {
            const result = { session_id: sessionId, content, iterations: steps, tool_calls: calls }
            return encode('done', result)
          }
          return encode('error', { message: failure ?? endText(event.reason, limit) })
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

function endText(reason: string, limit: number): string {
  if (reason === 'max_iterations') return `Agent error: Max tool iterations (${limit}) exceeded`
  return reason === 'cancelled' ? 'The run was cancelled' : 'The run failed'
}

function encode(event: string, data: object): string {
  return `event: ${event}\ndata: ${JSON.stringify(data)}\n\n`
}
