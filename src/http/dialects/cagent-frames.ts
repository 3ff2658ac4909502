import type { RuntimeEvent } from '#contract/event.ts'
import { toPart } from './cagent-shapes.ts'

/** An event as its clients read it; the agent and the time are added to each. */
export type Frame = { type: string; agent_name?: string; [field: string]: unknown }

/** The frames of an event that says all by itself; none for one that this wire does not have. */
export function plainFrames(event: RuntimeEvent): Frame[] {
  const { session_id } = event
  switch (event.type) {
    case 'agent_choice':
    case 'agent_choice_reasoning':
      return [{ type: event.type, content: event.content, session_id }]
    case 'session_title':
      return [{ type: event.type, session_id, title: event.title }]
    case 'session_summary':
      return [{ type: event.type, session_id, summary: event.summary }]
    case 'session_compaction':
      return compaction(event)
    case 'model_fallback': {
      const { type, failed_model, fallback_model, reason, attempt, max_attempts } = event
      return [{ type, failed_model, fallback_model, reason, attempt, max_attempts }]
    }
    case 'elicitation_request':
      return [elicitation(event)]
    case 'budget_exceeded': {
      const { limit, allowed, spent } = event
      const message = `The budget is used up (${limit}: ${spent} of ${allowed}); resume with approve to go on, or with reject to stop`
      return [{ type: 'warning', message }]
    }
    case 'warning':
      return [{ type: event.type, message: event.message }]
    case 'error':
      return [{ type: event.type, error: event.error, code: event.code }]
    default:
      return []
  }
}

export function userMessage(event: Extract<RuntimeEvent, { type: 'user_message' }>): Frame {
  const { content, multi_content } = event.message
  return {
    type: 'user_message',
    message: content,
    ...(multi_content && { multi_content: multi_content.map(toPart) }),
    session_id: event.session_id,
    session_position: -1,
  }
}

/** The wire knows two states: what began always completes. */
function compaction(event: Extract<RuntimeEvent, { type: 'session_compaction' }>): Frame[] {
  const { type, session_id, status } = event
  if (status !== 'failed') return [{ type, session_id, status }]
  return [
    { type: 'warning', message: 'The history could not be summarised' },
    { type, session_id, status: 'completed' },
  ]
}

function elicitation(event: Extract<RuntimeEvent, { type: 'elicitation_request' }>): Frame {
  const { type, message, mode, schema, url, elicitation_id } = event
  return {
    type,
    message,
    mode,
    ...(schema && { schema }),
    ...(url !== undefined && { url }),
    elicitation_id,
  }
}
