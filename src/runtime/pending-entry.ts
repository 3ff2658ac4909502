import type { EventBody } from '#contract/event.ts'
import { addUsage } from '#contract/usage.ts'
import type { LogEntry, NewEvent, SessionSettings } from '#store/log.ts'

/** Whom an event is about. */
export type Subject = { sessionId: string; runId: string; agent: string }

/** A change of state, with the events that tell of it; everything commits together or not at all. */
export type Change = Partial<Omit<LogEntry, 'sessionId' | 'token' | 'events'>> & {
  events: { subject: Subject; body: EventBody }[]
}

export type CommitResult = {
  /** The seq of the change's first and last event. */
  firstSeq: number
  lastSeq: number
  settings: SessionSettings
}

/** `head` is the last seq that this writer committed. */
export type Log = { sessionId: string; token: number | null; head: number }

export type Waiter = {
  from: number
  to: number
  resolve(result: CommitResult): void
  reject(error: unknown): void
}

/** An event before it is encoded. */
export type PendingEvent = { subject: Subject; body: EventBody }

/** What one session's writers have handed over since the last commit. */
export type PendingEntry = Omit<LogEntry, 'events' | 'sessionId' | 'token'> & {
  log: Log
  events: PendingEvent[]
  waiters: Waiter[]
  /** Whether the next delta may be joined with the last one. */
  mergeable: boolean
}

export function emptyEntry(log: Log): PendingEntry {
  return {
    log,
    events: [],
    calls: [],
    runs: [],
    begun: [],
    spent: [],
    sessions: [],
    subRuns: [],
    approvals: [],
    elicitations: [],
    contexts: [],
    consumed: [],
    expired: [],
    closed: [],
    taken: [],
    waiters: [],
    mergeable: false,
  }
}

/** Answers about how many bytes the event adds. */
export function addEvent(entry: PendingEntry, subject: Subject, body: EventBody): number {
  const last = entry.mergeable ? entry.events.at(-1) : undefined
  entry.mergeable = true
  if (last && mergeDelta(last, subject, body)) return sizeOf(body)
  entry.events.push({ subject, body })
  return sizeOf(body) + 100
}

/** Characters after which a delta is joined no more: each slow reader holds a frame in memory. */
const longestDelta = 64 * 1024

/** Consecutive deltas of the same part become one row. The event is ours alone until it is written. */
function mergeDelta(last: PendingEvent, subject: Subject, body: EventBody): boolean {
  const { body: target } = last
  if (target.type !== body.type || last.subject.runId !== subject.runId) return false
  if (sizeOf(target) > longestDelta) return false
  if (target.type === 'partial_tool_call' && body.type === 'partial_tool_call') {
    if (target.tool_call_id !== body.tool_call_id) return false
    target.arguments_delta += body.arguments_delta
    return true
  }
  const isText = body.type === 'agent_choice' || body.type === 'agent_choice_reasoning'
  const wasText = target.type === 'agent_choice' || target.type === 'agent_choice_reasoning'
  if (!isText || !wasText || target.part !== body.part) return false
  target.content += body.content
  return true
}

function sizeOf(body: EventBody): number {
  if (body.type === 'partial_tool_call') return body.arguments_delta.length
  return 'content' in body ? body.content.length : 0
}

export function addChange(entry: PendingEntry, change: Change): void {
  entry.calls = keepLast([...entry.calls, ...(change.calls ?? [])])
  entry.runs = keepLast([...entry.runs, ...(change.runs ?? [])])
  addSpending(entry, change)
  entry.sessions.push(...(change.sessions ?? []))
  entry.subRuns.push(...(change.subRuns ?? []))
  entry.approvals.push(...(change.approvals ?? []))
  entry.elicitations.push(...(change.elicitations ?? []))
  entry.contexts.push(...(change.contexts ?? []))
  entry.consumed.push(...(change.consumed ?? []))
  entry.expired.push(...(change.expired ?? []))
  entry.closed.push(...(change.closed ?? []))
  entry.begun.push(...(change.begun ?? []))
  entry.taken.push(...(change.taken ?? []))
}

/** A run stands in `runs` or in `spent`, with what it had spent by the later change. */
function addSpending(entry: PendingEntry, { runs = [], spent = [] }: Change): void {
  const whole = new Set(runs.map((run) => run.id))
  const later = new Map(spent.filter(({ id }) => !whole.has(id)).map((row) => [row.id, row]))
  entry.runs = entry.runs.map((run) => ({ ...run, ...later.get(run.id) }))
  const written = new Set(entry.runs.map((run) => run.id))
  const others = [...entry.spent, ...later.values()].filter(({ id }) => !written.has(id))
  entry.spent = keepLast(others)
}

/** A statement can write a row once; the later state stands for both. */
function keepLast<Row extends { id: string }>(rows: Row[]): Row[] {
  return [...new Map(rows.map((row) => [row.id, row])).values()]
}

export function toLogEntry({ waiters, mergeable, log, events, ...entry }: PendingEntry): LogEntry {
  return {
    ...entry,
    sessionId: log.sessionId,
    token: log.token,
    events: events.map(toNewEvent),
    sessions: sumBySession(entry.sessions),
  }
}

export function toNewEvent({ subject, body }: PendingEvent): NewEvent {
  const { runId, sessionId, agent } = subject
  const event = { runId, sessionId, agent, type: body.type }
  if (body.type !== 'user_message' && body.type !== 'message_added') {
    const { type, ...data } = body
    return { ...event, data: JSON.stringify(data) }
  }
  // The order of the two is the one that the store puts them together in.
  const { message_id, message } = body
  const text = JSON.stringify(message)
  const fields = `{"message_id":${JSON.stringify(message_id)},"message":${text}}`
  return { ...event, data: fields, message: { message, body: text } }
}

function sumBySession(changes: LogEntry['sessions']): LogEntry['sessions'] {
  const sums = new Map<string, LogEntry['sessions'][number]>()
  for (const change of changes) {
    const sum = sums.get(change.id)
    sums.set(change.id, sum ? addSessionChange(sum, change) : change)
  }
  return [...sums.values()]
}

function addSessionChange(
  a: LogEntry['sessions'][number],
  b: LogEntry['sessions'][number],
): LogEntry['sessions'][number] {
  return {
    id: a.id,
    usage: addUsage(a.usage, b.usage),
    ...((b.picked ?? a.picked) ? { picked: b.picked ?? a.picked } : {}),
    agentName: b.agentName ?? a.agentName,
    title: a.title ?? b.title,
    ...withLatest(a, b),
  }
}

/** What is set, not added: the later one stands. */
function withLatest(
  a: LogEntry['sessions'][number],
  b: LogEntry['sessions'][number],
): Pick<LogEntry['sessions'][number], 'picked' | 'summary'> {
  const picked = b.picked ?? a.picked
  const summary = b.summary ?? a.summary
  return { ...(picked ? { picked } : {}), ...(summary ? { summary } : {}) }
}
