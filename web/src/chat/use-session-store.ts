import { useEffect, useState } from 'react'
import { useServer } from '../app/server.tsx'
import { openSessionStore, type SessionStore } from './session-store.ts'

/** The store of a session while the page shows it; undefined before the first paint. */
export function useSessionStore(sessionId: string): SessionStore | undefined {
  const { client, report } = useServer()
  const [store, setStore] = useState<SessionStore>()
  // biome-ignore lint/correctness/useExhaustiveDependencies: report is another function each time
  useEffect(() => {
    const opened = openSessionStore({ client, sessionId, report })
    setStore(opened)
    return () => opened.close()
  }, [client, sessionId])
  return store
}
