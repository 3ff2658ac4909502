import { useState } from 'react'
import { useAgents } from '../app/agents.tsx'
import { Dialog } from '../app/dialog.tsx'
import { describeFailure } from '../app/problems.ts'
import { useServer } from '../app/server.tsx'
import { navigate } from '../app/use-place.ts'

export function DeleteAgentDialog({
  name,
  etag,
  isOpen,
  close,
}: {
  name: string
  etag: string
  isOpen: boolean
  close: () => void
}) {
  const { client } = useServer()
  const { reload } = useAgents()
  const [isBusy, setBusy] = useState(false)
  const [fault, setFault] = useState('')

  async function remove(): Promise<void> {
    setBusy(true)
    setFault('')
    try {
      await client.DELETE('/api/agents/{agent}', {
        params: { path: { agent: name }, header: { 'if-match': etag } },
      })
      close()
      navigate({ path: '/agents' }, { replace: true })
      await reload()
    } catch (error) {
      setFault(describeFailure(error))
    }
    setBusy(false)
  }

  return (
    <Dialog title={`Delete ${name}?`} isOpen={isOpen} close={close}>
      <p className="muted">
        Its conversations stay readable, and answers on their way go on to their end.
      </p>
      <p className="fault" role="status">
        {fault}
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
