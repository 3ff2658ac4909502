import {
  applyEvent,
  type Conversation,
  emptyConversation,
  type ListedMessage,
  type Message,
  type RuntimeEvent,
  type SessionDetail,
} from 'parley-client'
import { emptyRecord, type LogRecord, recordEvent } from './log-record.ts'

/** All that the page of a conversation shows. */
export type ChatState = {
  readonly phase: 'loading' | 'ready' | 'failed'
  /** Why there is nothing to show. */
  readonly failure: unknown
  readonly session: SessionDetail | null
  /** Older messages of the same branch, which were asked for. */
  readonly earlier: readonly ListedMessage[]
  readonly earlierCursor: string | null
  /** The active branch as it was loaded, and what has come since. */
  readonly branch: Conversation
  /** What the whole log amounts to: answers on their way, questions, sub-agents' messages. */
  readonly log: Conversation
  readonly record: LogRecord
  readonly events: readonly RuntimeEvent[]
  /** Messages that were posted and have not come back in the log yet. */
  readonly posted: readonly Posted[]
  /** Approvals and questions that were decided here; the log tells it when the run goes on. */
  readonly decided: ReadonlySet<string>
  readonly connection: ConnectionState
}

export type Posted = {
  readonly key: string
  readonly content: string
  /** The last event when it was posted. */
  readonly seq: number
  readonly failure?: string
}

export type ConnectionState =
  | { readonly type: 'connecting' }
  | { readonly type: 'live' }
  | { readonly type: 'waiting'; readonly attempt: number }
  | { readonly type: 'broken'; readonly cause: unknown }

export type ChatAction =
  | { type: 'loaded'; session: SessionDetail }
  | { type: 'load_failed'; failure: unknown }
  /** It was deleted, here or elsewhere. */
  | { type: 'gone'; failure: unknown }
  | { type: 'earlier_loaded'; messages: readonly ListedMessage[]; cursor: string | null }
  | { type: 'received'; events: readonly RuntimeEvent[] }
  /** The log does not go on where it was left: it is read anew. */
  | { type: 'log_restarted' }
  | { type: 'connection'; connection: ConnectionState }
  | { type: 'posted'; posted: Pick<Posted, 'key' | 'content'> }
  | { type: 'post_failed'; key: string; failure: string }
  | { type: 'post_dropped'; key: string }
  | { type: 'decided'; id: string }
  | { type: 'undecided'; id: string }
  /** What follows this message is about to be said anew. */
  | { type: 'branching'; after: string | null }

export const emptyChat: ChatState = {
  phase: 'loading',
  failure: null,
  session: null,
  earlier: [],
  earlierCursor: null,
  branch: emptyConversation,
  log: emptyConversation,
  record: emptyRecord,
  events: [],
  posted: [],
  decided: new Set(),
  connection: { type: 'connecting' },
}

/** The state after an action. Pure. */
export function reduceChat(state: ChatState, action: ChatAction): ChatState {
  switch (action.type) {
    case 'loaded':
      return load(state, action.session)
    case 'load_failed':
      return state.session ? state : { ...state, phase: 'failed', failure: action.failure }
    case 'gone':
      return { ...state, phase: 'failed', failure: action.failure }
    case 'earlier_loaded':
      return {
        ...state,
        earlier: [...action.messages, ...state.earlier],
        earlierCursor: action.cursor,
      }
    case 'received':
      return receive(state, action.events)
    case 'log_restarted':
      return { ...state, log: emptyConversation, record: emptyRecord, events: [] }
    case 'connection':
      return { ...state, connection: action.connection }
    case 'posted':
      return { ...state, posted: [...state.posted, { ...action.posted, seq: state.log.seq }] }
    case 'post_failed':
      return {
        ...state,
        posted: state.posted.map((posted) =>
          posted.key === action.key ? { ...posted, failure: action.failure } : posted,
        ),
      }
    case 'post_dropped':
      return { ...state, posted: state.posted.filter(({ key }) => key !== action.key) }
    case 'decided':
      return { ...state, decided: new Set([...state.decided, action.id]) }
    case 'undecided':
      return { ...state, decided: new Set([...state.decided].filter((id) => id !== action.id)) }
    case 'branching':
      return { ...state, branch: cutAfter(state.branch, action.after) }
  }
}

/** The messages of the active branch that are here, oldest first. */
export function messagesOf({ session, earlier, branch }: ChatState): Message[] {
  const own = branch.messages.filter(({ session_id }) => session_id === session?.id)
  return [...earlier, ...own]
}

/** The title that came last: with the session, or in its log since. */
export function currentTitle({ session, record }: ChatState): string | null {
  const isNewer = record.title !== null && record.title.seq > (session?.last_seq ?? 0)
  return isNewer ? (record.title?.text ?? null) : (session?.title ?? null)
}

/** Whether the log has been read as far as it went when the session was loaded. */
export function hasCaughtUp({ session, log }: ChatState): boolean {
  return session !== null && log.seq >= session.last_seq
}

/** What happens now; until the log has been read, what the session said when it was loaded. */
export function statusOf(state: ChatState): 'idle' | 'queued' | 'running' | 'waiting' {
  if (!state.session) return 'idle'
  if (!hasCaughtUp(state)) return state.session.status
  const { status } = state.log
  return status === 'idle' && state.session.status === 'queued' ? 'queued' : status
}

function load(state: ChatState, session: SessionDetail): ChatState {
  const seed: Conversation = {
    ...emptyConversation,
    seq: session.last_seq,
    messages: session.messages.map((message) => ({ ...message, session_id: session.id })),
  }
  const earlier = earlierThan(state, session)
  return {
    ...state,
    phase: 'ready',
    session,
    earlier: earlier ?? [],
    earlierCursor: earlier ? state.earlierCursor : session.messages_cursor,
    branch: state.events.reduce(applyEvent, seed),
  }
}

/**
 * What is known of the branch before the messages that come with the session, which are the newest
 * only; undefined when they follow nothing that is known.
 */
function earlierThan(state: ChatState, session: SessionDetail): ListedMessage[] | undefined {
  const [first] = session.messages
  const known = [...state.earlier, ...(state.session?.messages ?? [])]
  const index = known.findIndex(({ id }) => id === first?.id)
  if (index !== -1) return known.slice(0, index)
  const parent = known.findIndex(({ id }) => id === first?.parent_id)
  return parent === -1 ? undefined : known.slice(0, parent + 1)
}

function receive(state: ChatState, events: readonly RuntimeEvent[]): ChatState {
  const [first] = events
  if (!first) return state
  const root = state.session?.id ?? first.session_id
  return {
    ...state,
    events: [...state.events, ...events],
    branch: state.session ? events.reduce(applyEvent, state.branch) : state.branch,
    log: events.reduce(applyEvent, state.log),
    record: events.reduce((record, event) => recordEvent(record, event, root), state.record),
    posted: events.reduce(withoutPosted, state.posted),
  }
}

/** A message that came back; the oldest of equal ones is meant. */
function withoutPosted(posted: readonly Posted[], event: RuntimeEvent): readonly Posted[] {
  if (event.type !== 'user_message' || posted.length === 0) return posted
  const index = posted.findIndex(
    ({ content, seq }) => content === event.message.content && seq < event.seq,
  )
  return index === -1 ? posted : posted.toSpliced(index, 1)
}

function cutAfter(branch: Conversation, after: string | null): Conversation {
  const index = branch.messages.findIndex(({ id }) => id === after)
  if (after !== null && index === -1) return branch
  return { ...branch, messages: branch.messages.slice(0, index + 1) }
}
