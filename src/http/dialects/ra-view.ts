import type { Message } from '#contract/message.ts'
import type { Run } from '#contract/run.ts'
import { addUsage, noUsage, type Usage } from '#contract/usage.ts'
import type { EventView } from './dialect.ts'
import { endedStream, lostAnswer, watchSteps } from './step-watch.ts'

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
  let failure: string | null = null
  const isLost = watchSteps('agent_choice', 'agent_choice_reasoning', 'partial_tool_call')
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
    interrupted: () => encode({ type: 'error', error: endedStream }),
    show(event) {
      // Sub-agents ask too, and a tool may hold its question open, with nobody waiting but it.
      if (event.type === 'elicitation_request') {
        over = true
        return showQuestion(questionOf(event), sessionId, usage)
      }
      if (event.session_id !== run.session_id || event.run_id !== run.id) return ''
      if (isLost(event)) {
        over = true
        return encode({ type: 'error', error: lostAnswer })
      }
      switch (event.type) {
        case 'agent_choice':
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

/** A client answers one question at a time; others are told when it has. */
export function showQuestion(question: string, sessionId: string, usage: Usage = noUsage): string {
  return (
    encode({ type: 'AskUserQuestion', question, sessionId }) +
    encode({ type: 'done', usage: toUsage(usage), sessionId })
  )
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
