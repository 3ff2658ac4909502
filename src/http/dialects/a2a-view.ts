import type { RuntimeEvent } from '#contract/event.ts'
import type { Run } from '#contract/run.ts'
import { textPart } from './a2a-message.ts'
import { isQuestion, type Question, toParts } from './a2a-questions.ts'
import { agentMessage, answerId, answerPart, states, type TaskState } from './a2a-task.ts'
import type { EventView } from './dialect.ts'

type Piece = { seq: number; text: string }

/**
 * A run as updates of its task: the answer as an artifact that grows, and is replaced when another
 * step begins it anew; the rest as states. What it waits for ends the stream, unless it is past.
 */
export function createA2aView({
  run,
  contextId,
  structured,
  opening,
  past = 0,
  encode,
}: {
  run: Pick<Run, 'id' | 'session_id'>
  contextId: string
  structured: boolean
  /** The task as it stood. */
  opening: object
  /** What waited up to this seq was told by the task, or is decided. */
  past?: number
  encode(response: object): string
}): EventView {
  const place = { taskId: run.id, contextId }
  /** The text of the step that is shown. */
  let pieces: Piece[] = []
  let isFresh = true
  let answer: string | null = null
  let failure: string | null = null
  let question: Question | null = null
  let over = false

  function status(event: RuntimeEvent, state: TaskState, parts?: object[]): string {
    const id = `${run.id}-${event.seq}`
    const message = parts && agentMessage({ run, contextId }, { id, parts })
    const { timestamp } = event
    return encode({
      statusUpdate: { ...place, status: { state, timestamp, ...(message && { message }) } },
    })
  }

  function artifact(part: object, { append, last }: { append: boolean; last: boolean }): string {
    const grown = { artifactId: answerId, name: answerId, parts: [part] }
    return encode({ artifactUpdate: { ...place, artifact: grown, append, lastChunk: last } })
  }

  function write(piece: Piece): string {
    pieces.push(piece)
    if (structured) return ''
    const text = isFresh ? joined() : piece.text
    const part = artifact(textPart(text), { append: !isFresh, last: false })
    isFresh = false
    return part
  }

  function joined(): string {
    return pieces.map(({ text }) => text).join('')
  }

  function finishAnswer(): string {
    if (answer === null || answer === '') return ''
    if (!structured && !isFresh && joined() === answer) {
      return artifact(textPart(''), { append: true, last: true })
    }
    return artifact(answerPart(answer, structured), { append: false, last: true })
  }

  function ask(event: RuntimeEvent): string {
    if (event.seq <= past || !question) return ''
    over = true
    return status(event, states.waiting, toParts(question))
  }

  /** What the run's own agent does. */
  function showOwn(event: RuntimeEvent): string {
    switch (event.type) {
      case 'step_started':
        pieces = []
        isFresh = true
        return ''
      case 'step_restarted':
        pieces = pieces.filter(({ seq }) => seq <= event.keep_to)
        isFresh = true
        return ''
      case 'agent_choice':
        return write({ seq: event.seq, text: event.content })
      case 'message_added': {
        const { role, content, tool_calls: calls = [] } = event.message
        if (role !== 'assistant') return ''
        if (calls.length === 0) answer = content
        if (calls.length === 0 || content === '') return ''
        return status(event, states.running, [textPart(content)])
      }
      case 'error':
        failure = event.error
        return ''
      case 'stream_stopped':
        return end(event)
      default:
        return ''
    }
  }

  function end(event: RuntimeEvent & { type: 'stream_stopped' }): string {
    over = true
    const said = failure === null ? undefined : [textPart(failure)]
    if (event.reason === 'failed') return status(event, states.failed, said)
    if (event.reason === 'cancelled') return status(event, states.cancelled)
    return finishAnswer() + status(event, states.completed)
  }

  /** What anybody of the team does. */
  function showAny(event: RuntimeEvent): string {
    switch (event.type) {
      case 'tool_call':
        return status(event, states.running, [
          textPart(`${event.agent} calls ${event.tool_call.function.name}`),
        ])
      case 'tool_call_confirmation':
        if (question?.type === 'approval') return ''
        question = { ...event, type: 'approval', id: event.approval_id }
        return ''
      case 'elicitation_request':
        if (question?.type !== 'approval') {
          question = {
            type: 'elicitation',
            id: event.elicitation_id,
            message: event.message,
            schema: event.schema,
            url: event.url,
            expires_at: event.expires_at,
          }
        }
        return ask(event)
      case 'run_waiting':
        // Who is quick answers before the run parks; then it goes on at once.
        if (!isQuestion(event.reason)) question ??= { type: 'limit', reason: event.reason }
        return ask(event)
      case 'run_resumed':
        question = null
        return status(event, states.running)
      default:
        return ''
    }
  }

  return {
    opening: encode({ task: opening }),
    isOver: () => over,
    show(event) {
      const isOwn = event.run_id === run.id && event.session_id === run.session_id
      return showAny(event) + (isOwn ? showOwn(event) : '')
    },
  }
}
