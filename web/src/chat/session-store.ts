import { ApiError, type Client, followSession, type RuntimeEvent } from 'parley-client'
import { isNotFound, isUnauthorized } from '../app/problems.ts'
import { type ChatAction, type ChatState, emptyChat, reduceChat } from '../state/chat-state.ts'
import { createInbox } from './inbox.ts'

/** A conversation as it is on the server, kept up to date. */
export type SessionStore = {
  state(): ChatState
  subscribe(listener: () => void): () => void
  dispatch(action: ChatAction): void
  /** Reads the session again: branches, titles and totals are not in the log. */
  refresh(): Promise<void>
  loadEarlier(): Promise<void>
  close(): void
}

/**
 * Reads the session and its log from the oldest event, and follows it until it is closed. `report`
 * gets what the person has to know.
 */
export function openSessionStore({
  client,
  sessionId,
  report,
}: {
  client: Client
  sessionId: string
  report: (error: unknown) => void
}): SessionStore {
  const closing = new AbortController()
  const listeners = new Set<() => void>()
  let state = emptyChat
  let reading: Promise<void> | undefined
  let following = new AbortController()

  function dispatch(action: ChatAction): void {
    state = reduceChat(state, action)
    for (const listener of listeners) listener()
  }

  const inbox = createInbox((events) => {
    dispatch({ type: 'received', events })
    if (events.some((event) => changesSession(event, state))) void refresh()
  })

  async function read(): Promise<void> {
    const params = { path: { session: sessionId } }
    try {
      const { data } = await client.GET('/api/sessions/{session}', {
        params,
        signal: closing.signal,
      })
      dispatch({ type: 'loaded', session: data })
    } catch (error) {
      if (closing.signal.aborted) return
      dispatch({ type: isNotFound(error) ? 'gone' : 'load_failed', failure: error })
      if (isUnauthorized(error)) report(error)
    }
  }

  /** One at a time: whoever asks meanwhile gets one more after it. */
  async function refresh(): Promise<void> {
    await reading
    reading ??= read().finally(() => {
      reading = undefined
    })
    return reading
  }

  async function follow(): Promise<void> {
    following.abort()
    following = new AbortController()
    const { signal } = following
    try {
      const position = inbox.position()
      const events = followSession(client, {
        session: sessionId,
        after: position === 0 ? undefined : position,
        signal: AbortSignal.any([signal, closing.signal]),
        onOpen: greet,
        onReconnect: ({ attempt }) =>
          dispatch({ type: 'connection', connection: { type: 'waiting', attempt } }),
      })
      for await (const event of events) inbox.put(event)
    } catch (cause) {
      if (signal.aborted || closing.signal.aborted) return
      if (isOutOfLog(cause) && inbox.position() > 0) return restart()
      dispatch({ type: 'connection', connection: { type: 'broken', cause } })
      if (isNotFound(cause)) dispatch({ type: 'gone', failure: cause })
      if (isUnauthorized(cause)) report(cause)
    }
  }

  /** Whatever was missed that is not in the log is read too. */
  function greet(): void {
    const wasAway = state.connection.type !== 'connecting' || state.phase === 'failed'
    dispatch({ type: 'connection', connection: { type: 'live' } })
    if (wasAway) void refresh()
  }

  async function restart(): Promise<void> {
    inbox.clear()
    dispatch({ type: 'log_restarted' })
    await refresh()
    await follow()
  }

  async function loadEarlier(): Promise<void> {
    const { earlierCursor: cursor } = state
    if (cursor === null) return
    try {
      const { data } = await client.GET('/api/sessions/{session}/messages', {
        params: { path: { session: sessionId }, query: { order: 'desc', cursor, limit: 100 } },
        signal: closing.signal,
      })
      if (state.earlierCursor !== cursor) return
      const messages = data.data.toReversed()
      dispatch({ type: 'earlier_loaded', messages, cursor: data.next_cursor })
    } catch (error) {
      if (!closing.signal.aborted) report(error)
    }
  }

  /** The browser knows sooner than the next try that the network is there again. */
  const onOnline = () => void follow()
  /** What other tabs have done to the branches is not in the log. */
  const onVisible = () => {
    if (document.visibilityState === 'visible') void refresh()
  }
  window.addEventListener('online', onOnline)
  document.addEventListener('visibilitychange', onVisible)
  void refresh()
  void follow()

  return {
    state: () => state,
    subscribe(listener) {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    dispatch,
    refresh,
    loadEarlier,
    close() {
      closing.abort()
      inbox.close()
      listeners.clear()
      window.removeEventListener('online', onOnline)
      document.removeEventListener('visibilitychange', onVisible)
    },
  }
}

/** Older than what is kept, or from before the server's data were put back. */
function isOutOfLog(error: unknown): boolean {
  return error instanceof ApiError && (error.status === 410 || error.status === 400)
}

/** After these the session itself is another one: who is a sibling of whom, totals, the title. */
function changesSession(event: RuntimeEvent, { session }: ChatState): boolean {
  if (session && (event.session_id !== session.id || event.seq <= session.last_seq)) return false
  return event.type === 'stream_started' || event.type === 'stream_stopped'
}
