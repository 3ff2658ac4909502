import type { EventOf, RuntimeEvent, Usage, WaitReason } from 'parley-client'
import { advanceCalls, type CallRecord } from './call-record.ts'
import { advanceSubAgents, type SubAgent } from './sub-agents.ts'

/** What a log tells beside the messages, by session where sub-agents have sessions of their own. */
export type LogRecord = {
  /** By `callKey`. */
  readonly calls: Readonly<Record<string, CallRecord>>
  /** The answer whose calls are at work, by session. */
  readonly asking: Readonly<Record<string, string>>
  /** By their session. */
  readonly subAgents: Readonly<Record<string, SubAgent>>
  readonly notices: readonly Notice[]
  readonly plan: string | null
  readonly title: { readonly text: string; readonly seq: number } | null
  readonly totals: Usage | null
  readonly context: { readonly length: number; readonly limit: number | null } | null
  readonly waiting: Waiting | null
  /** Of the last run. */
  readonly model: string | null
}

/** A line between messages. */
export type Notice = {
  readonly seq: number
  readonly session_id: string
  /** The message that it follows; undefined at the beginning. */
  readonly after: string | undefined
  readonly kind: 'warning' | 'error' | 'info'
  readonly text: string
}

export type Waiting = {
  readonly reason: WaitReason
  readonly limit: EventOf<'budget_exceeded'> | EventOf<'max_iterations_reached'> | null
}

export const emptyRecord: LogRecord = {
  calls: {},
  asking: {},
  subAgents: {},
  notices: [],
  plan: null,
  title: null,
  totals: null,
  context: null,
  waiting: null,
  model: null,
}

/** The record after one more event of the log of `root`. Pure; parts that it leaves alone stay the same. */
export function recordEvent(record: LogRecord, event: RuntimeEvent, root: string): LogRecord {
  const next = { ...record, ...changesOf(record, event, root) }
  const calls = advanceCalls(next, event)
  return { ...next, calls, subAgents: advanceSubAgents({ ...next, calls }, event, root) }
}

function changesOf(
  record: LogRecord,
  event: RuntimeEvent,
  root: string,
): Partial<LogRecord> | undefined {
  switch (event.type) {
    case 'user_message':
    case 'message_added':
      if (event.message.role === 'tool') return undefined
      return { asking: { ...record.asking, [event.session_id]: event.message_id } }
    case 'stream_started':
      return event.session_id === root
        ? { waiting: null, model: event.agent_info.model }
        : undefined
    case 'token_usage':
      return usageOf(event, root)
    case 'plan_updated':
      return { plan: event.plan }
    case 'session_title':
      return event.session_id === root
        ? { title: { text: event.title, seq: event.seq } }
        : undefined
    case 'run_waiting':
      return { waiting: { reason: event.reason, limit: limitFor(record, event.reason) } }
    case 'budget_exceeded':
    case 'max_iterations_reached':
      return {
        waiting: {
          reason: event.type === 'budget_exceeded' ? 'budget' : 'max_iterations',
          limit: event,
        },
      }
    case 'run_resumed':
      return { waiting: null }
    case 'stream_stopped':
      return { ...(event.session_id === root && { waiting: null }), ...note(record, event) }
    default:
      return note(record, event)
  }
}

/** What was told before the run parked, where it is the reason. */
function limitFor({ waiting }: LogRecord, reason: WaitReason): Waiting['limit'] {
  return waiting?.reason === reason ? waiting.limit : null
}

function usageOf(
  { usage, totals, session_id }: EventOf<'token_usage'>,
  root: string,
): Partial<LogRecord> | undefined {
  // A sub-agent's totals are of its own session; what it costs comes with the parent's next ones.
  if (session_id !== root) return undefined
  return {
    totals,
    context: { length: usage.context_length, limit: usage.context_limit },
  }
}

function note(record: LogRecord, event: RuntimeEvent): Partial<LogRecord> | undefined {
  const said = noticeOf(event)
  if (!said) return undefined
  const { seq, session_id } = event
  const notice = { seq, session_id, after: record.asking[session_id], ...said }
  return { notices: [...record.notices, notice] }
}

function noticeOf(event: RuntimeEvent): Pick<Notice, 'kind' | 'text'> | undefined {
  switch (event.type) {
    case 'warning':
      return { kind: 'warning', text: event.message }
    case 'error':
      return { kind: 'error', text: event.error }
    case 'model_fallback':
      return {
        kind: 'info',
        text: `${event.failed_model} did not answer (${event.reason}); ${event.fallback_model} goes on.`,
      }
    case 'session_compaction':
      return compactionOf(event)
    case 'stream_stopped':
      return endingOf(event)
    default:
      return undefined
  }
}

function compactionOf({
  status,
}: EventOf<'session_compaction'>): Pick<Notice, 'kind' | 'text'> | undefined {
  if (status === 'started') return undefined
  return status === 'completed'
    ? { kind: 'info', text: 'Older messages were summarised for the model; all of them stay here.' }
    : { kind: 'warning', text: 'Older messages could not be summarised.' }
}

function endingOf({
  reason,
}: EventOf<'stream_stopped'>): Pick<Notice, 'kind' | 'text'> | undefined {
  if (reason === 'cancelled') return { kind: 'info', text: 'Stopped.' }
  if (reason !== 'max_iterations') return undefined
  return { kind: 'info', text: 'Ended at the limit of steps.' }
}
