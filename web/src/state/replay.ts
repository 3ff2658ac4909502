import { applyEvent, type Conversation, emptyConversation, type RuntimeEvent } from 'parley-client'
import { type ChatState, emptyChat } from './chat-state.ts'
import { emptyRecord, type LogRecord, recordEvent } from './log-record.ts'

/** What the page showed when only the first events of a log had come. */
export type Replay = {
  /** After the event with this number; nothing is left out before it. */
  at(seq: number): ChatState
  /** The last event that it knows of. */
  readonly last: number
}

type Step = { readonly count: number; readonly log: Conversation; readonly record: LogRecord }

/** Events between two states that are kept, so that going back does not begin at the first. */
const distance = 250

/** The log of a conversation as it is now, to be shown again. */
export function createReplay({ session, earlier, events }: ChatState): Replay {
  const root = session?.id ?? events[0]?.session_id ?? ''
  const kept: Step[] = [{ count: 0, log: emptyConversation, record: emptyRecord }]
  const older = messagesWithoutEvents({ session, earlier, events })
  let last = kept[0]

  function stepAt(count: number): Step {
    const start = last && last.count <= count ? last : undefined
    let step = nearest(count, start)
    for (const event of events.slice(step.count, count)) {
      step = {
        count: step.count + 1,
        log: applyEvent(step.log, event),
        record: recordEvent(step.record, event, root),
      }
      if (step.count % distance === 0 && step.count > (kept.at(-1)?.count ?? 0)) kept.push(step)
    }
    last = step
    return step
  }

  function nearest(count: number, start: Step | undefined): Step {
    const found = kept.findLast((step) => step.count <= count)
    if (found && (!start || found.count > start.count)) return found
    return start ?? { count: 0, log: emptyConversation, record: emptyRecord }
  }

  return {
    last: events.at(-1)?.seq ?? 0,
    at(seq) {
      const index = events.findIndex((event) => event.seq > seq)
      const { log, record } = stepAt(index === -1 ? events.length : index)
      return {
        ...emptyChat,
        phase: 'ready',
        // Nothing of what the session says now: the log alone tells what happened.
        session: session && {
          ...session,
          title: null,
          status: 'idle',
          last_seq: 0,
          messages: [],
          messages_cursor: null,
          pending_approvals: [],
          pending_elicitations: [],
          pending_tool_calls: [],
        },
        branch: { ...log, messages: [...older, ...branchOf(log, root)] },
        log,
        record,
        events,
        connection: { type: 'live' },
      }
    },
  }
}

/** The events of a run, with those of its sub-agents; of all runs without one. */
export function eventsOfRun(
  events: readonly RuntimeEvent[],
  run: string | undefined,
): readonly RuntimeEvent[] {
  if (run === undefined) return events
  const [first, last] = [
    events.findIndex(({ run_id }) => run_id === run),
    events.findLastIndex(({ run_id }) => run_id === run),
  ]
  return first === -1 ? [] : events.slice(first, last + 1)
}

/** Runs of the session itself, in the order in which they began. */
export function runsOf(events: readonly RuntimeEvent[], root: string): string[] {
  const ids = events.flatMap(({ run_id, session_id }) =>
    session_id === root && run_id ? [run_id] : [],
  )
  return [...new Set(ids)]
}

/** Milliseconds from one event to the next when they are played; a long wait is cut short. */
export function pauseBetween(
  from: Pick<RuntimeEvent, 'timestamp'>,
  to: Pick<RuntimeEvent, 'timestamp'>,
  speed: number,
): number {
  const passed = new Date(to.timestamp).getTime() - new Date(from.timestamp).getTime()
  return Math.min(Math.max(passed, shortestPause), longestPause) / speed
}

const shortestPause = 20
const longestPause = 1000

/** Those that a copy or an import brought along: no event tells of them. */
function messagesWithoutEvents({
  session,
  earlier,
  events,
}: Pick<ChatState, 'session' | 'earlier' | 'events'>): Conversation['messages'] {
  if (!session) return []
  const told = new Set(
    events.flatMap((event) =>
      event.type === 'user_message' || event.type === 'message_added' ? [event.message_id] : [],
    ),
  )
  return [...earlier, ...session.messages]
    .filter(({ id }) => !told.has(id))
    .map((message) => ({ ...message, session_id: session.id }))
}

/** From the newest message back to the first: what was said otherwise is another branch. */
function branchOf({ messages }: Conversation, root: string): Conversation['messages'] {
  const own = messages.filter(({ session_id }) => session_id === root)
  const known = new Map(own.map((message) => [message.id, message]))
  const branch: (typeof own)[number][] = []
  for (let next = own.at(-1); next; next = known.get(next.parent_id ?? '')) branch.unshift(next)
  return branch
}
