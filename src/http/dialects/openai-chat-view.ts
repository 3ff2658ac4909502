import type { RuntimeEvent } from '#contract/event.ts'
import type { Run } from '#contract/run.ts'
import { addUsage, noUsage, type Usage } from '#contract/usage.ts'
import type { EventView } from './dialect.ts'
import { type OpenAiError, runError, toError } from './openai-errors.ts'
import { seconds } from './openai-fields.ts'

type Finish = 'stop' | 'length' | 'tool_calls'
export type ChatCall = {
  index: number
  id: string
  type: 'function'
  function: { name: string; arguments: string }
}
type Delta = {
  role?: 'assistant'
  content?: string
  reasoning_content?: string
  tool_calls?: ChatCall[]
}
type ChatChunk = {
  choices: { index: 0; delta: Delta; logprobs: null; finish_reason: Finish | null }[]
  usage?: ReturnType<typeof toChatUsage> | null
  [field: string]: unknown
}

/** What was told, for those who want it whole. */
export type ChatOutcome = {
  content: string
  reasoning: string
  calls: ChatCall[]
  finish: Finish | null
  usage: Usage
  error: OpenAiError | null
}

/**
 * A run as chunks of Chat Completions, until it is over or waits for the caller. Calls that the
 * server runs are not shown: to its clients they would be theirs to run.
 */
export function createChatView({
  run,
  id,
  model,
  structured,
  includeUsage,
  stream,
}: {
  run: Pick<Run, 'id' | 'session_id' | 'created_at'>
  id: string
  model: string
  /** Only the last step's text is the answer. */
  structured: boolean
  includeUsage: boolean
  /** What was told cannot be taken back. */
  stream: boolean
}): EventView & { outcome: ChatOutcome } {
  const outcome: ChatOutcome = {
    content: '',
    reasoning: '',
    calls: [],
    finish: null,
    usage: noUsage,
    error: null,
  }
  let begun = false
  let newStep = false
  let stepStart = { content: '', reasoning: '' }
  let over = false

  /** What begins every chunk, up to its choices. */
  const head = JSON.stringify({
    id,
    object: 'chat.completion.chunk',
    created: seconds(run.created_at),
    model,
    service_tier: 'default',
    system_fingerprint: null,
  }).slice(0, -1)

  function encode({ choices = [], usage = null }: Pick<Partial<ChatChunk>, 'choices' | 'usage'>) {
    const used = includeUsage ? `,"usage":${JSON.stringify(usage)}` : ''
    return `data: ${head},"choices":${JSON.stringify(choices)}${used}}\n\n`
  }

  function choice(delta: Delta, finish: Finish | null = null): string {
    const whole = begun ? delta : { role: 'assistant' as const, content: '', ...delta }
    begun = true
    return encode({
      choices: [{ index: 0, delta: whole, logprobs: null, finish_reason: finish }],
    })
  }

  function say(text: string): string {
    if (text === '') return ''
    const content = newStep && outcome.content !== '' ? `\n\n${text}` : text
    newStep = false
    outcome.content += content
    return choice({ content })
  }

  function end(finish: Finish): string {
    over = true
    outcome.finish = finish
    const usage = includeUsage ? encode({ usage: toChatUsage(outcome.usage) }) : ''
    return `${choice({}, finish)}${usage}data: [DONE]\n\n`
  }

  function fail(error: OpenAiError): string {
    over = true
    outcome.error = error
    return `data: ${JSON.stringify({ error })}\n\ndata: [DONE]\n\n`
  }

  /** Another server makes the step anew; a stream that shows a part of it already must end. */
  function restart(): string {
    if (stream && outcome.content + outcome.reasoning !== stepStart.content + stepStart.reasoning) {
      const message = 'The server stopped within the answer, which it makes anew: ask again'
      return fail({ message, type: 'server_error', param: null, code: 'server_error' })
    }
    Object.assign(outcome, stepStart)
    newStep = true
    return ''
  }

  function call({ tool_call: { id: callId, function: called } }: CallEvent): string {
    const shown: ChatCall = {
      index: outcome.calls.length,
      id: `${run.session_id}_${callId}`,
      type: 'function',
      function: called,
    }
    outcome.calls.push(shown)
    return choice({ tool_calls: [shown] })
  }

  function park({ reason }: Extract<RuntimeEvent, { type: 'run_waiting' }>): string {
    if (reason === 'client_tool') return end('tool_calls')
    if (reason === 'elicitation') return end('stop')
    // Somebody else is asked, or nobody: then there is no such wait.
    return reason === 'approval' ? '' : end('length')
  }

  function stop({ reason, completed }: Extract<RuntimeEvent, { type: 'stream_stopped' }>): string {
    if (outcome.error) return fail(outcome.error)
    if (reason === 'cancelled') return fail(toError({ error: null, status: 'cancelled' }))
    return end(completed ? 'stop' : 'length')
  }

  return {
    outcome,
    isOver: () => over,
    show(event) {
      if (over) return ''
      if (event.type === 'token_usage') outcome.usage = addUsage(outcome.usage, event.usage)
      if (event.session_id !== run.session_id || event.run_id !== run.id) return ''
      switch (event.type) {
        case 'stream_started':
          return choice({})
        case 'step_started':
          newStep = true
          stepStart = { content: outcome.content, reasoning: outcome.reasoning }
          return ''
        case 'step_restarted':
          return restart()
        case 'agent_choice':
          return structured ? '' : say(event.content)
        case 'agent_choice_reasoning':
          outcome.reasoning += event.content
          return choice({ reasoning_content: event.content })
        case 'message_added': {
          const { role, content, tool_calls: calls = [] } = event.message
          return structured && role === 'assistant' && calls.length === 0 ? say(content) : ''
        }
        case 'tool_call':
          return event.executor === 'client' ? call(event) : ''
        case 'elicitation_request':
          newStep = true
          return say(event.url ? `${event.message}\n${event.url}` : event.message)
        case 'run_waiting':
          return park(event)
        case 'error':
          outcome.error = runError({ code: event.code, message: event.error })
          return ''
        case 'stream_stopped':
          return stop(event)
        default:
          return ''
      }
    },
  }
}

type CallEvent = Extract<RuntimeEvent, { type: 'tool_call' }>

export function toChatUsage(usage: Usage) {
  return {
    prompt_tokens: usage.input_tokens,
    completion_tokens: usage.output_tokens,
    total_tokens: usage.input_tokens + usage.output_tokens,
    prompt_tokens_details: { cached_tokens: usage.cached_input_tokens, audio_tokens: 0 },
    completion_tokens_details: {
      reasoning_tokens: usage.reasoning_tokens,
      audio_tokens: 0,
      accepted_prediction_tokens: 0,
      rejected_prediction_tokens: 0,
    },
  }
}
