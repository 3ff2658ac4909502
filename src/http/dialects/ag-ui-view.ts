import type { RuntimeEvent } from '#contract/event.ts'
import type { Run } from '#contract/run.ts'
import {
  approvalInterrupt,
  type Interrupt,
  limitInterrupt,
  questionInterrupt,
} from './ag-ui-interrupts.ts'
import { type AgUiFrame, createSpeaker, type Speaker, type Transcript } from './ag-ui-speaker.ts'
import { createState, todoTools } from './ag-ui-state.ts'
import { createTally } from './ag-ui-usage.ts'
import type { EventView } from './dialect.ts'

type Event<Type extends RuntimeEvent['type']> = Extract<RuntimeEvent, { type: Type }>

/** The thread and run as the client named them. */
export type AgUiPlace = { threadId: string; runId: string }

/** What waits for the client already, of those parts of the run that this stream doesn't show. */
export type AgUiOpen = { interrupts: Interrupt[]; clientCalls: string[] }

/**
 * A run as events of AG-UI, until it is over or waits for its client: a run of the protocol ends
 * there, and its next one goes on with ours.
 */
export function createAgUiView({
  run,
  place,
  open = { interrupts: [], clientCalls: [] },
  messages,
  state,
  isFromStart,
  isJoined = false,
  said = [],
  waitsBefore = 0,
}: {
  run: Pick<Run, 'id' | 'session_id' | 'model'>
  place: AgUiPlace
  open?: AgUiOpen
  /** What the client holds. */
  messages: unknown[]
  state: unknown
  /** The stream shows the run from its first event, else from where it waited. */
  isFromStart: boolean
  /** The client has nothing yet: the messages are told first. */
  isJoined?: boolean
  /** What the client says to the run as it goes on. */
  said?: string[]
  /** The run went on after waiting at an event up to this seq. */
  waitsBefore?: number
}): EventView {
  const transcript: Transcript = { messages: [...messages] }
  const speaker = createSpeaker({ runId: run.id, tag: {}, transcript })
  const subAgents = new Map<string, Speaker>()
  const tally = createTally(run)
  const interrupts = new Map(open.interrupts.map((interrupt) => [interrupt.id, interrupt]))
  const clientCalls = new Set(open.clientCalls)
  const shared = createState(state)
  const own = [...said]
  const failures = new Map<string, Event<'error'>>()
  let isBegun = !isFromStart
  let over = false

  function showSaid(event: RuntimeEvent, from: Speaker): AgUiFrame[] | null {
    switch (event.type) {
      case 'step_started':
        return from.beginStep(event.step)
      case 'agent_choice':
        return from.say(event.content)
      case 'agent_choice_reasoning':
        return from.think(event.content)
      case 'partial_tool_call':
        return from.write(event.tool_call_id, event.name, event.arguments_delta)
      case 'step_restarted':
        return from.restartStep()
      case 'message_added':
        return event.message.role === 'assistant' ? from.complete(event) : []
      case 'tool_call':
        forget(({ toolCallId }) => toolCallId === event.tool_call.id)
        if (event.executor === 'client') clientCalls.add(event.tool_call.id)
        return []
      case 'tool_call_response':
        return respond(event, from)
      case 'tool_call_confirmation':
        keep(approvalInterrupt({ ...event, id: event.approval_id }))
        return []
      case 'elicitation_request':
        keep(questionInterrupt({ ...event, id: event.elicitation_id }))
        return []
      case 'error':
        failures.set(event.run_id, event)
        return []
      case 'token_usage':
        tally.add(event)
        return [custom(event.type, { usage: event.usage, totals: event.totals })]
      case 'model_fallback':
        tally.useModel(event.run_id, event.fallback_model)
        return [custom(event.type, fieldsOf(event))]
      case 'tool_call_output':
      case 'warning':
      case 'agent_switching':
      case 'session_title':
      case 'session_compaction':
      case 'max_iterations_reached':
      case 'budget_exceeded':
        return [custom(event.type, fieldsOf(event))]
      default:
        return null
    }
  }

  function showRoot(event: RuntimeEvent): AgUiFrame[] {
    switch (event.type) {
      case 'user_message':
        return isBegun && !isHeld(event) ? speaker.hear(event) : []
      case 'stream_started':
        isBegun = true
        tally.useModel(event.run_id, event.agent_info.model)
        return []
      case 'plan_updated':
        return [shared.setPlan(event.plan)]
      case 'run_waiting':
        return event.seq <= waitsBefore ? [] : park(event)
      case 'run_resumed':
        forget(({ reason }) => reason === 'confirmation')
        if (event.reason === 'elicitation') forget(({ reason }) => reason === 'input_required')
        return []
      case 'stream_stopped':
        return stop(event)
      default:
        return []
    }
  }

  function showSubAgent(event: RuntimeEvent): AgUiFrame[] {
    const subagentRunId = event.run_id
    const known = subAgents.get(subagentRunId)
    const from = known ?? createSpeaker({ runId: event.run_id, tag: { subagentRunId }, transcript })
    subAgents.set(subagentRunId, from)
    const started: AgUiFrame[] = known
      ? []
      : [{ type: 'SUBAGENT_STARTED', subagentRunId, name: event.agent }]
    if (event.type === 'stream_started') tally.useModel(event.run_id, event.agent_info.model)
    if (event.type === 'stream_stopped') {
      subAgents.delete(subagentRunId)
      return [...started, ...from.closeStep(), endSubAgent(event)]
    }
    return [...started, ...(showSaid(event, from) ?? [])]
  }

  function respond(event: Event<'tool_call_response'>, from: Speaker): AgUiFrame[] {
    const { id, function: called } = event.tool_call
    forget(({ toolCallId }) => toolCallId === id)
    // The client has the result that it gave.
    if (clientCalls.delete(id) && !isJoined && event.state !== 'cancelled') return []
    const isTodos = todoTools.has(called.name) && event.state === 'succeeded'
    const frames = from.respond(event)
    return isTodos ? [...frames, shared.addTodos(event.result.output)] : frames
  }

  function isHeld({ message_id: messageId, message: { content } }: Event<'user_message'>): boolean {
    const index = own.indexOf(content)
    if (index !== -1) own.splice(index, 1)
    return index !== -1 || messages.some((message) => Object(message).id === messageId)
  }

  function keep(interrupt: Interrupt): void {
    interrupts.set(interrupt.id, interrupt)
  }

  function forget(isAnswered: (interrupt: Interrupt) => boolean): void {
    for (const interrupt of [...interrupts.values()]) {
      if (isAnswered(interrupt)) interrupts.delete(interrupt.id)
    }
  }

  function park({ reason, run_id }: Event<'run_waiting'>): AgUiFrame[] {
    if (reason === 'max_iterations' || reason === 'budget') keep(limitInterrupt(run_id, reason))
    const asked = [...interrupts.values()]
    const ended = [...subAgents.entries()].flatMap(([subagentRunId, from]) => [
      ...from.closeStep(),
      { type: 'SUBAGENT_FINISHED', subagentRunId, outcome: { type: 'suspended' } },
    ])
    const outcome = outcomeOf({ interrupts: asked, clientCalls: [...clientCalls] })
    return [...ended, ...finish(outcome)]
  }

  function stop({ reason, run_id }: Event<'stream_stopped'>): AgUiFrame[] {
    const left = [...subAgents.entries()].flatMap(([subagentRunId, from]) => [
      ...from.closeStep(),
      { type: 'SUBAGENT_FINISHED', subagentRunId },
    ])
    if (reason === 'cancelled') return [...left, ...finish({ type: 'cancelled' })]
    if (reason !== 'failed') return [...left, ...finish({ type: 'success' })]
    over = true
    const error = { type: 'RUN_ERROR', ...failureOf(run_id), usage: tally.entries() }
    return [...left, ...speaker.closeStep(), error]
  }

  function endSubAgent({ run_id: subagentRunId, reason }: Event<'stream_stopped'>): AgUiFrame {
    return reason === 'failed'
      ? { type: 'SUBAGENT_ERROR', subagentRunId, ...failureOf(subagentRunId) }
      : { type: 'SUBAGENT_FINISHED', subagentRunId, outcome: { type: 'success' } }
  }

  function failureOf(runId: string): { message: string; code?: string } {
    const { error: message = 'The run failed', code } = failures.get(runId) ?? {}
    return { message, ...(code && { code }) }
  }

  function finish(outcome: object): AgUiFrame[] {
    over = true
    return [...speaker.closeStep(), finished(place, outcome, tally.entries())]
  }

  return {
    opening: encode([started(place), ...(isJoined ? [snapshot(messages)] : [])]),
    isOver: () => over,
    interrupted: () => encode([{ type: 'RUN_ERROR', message: ended, code: 'unavailable' }]),
    show(event) {
      if (over) return ''
      const isRoot = event.session_id === run.session_id
      // Another run of the thread, which this one waits behind.
      if (isRoot ? event.run_id !== run.id : !isBegun) return ''
      const frames = isRoot ? (showSaid(event, speaker) ?? showRoot(event)) : showSubAgent(event)
      return encode(frames, Date.parse(event.timestamp))
    },
  }
}

const ended = 'The server ended the stream: connect to the thread again'

/** A thread as it is, for which nothing more comes: one that is idle, or waits for its client. */
export function toStaticStream(
  place: AgUiPlace,
  { open, messages }: { open: AgUiOpen; messages: unknown[] | null },
): string {
  return encode([
    started(place),
    ...(messages ? [snapshot(messages)] : []),
    finished(place, outcomeOf(open), []),
  ])
}

/** Each frame as a line; the time goes behind its fields, where nothing has to be copied. */
function encode(frames: AgUiFrame[], timestamp?: number): string {
  const end = timestamp === undefined ? '}' : `,"timestamp":${timestamp}}`
  return frames.map((frame) => `data: ${JSON.stringify(frame).slice(0, -1)}${end}\n\n`).join('')
}

function started(place: AgUiPlace): AgUiFrame {
  return { type: 'RUN_STARTED', ...place, protocolVersion: '1.0' }
}

function snapshot(messages: unknown[]): AgUiFrame {
  return { type: 'MESSAGES_SNAPSHOT', messages }
}

function finished(place: AgUiPlace, outcome: object, usage: object[]): AgUiFrame {
  return { type: 'RUN_FINISHED', ...place, outcome, ...(usage.length > 0 && { usage }) }
}

function outcomeOf({ interrupts, clientCalls }: AgUiOpen): object {
  if (interrupts.length > 0) return { type: 'interrupt', interrupts }
  if (clientCalls.length > 0) return { type: 'success', pendingToolCallIds: clientCalls }
  return { type: 'success' }
}

function custom(name: string, value: object): AgUiFrame {
  return { type: 'CUSTOM', name, value }
}

function fieldsOf({ type, seq, seq_from, session_id, run_id, timestamp, ...fields }: RuntimeEvent) {
  return fields
}
