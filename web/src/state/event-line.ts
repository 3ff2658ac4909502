import type { RuntimeEvent } from 'parley-client'

/** What an event is about in a few words; empty where its type says it all. */
export function describeEvent(event: RuntimeEvent): string {
  return oneLine(aboutOf(event))
}

/** To the millisecond, in the time of who looks. */
export function timeOf(timestamp: string): string {
  const time = new Date(timestamp)
  const parts = [time.getHours(), time.getMinutes(), time.getSeconds()]
  const clock = parts.map((part) => String(part).padStart(2, '0')).join(':')
  return `${clock}.${String(time.getMilliseconds()).padStart(3, '0')}`
}

function aboutOf(event: RuntimeEvent): string {
  switch (event.type) {
    case 'agent_choice':
    case 'agent_choice_reasoning':
    case 'tool_call_output':
      return event.content
    case 'user_message':
    case 'message_added':
      return event.message.content
    case 'partial_tool_call':
      return `${event.name} ${event.arguments_delta}`
    case 'tool_call':
    case 'tool_call_confirmation':
      return `${event.tool_call.function.name} ${event.tool_call.function.arguments}`
    case 'tool_call_response':
      return `${event.tool_call.function.name}: ${event.state}`
    case 'run_waiting':
    case 'run_resumed':
    case 'stream_stopped':
      return event.reason
    case 'elicitation_request':
    case 'warning':
      return event.message
    case 'error':
      return event.error
    case 'session_title':
      return event.title
    default:
      return ''
  }
}

const longest = 120

function oneLine(text: string): string {
  const line = text.slice(0, 4 * longest).replace(/\s+/g, ' ')
  return line.length > longest ? `${line.slice(0, longest)}…` : line
}
