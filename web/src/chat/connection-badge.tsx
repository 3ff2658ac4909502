import { useEffect, useState } from 'react'
import { describeFailure } from '../app/problems.ts'
import type { ConnectionState } from '../state/chat-state.ts'

/** Whether what is shown is what is: nothing is said while it is. */
export function ConnectionBadge({ connection }: { connection: ConnectionState }) {
  const isOnline = useOnline()
  const { kind, text, title } = describe(connection, isOnline)
  return (
    <span className="connection" role="status" data-kind={kind} title={title}>
      {text && <span className="connection-dot" />}
      {text}
    </span>
  )
}

function describe(
  connection: ConnectionState,
  isOnline: boolean,
): { kind: string; text: string; title?: string } {
  if (connection.type === 'broken') {
    const title = describeFailure(connection.cause)
    return { kind: 'broken', text: 'Not connected', title }
  }
  if (!isOnline && connection.type !== 'live') return { kind: 'broken', text: 'Offline' }
  switch (connection.type) {
    case 'live':
      return { kind: 'live', text: '' }
    case 'connecting':
      return { kind: 'connecting', text: '' }
    case 'waiting':
      return { kind: 'waiting', text: 'Reconnecting…' }
  }
}

function useOnline(): boolean {
  const [isOnline, setOnline] = useState(navigator.onLine)
  useEffect(() => {
    const look = () => setOnline(navigator.onLine)
    window.addEventListener('online', look)
    window.addEventListener('offline', look)
    return () => {
      window.removeEventListener('online', look)
      window.removeEventListener('offline', look)
    }
  }, [])
  return isOnline
}
