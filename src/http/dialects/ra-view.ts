import type { Message } from '#contract/message.ts'
import type { Run } from '#contract/run.ts'
import { addUsage, noUsage, type Usage } from '#contract/usage.ts'
import type { EventView } from './dialect.ts'

/** Unnamed events: text, thoughts, calls as they are written, a question, one `done` or `error`. */
export function createRaView({
  run,
  sessionId,
}: {
  run: Pick<Run, 'id' | 'session_id'>
  /** As the client knows it. */
  sessionId: string
}): EventView {
  let usage = noUsage
  let question: string | null = null
  let failure: string | null = null
  /** Of the step that is being shown. */
  let hasText = false
  let over = false
  const begun = new Set<string>()

  /** The calls of a message: those that came in no pieces begin here, and all end. */
  function endCalls({ tool_calls: calls = [] }: Message): string {
    return calls
      .map(({ id, function: { name, arguments: text } }) => {
        const whole = text === '' ? {} : { argsDelta: text }
        const start = begun.has(id)
          ? ''
          : encode({ type: 'tool_call_start', id, name }) +
            encode({ type: 'tool_call_delta', id, ...whole })
        return start + encode({ type: 'tool_call_end', id })
      })
      .join('')
  }

  function done(): string {
    over = true
    return encode({ type: 'done', usage: toUsage(usage), sessionId })
  }

  return {
    isOver: () => over,
    show(event) {
      if (event.session_id !== run.session_id || event.run_id !== run.id) return ''
      switch (event.type) {
        case 'step_started':
          hasText = false
          return ''
        case 'agent_choice':
          hasText = true
          return encode({ type: 'text', delta: event.content })
        case 'agent_choice_reasoning':
          return encode({ type: 'thinking', delta: event.content })
        case 'partial_tool_call': {
          const { tool_call_id: id, name, arguments_delta: argsDelta } = event
          const start = begun.has(id) ? '' : encode({ type: 'tool_call_start', id, name })
          begun.add(id)
          return argsDelta === ''
            ? start
            : start + encode({ type: 'tool_call_delta', id, argsDelta })
        }
        case 'message_added':
          return event.message.role === 'assistant' ? endCalls(event.message) : ''
        case 'token_usage':
          usage = addUsage(usage, event.usage)
          return ''
        case 'step_restarted':
          // Another server does the step anew; what was shown of it cannot be taken back.
          over = hasText
          return over ? encode({ type: 'error', error: 'The server was lost; ask again' }) : ''
        case 'elicitation_request':
          question = questionOf(event)
          return encode({ type: 'AskUserQuestion', question, sessionId })
        case 'run_waiting':
          return event.reason === 'elicitation' ? done() : ''
        case 'error':
          failure = event.error
          return ''
        case 'stream_stopped':
          if (event.reason === 'completed' || event.reason === 'max_iterations') return done()
          over = true
          return encode({ type: 'error', error: failure ?? 'The run was cancelled' })
        default:
          return ''
      }
    },
  }
}

/** What the user is asked, with the page to open where there is one. */
export function questionOf({
  message,
  url,
}: {
  message: string
  url?: string | undefined
}): string {
  return url === undefined ? message : `${message}\n${url}`
}

function toUsage({ input_tokens: inputTokens, output_tokens: outputTokens }: Usage) {
  return { inputTokens, outputTokens }
}

type Frame =
  | { type: 'text' | 'thinking'; delta: string }
  | { type: 'tool_call_start'; id: string; name: string }
  | { type: 'tool_call_delta'; id: string; argsDelta?: string }
  | { type: 'tool_call_end'; id: string }
  | { type: 'AskUserQuestion'; question: string; sessionId: string }
  | { type: 'done'; usage: ReturnType<typeof toUsage>; sessionId: string }
  | { type: 'error'; error: string }

function encode(frame: Frame): string {
  return `data: ${JSON.stringify(frame)}\n\n`
}
