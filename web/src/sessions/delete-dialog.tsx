import type { Session } from 'parley-client'
import { useState } from 'react'
import { Dialog } from '../app/dialog.tsx'
import { useServer } from '../app/server.tsx'
import { navigate } from '../app/use-place.ts'
import { titleOf } from './title.ts'
import { useSessions } from './use-sessions.tsx'

export function DeleteDialog({
  session,
  isCurrent,
  isOpen,
  close,
}: {
  session: Session
  isCurrent: boolean
  isOpen: boolean
  close: () => void
}) {
  const { client, report } = useServer()
  const { reload } = useSessions()
  const [isBusy, setBusy] = useState(false)

  async function remove(): Promise<void> {
    setBusy(true)
    try {
      await client.DELETE('/api/sessions/{session}', { params: { path: { session: session.id } } })
      close()
      if (isCurrent) navigate({ path: '/' }, { replace: true })
      reload()
    } catch (error) {
      report(error)
    }
    setBusy(false)
  }

  return (
    <Dialog title="Delete this conversation?" isOpen={isOpen} close={close}>
      <p className="muted">
        “{titleOf(session)}” goes with its messages and its log. An answer on its way is stopped.
        This cannot be undone.
      </p>
      <div className="actions">
        <button type="button" className="button" onClick={close}>
          Keep
        </button>
        <button
          type="button"
          className="button danger"
          disabled={isBusy}
          onClick={() => void remove()}
        >
          Delete
        </button>
      </div>
    </Dialog>
  )
}
