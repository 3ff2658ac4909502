import type { RuntimeEvent } from '#contract/event.ts'
import type { LogLevel } from './mcp-session.ts'

/** What an event says to a log; null for most. */
export function logOf(event: RuntimeEvent): { level: LogLevel; data: object } | null {
  const entry = describe(event)
  if (!entry) return null
  const { level, ...data } = entry
  return { level, data: { event: event.type, run_id: event.run_id, ...data } }
}

function describe(event: RuntimeEvent): { level: LogLevel; message: string } | null {
  switch (event.type) {
    case 'stream_started':
      return { level: 'info', message: `begins, with ${event.agent_info.model}` }
    case 'stream_stopped':
      return { level: 'info', message: `ends: ${event.reason}` }
    case 'step_started':
      return { level: 'debug', message: `step ${event.step}` }
    case 'token_usage':
      return { level: 'debug', message: tokens(event.usage) }
    case 'tool_call':
      return { level: 'info', message: `calls ${event.tool_call.function.name}` }
    case 'tool_call_response': {
      const level = event.state === 'succeeded' ? 'info' : 'warning'
      return { level, message: `${event.tool_call.function.name}: ${event.state}` }
    }
    case 'agent_switching':
      return { level: 'info', message: `${event.from_agent} to ${event.to_agent}` }
    case 'step_restarted':
      return { level: 'notice', message: `step ${event.step} begins anew: ${event.reason}` }
    case 'model_fallback':
      return { level: 'warning', message: `${event.failed_model} failed: ${event.reason}` }
    case 'warning':
      return { level: 'warning', message: event.message }
    case 'error':
      return { level: 'error', message: event.error }
    default:
      return null
  }
}

function tokens({
  input_tokens,
  output_tokens,
}: {
  input_tokens: number
  output_tokens: number
}): string {
  return `${input_tokens} tokens in, ${output_tokens} out`
}
