import type { RuntimeEvent } from './event.ts'

type Delta = { seq: number; part: string; end: number; text: string; visible: boolean }

/** One model call: `step_started (delta | step_restarted | model_fallback)* message_added? token_usage?` */
export type StepCheck = {
  /** What is wrong with an event inside the step; undefined when it does not belong to one. */
  accept(event: RuntimeEvent): string[] | undefined
  /** It shows nothing and has no message, so it may begin anew. */
  isBlank(): boolean
}

export function createStepCheck(step: number): StepCheck {
  let deltas: Delta[] = []
  let stage: 'deltas' | 'message' | 'usage' = 'deltas'

  return {
    isBlank: () => stage === 'deltas' && deltas.length === 0,
    accept(event) {
      switch (event.type) {
        case 'agent_choice':
        case 'agent_choice_reasoning':
          return [...late(event.type), ...addText(event)]
        case 'partial_tool_call':
        case 'model_fallback':
          return late(event.type)
        case 'step_restarted':
          return restart(event)
        case 'message_added':
          return event.message.role === 'assistant' ? endWithMessage(event) : undefined
        case 'token_usage':
          if (stage === 'usage') return ['token_usage comes twice in a step']
          stage = 'usage'
          return []
        default:
          return undefined
      }
    },
  }

  function late(type: string): string[] {
    return stage === 'deltas' ? [] : [`${type} comes after the message of its step`]
  }

  function addText(event: Extract<RuntimeEvent, { part: number }>): string[] {
    const { content, offset, part, seq } = event
    const key = `${event.type}/${part}`
    const expected = deltas.findLast((delta) => delta.part === key)?.end ?? 0
    const visible = event.type === 'agent_choice'
    deltas.push({ seq, part: key, end: offset + content.length, text: content, visible })
    return offset === expected
      ? []
      : [`${event.type} of part ${part} begins at ${offset}, not at ${expected}`]
  }

  function restart(event: Extract<RuntimeEvent, { type: 'step_restarted' }>): string[] {
    deltas = deltas.filter(({ seq }) => seq <= event.keep_to)
    const problems = late(event.type)
    if (event.step !== step) problems.push(`step ${event.step} is restarted inside step ${step}`)
    if (event.keep_to >= event.seq) problems.push(`keep_to ${event.keep_to} lies ahead`)
    return problems
  }

  function endWithMessage(event: Extract<RuntimeEvent, { type: 'message_added' }>): string[] {
    if (stage !== 'deltas') return ['a step has two messages']
    stage = 'message'
    const text = deltas.map((delta) => (delta.visible ? delta.text : '')).join('')
    return text === '' || text === event.message.content
      ? []
      : [`message ${event.message_id} does not say what its deltas said`]
  }
}
