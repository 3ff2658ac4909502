import type { RuntimeEvent } from '#contract/event.ts'
import type { ToolCall } from '#contract/message.ts'
import type { Run } from '#contract/run.ts'
import { addUsage, noUsage } from '#contract/usage.ts'
import { watchBudget } from './budget-watch.ts'
import type { EventView } from './dialect.ts'
import { endedStream, lostAnswer, watchSteps } from './step-watch.ts'

type Ended = Extract<RuntimeEvent, { type: 'tool_call_response' }>
type Stopped = Extract<RuntimeEvent, { type: 'stream_stopped' }>

/**
 * Frames whose kind is in their JSON: one `session_started`, then what happens, and one `done` after
 * `turn_completed` or `error`. Its tool events name no call, so all of a step begin, and then end,
 * in the order of the model.
 */
export function createAppamView({
  run,
  sessionId,
}: {
  run: Pick<Run, 'id' | 'session_id'>
  /** As the client knows it. */
  sessionId: string
}): EventView {
  const begun = new Set<string>()
  const ended = new Map<string, Ended>()
  let usage = noUsage
  let requests = 0
  let provider = ''
  let summary: string | undefined
  let limit = 0
  let failure: string | null = null
  let over = false
  const isLost = watchSteps('agent_choice', 'agent_choice_reasoning')
  const spent = watchBudget()

  return {
    opening: encode('session_started', { session_id: sessionId }),
    isOver: () => over,
    interrupted: () => fail(endedStream),
    show(event) {
      // What sub-agents use counts, and is shown with the next of the run itself.
      if (event.type === 'token_usage') {
        usage = addUsage(usage, event.usage)
        requests += 1
      }
      const exhausted = spent(event)
      if (event.session_id !== run.session_id || event.run_id !== run.id) return ''
      if (isLost(event)) return fail(lostAnswer)
      switch (event.type) {
        case 'stream_started':
          provider = event.agent_info.model.split('/')[0] ?? ''
          return ''
        case 'agent_choice':
          return encode('content', { content: event.content })
        case 'agent_choice_reasoning':
          return encode('reasoning', { content: event.content })
        case 'message_added':
          return showMessage(event)
        case 'tool_call':
          return begin(event.tool_call)
        case 'tool_call_response':
          ended.set(event.tool_call.id, event)
          return ''
        case 'token_usage':
          return encode('usage_update', { snapshot: snapshot() })
        case 'session_summary':
          summary = event.summary
          return ''
        case 'session_compaction':
          if (event.status !== 'completed') return ''
          return encode('compaction', { provider, ...(summary !== undefined && { summary }) })
        case 'max_iterations_reached':
          limit = event.limit
          return ''
        case 'run_waiting':
          // Approvals and answers are given over another door while the client waits; nothing else is.
          if (event.reason === 'approval' || event.reason === 'elicitation') return ''
          return fail(waitText(event.reason))
        case 'error':
          failure = event.error
          return ''
        case 'stream_stopped':
          return showEnd(event, exhausted)
        default:
          return ''
      }
    },
  }

  function showMessage({ message }: Extract<RuntimeEvent, { type: 'message_added' }>): string {
    const { role, status, tool_calls: calls = [], tool_call_id = '' } = message
    if (role === 'assistant' && status === 'complete') return calls.map(begin).join('')
    const end = ended.get(tool_call_id)
    return role === 'tool' && end ? begin(end.tool_call) + showResult(end) : ''
  }

  function begin({ id, function: { name, arguments: text } }: ToolCall): string {
    if (begun.has(id)) return ''
    begun.add(id)
    return encode('tool_call_started', { tool_name: name, arguments: text })
  }

  function snapshot() {
    return {
      total_input_tokens: usage.input_tokens,
      total_output_tokens: usage.output_tokens,
      total_cache_creation_tokens: 0,
      total_cache_read_tokens: usage.cached_input_tokens,
      total_reasoning_tokens: usage.reasoning_tokens,
      total_compaction_input_tokens: 0,
      total_compaction_output_tokens: 0,
      total_cost_usd: usage.cost ?? 0,
      request_count: requests,
    }
  }

  function showEnd({ reason, completed }: Stopped, exhausted: string | null): string {
    if (reason !== 'completed') return fail(failure ?? endText(reason, limit))
    if (!completed && exhausted !== null) return fail(exhausted)
    over = true
    return encode('turn_completed') + encode('done')
  }

  function fail(message: string): string {
    over = true
    return encode('error', { message }) + encode('done')
  }
}

function showResult({ tool_call, result, duration_ms }: Ended): string {
  const { output, is_error, structured } = result
  const tool_name = tool_call.function.name
  if (is_error) return encode('tool_call_failed', { tool_name, error: output })
  return encode('tool_call_completed', {
    tool_name,
    result: structured ?? parsed(output),
    success: true,
    duration_ms,
  })
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return text
  }
}

function endText(reason: Stopped['reason'], limit: number): string {
  if (reason === 'max_iterations') return `The limit of ${limit} model calls was reached`
  return reason === 'cancelled' ? 'The run was cancelled' : 'The run failed'
}

function waitText(reason: string): string {
  const what = reason === 'budget' ? 'more budget' : 'an answer'
  return `The run waits for ${what}, which cannot be given here; give it over the server's own API, or delete the session`
}

function encode(type: string, fields: object = {}): string {
  return `data: ${JSON.stringify({ type, ...fields })}\n\n`
}
