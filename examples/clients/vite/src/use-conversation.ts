import { applyEvent, type Client, emptyConversation, followSession } from 'parley-client'
import { useMemo, useSyncExternalStore } from 'react'

/** What a session says, as it says it; goes on by itself after a lost connection. */
export function useConversation(client: Client, session: string) {
  const store = useMemo(() => createStore(client, session), [client, session])
  return useSyncExternalStore(store.subscribe, () => store.conversation)
}

function createStore(client: Client, session: string) {
  const store = { conversation: emptyConversation, subscribe }

  function subscribe(changed: () => void): () => void {
    const leave = new AbortController()
    follow(changed, leave.signal).catch((failure) => {
      if (!leave.signal.aborted) reportError(failure)
    })
    return () => leave.abort()
  }

  async function follow(changed: () => void, signal: AbortSignal): Promise<void> {
    const after = store.conversation.seq
    for await (const event of followSession(client, { session, after, signal })) {
      store.conversation = applyEvent(store.conversation, event)
      changed()
    }
  }

  return store
}
