import type { RuntimeEvent } from './event.ts'

type CallState = 'proposed' | 'confirming' | 'started' | 'responded' | 'done'

/** The calls of one answer: they may interleave, their messages come in the model's order. */
export type CallsCheck = {
  /** What is wrong with an event of a call; undefined when it does not belong to one. */
  accept(event: RuntimeEvent): string[] | undefined
  /** Calls without their message. */
  open(): string[]
  running(): boolean
}

/** Final states that a call can only reach by running. */
const needsStart = new Set(['succeeded', 'timed_out', 'unknown'])

export function createCallsCheck(ids: string[]): CallsCheck {
  const states = new Map<string, CallState>(ids.map((id) => [id, 'proposed']))

  return {
    accept(event) {
      switch (event.type) {
        case 'tool_call_confirmation':
          return move(event.type, event.tool_call.id, ['proposed'], 'confirming')
        case 'tool_call':
          return move(event.type, event.tool_call.id, ['proposed', 'confirming'], 'started')
        case 'tool_call_output':
          return move(event.type, event.tool_call_id, ['started'], 'started')
        case 'sub_session_completed':
          return move(event.type, event.tool_call_id, ['started'], 'started')
        case 'tool_call_response':
          return respond(event)
        case 'message_added':
          return event.message.role === 'tool' ? endWithMessage(event) : undefined
        default:
          return undefined
      }
    },
    open: () => ids.filter((id) => states.get(id) !== 'done'),
    running: () => [...states.values()].includes('started'),
  }

  function move(type: string, id: string, from: CallState[], to: CallState): string[] {
    const state = states.get(id)
    if (state === undefined) return [`${type} names call ${id}, which the model did not make`]
    states.set(id, to)
    return from.includes(state) ? [] : [`${type} comes for call ${id} when it is ${state}`]
  }

  function respond(event: Extract<RuntimeEvent, { type: 'tool_call_response' }>): string[] {
    const { id } = event.tool_call
    const started = states.get(id) === 'started'
    const problems = move(event.type, id, ['proposed', 'confirming', 'started'], 'responded')
    if (!started && needsStart.has(event.state)) {
      problems.push(`call ${id} is ${event.state} and never started`)
    }
    return problems
  }

  function endWithMessage(event: Extract<RuntimeEvent, { type: 'message_added' }>): string[] {
    const id = event.message.tool_call_id ?? ''
    const next = ids.find((candidate) => states.get(candidate) !== 'done')
    const problems = move('message_added', id, ['responded'], 'done')
    if (next !== id) problems.push(`the message of call ${id} comes before that of ${next}`)
    return problems
  }
}
