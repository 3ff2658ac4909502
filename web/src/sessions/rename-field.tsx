import type { Session } from 'parley-client'
import { useEffect, useRef, useState } from 'react'
import { useServer } from '../app/server.tsx'
import { useSessions } from './use-sessions.tsx'

/** Enter and leaving the field keep the title, Escape does not. */
export function RenameField({
  session,
  close,
}: {
  session: Pick<Session, 'id' | 'title'>
  close: () => void
}) {
  const { client, report } = useServer()
  const { reload } = useSessions()
  const [title, setTitle] = useState(session.title ?? '')
  const field = useRef<HTMLInputElement>(null)
  const isOver = useRef(false)
  useEffect(() => field.current?.select(), [])

  async function keep(): Promise<void> {
    if (isOver.current) return
    isOver.current = true
    const wanted = title.trim()
    try {
      if (wanted && wanted !== session.title) {
        const params = { path: { session: session.id } }
        await client.PATCH('/api/sessions/{session}/title', { params, body: { title: wanted } })
        reload()
      }
    } catch (error) {
      report(error)
    }
    close()
  }

  return (
    <input
      ref={field}
      className="rename"
      aria-label="Title"
      maxLength={500}
      value={title}
      onChange={(event) => setTitle(event.target.value)}
      onBlur={() => void keep()}
      onKeyDown={(event) => {
        if (event.nativeEvent.isComposing) return
        if (event.key === 'Enter') void keep()
        if (event.key !== 'Escape') return
        event.preventDefault()
        isOver.current = true
        close()
      }}
    />
  )
}
