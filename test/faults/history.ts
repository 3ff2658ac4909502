/** What the clients of a trial asked, were told and saw, in the order in which it happened. */
export type History = {
  entries: HistoryEntry[]
  add(entry: NewEntry): void
  /** A number that nothing else in the history has. */
  nextId(): number
}

/** `at` is in milliseconds since the trial began. */
export type HistoryEntry = NewEntry & { at: number }

type NewEntry =
  | { kind: 'asked'; request: number; instance: string; act: Act }
  | { kind: 'answered'; request: number; status: number; body: unknown }
  /** No answer came: the connection broke or the client lost its patience. */
  | { kind: 'unanswered'; request: number; reason: string }
  | { kind: 'connected'; stream: number; instance: string; session: string; after: number }
  | { kind: 'frame'; stream: number; seq: number; data: string }
  | { kind: 'disconnected'; stream: number; reason: string }
  | { kind: 'fault'; name: string }

/** What a request is about; `key` is its Idempotency-Key. */
export type Act =
  | { type: 'create'; session: string; key: string }
  | { type: 'post'; session: string; message: string; key: string }
  | {
      type: 'decide'
      session: string
      approval: string
      decision: 'approve' | 'reject'
      key?: string
    }
  | { type: 'cancel'; session: string; run: string; key?: string }
  | { type: 'read'; path: string }

export function createHistory(now: () => number = () => performance.now()): History {
  const began = now()
  const entries: HistoryEntry[] = []
  let last = 0
  return {
    entries,
    add: (entry) => void entries.push({ ...entry, at: now() - began }),
    nextId() {
      last += 1
      return last
    },
  }
}

/** A request with what became of it. */
export type Exchange = {
  request: number
  instance: string
  act: Act
  asked: number
  milliseconds: number | null
  /** null: nothing is known of it. */
  status: number | null
  body: unknown
}

/** The requests in the order in which they were asked. */
export function exchangesOf({ entries }: Pick<History, 'entries'>): Exchange[] {
  const exchanges = new Map<number, Exchange>()
  for (const entry of entries) {
    if (entry.kind === 'asked') {
      const { request, instance, act, at } = entry
      const open = { milliseconds: null, status: null, body: null }
      exchanges.set(request, { request, instance, act, asked: at, ...open })
    }
    if (entry.kind !== 'answered' && entry.kind !== 'unanswered') continue
    const exchange = exchanges.get(entry.request)
    if (!exchange) throw new Error(`Request ${entry.request} was answered before it was asked`)
    exchange.milliseconds = entry.at - exchange.asked
    if (entry.kind === 'answered')
      Object.assign(exchange, { status: entry.status, body: entry.body })
  }
  return [...exchanges.values()]
}

export type SeenStream = {
  stream: number
  instance: string
  session: string
  after: number
  frames: { seq: number; data: string; at: number }[]
}

/** The connections with the frames that each brought. */
export function streamsOf({ entries }: Pick<History, 'entries'>): SeenStream[] {
  const streams = new Map<number, SeenStream>()
  for (const entry of entries) {
    if (entry.kind === 'connected') {
      const { stream, instance, session, after } = entry
      streams.set(stream, { stream, instance, session, after, frames: [] })
    }
    if (entry.kind !== 'frame') continue
    const { seq, data, at } = entry
    streams.get(entry.stream)?.frames.push({ seq, data, at })
  }
  return [...streams.values()]
}

/** Whether a request was answered with success. */
export function isAcknowledged({ status }: Exchange): boolean {
  return status !== null && status >= 200 && status < 300
}
