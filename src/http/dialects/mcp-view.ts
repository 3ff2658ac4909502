import type { RuntimeEvent } from '#contract/event.ts'
import type { Run } from '#contract/run.ts'
import type { EventView } from './dialect.ts'
import { logOf } from './mcp-log.ts'
import { type Place, toEventId } from './mcp-place.ts'
import { isQuestion, type Question, questionOf } from './mcp-questions.ts'
import {
  answerOf,
  describeWaiting,
  type Outcome,
  type Pending,
  toEnded,
  toToolResult,
} from './mcp-result.ts'
import { logLevels, type McpSession, takesEmptyEvents } from './mcp-session.ts'

export type McpView = EventView & {
  /** What the call gave; null while it is not over. */
  outcome(): Outcome | null
}

/**
 * A run as the stream that answers a call of a tool: progress, log messages and questions while it
 * works, the result last. An event's id stands on its last message, so that a client that got half
 * of them gets all again.
 */
export function createMcpView({
  run,
  place,
  session,
  sessionId,
  structured,
  questions = [],
}: {
  run: Pick<Run, 'id' | 'session_id'>
  place: Place
  session: McpSession
  /** As the client knows it. */
  sessionId: string
  structured: boolean
  /** What waits for the client already. */
  questions?: Question[]
}): McpView {
  const { asks, level } = session
  const pending: Pending = { approvals: [], elicitations: [] }
  let answer = ''
  let failure: string | null = null
  let told = 0
  let outcome: Outcome | null = null

  /** An id to come back with, before there is any event. */
  const prime = takesEmptyEvents(session)
    ? `id: ${toEventId(place, place.from)}\nretry: 1000\ndata: \n\n`
    : ''

  function messagesOf(event: RuntimeEvent): object[] {
    const question = questionOf(event, asks)
    return [...progressOf(event), ...logMessages(event), ...(question ? [question] : [])]
  }

  function progressOf(event: RuntimeEvent): object[] {
    const { progressToken } = place
    const message = progressToken === null ? null : describeProgress(event)
    if (message === null) return []
    const params = { progressToken, progress: event.seq - place.from, message }
    return [{ method: 'notifications/progress', params }]
  }

  /** Text is told a few lines at a time. */
  function describeProgress(event: RuntimeEvent): string | null {
    if (event.type !== 'agent_choice') return progressText(event)
    told += event.content.length
    if (told < progressEvery) return null
    told = 0
    return `${event.agent} writes`
  }

  function logMessages(event: RuntimeEvent): object[] {
    const entry = logOf(event)
    if (!entry || logLevels.indexOf(entry.level) < logLevels.indexOf(level)) return []
    const params = { level: entry.level, logger: event.agent, data: entry.data }
    return [{ method: 'notifications/message', params }]
  }

  /** What the event says about the end of the call. */
  function take(event: RuntimeEvent): void {
    const isRoot = event.run_id === run.id && event.session_id === run.session_id
    switch (event.type) {
      case 'message_added':
        if (isRoot) answer = answerOf(event.message) ?? answer
        return
      case 'tool_call_confirmation':
        if (questionOf(event, asks)) return
        pending.approvals.push({ ...event, id: event.approval_id })
        return
      case 'elicitation_request':
        if (questionOf(event, asks)) return
        pending.elicitations.push(event)
        // A tool may hold its question open, so that the run never parks.
        wait('elicitation')
        return
      case 'run_waiting':
        if (!isQuestion(event.reason) || pending.approvals.length > 0) wait(event.reason)
        return
      case 'error':
        if (isRoot) failure = event.error
        return
      case 'stream_stopped':
        if (isRoot) outcome = toEnded(event.reason, answer, failure)
        return
    }
  }

  function wait(reason: string): void {
    outcome = { text: describeWaiting(reason, pending, sessionId), status: 'waiting' }
  }

  return {
    opening: prime + questions.map((question) => frame(question)).join(''),
    outcome: () => outcome,
    isOver: () => outcome !== null,
    show(event) {
      take(event)
      const messages = messagesOf(event)
      if (outcome) messages.push({ id: place.requestId, result: toToolResult(outcome, origin()) })
      return messages
        .map((message, index) =>
          frame(message, index === messages.length - 1 ? toEventId(place, event.seq) : undefined),
        )
        .join('')
    },
  }

  function origin() {
    return { sessionId, runId: run.id, structured }
  }
}

/** Characters. */
const progressEvery = 500

function progressText(event: RuntimeEvent): string | null {
  switch (event.type) {
    case 'stream_started':
      return `${event.agent} begins`
    case 'step_started':
      return `${event.agent} thinks, step ${event.step}`
    case 'tool_call':
      return `${event.agent} calls ${event.tool_call.function.name}`
    case 'tool_call_output':
      return event.content.slice(-200)
    case 'tool_call_response':
      return `${event.tool_call.function.name}: ${event.state}`
    case 'agent_switching':
      return `${event.from_agent} to ${event.to_agent}`
    case 'run_waiting':
      return `waits: ${event.reason}`
    case 'run_resumed':
      return 'goes on'
    default:
      return null
  }
}

function frame(message: object, id?: string): string {
  const data = JSON.stringify({ jsonrpc: '2.0', ...message })
  return `${id === undefined ? '' : `id: ${id}\n`}event: message\ndata: ${data}\n\n`
}
