import { useId, useState } from 'react'
import { useAgents } from '../app/agents.tsx'
import { Dialog } from '../app/dialog.tsx'
import { describeFailure } from '../app/problems.ts'
import { useServer } from '../app/server.tsx'
import { navigate } from '../app/use-place.ts'
import { once } from '../chat/request-headers.ts'
import { agentPath } from './agent-path.ts'

/** A copy may be changed, whatever it is a copy of. */
export function DuplicateDialog({
  name,
  isOpen,
  close,
}: {
  name: string
  isOpen: boolean
  close: () => void
}) {
  const { client } = useServer()
  const { reload } = useAgents()
  const [newName, setNewName] = useState(`${name}-copy`)
  const [isBusy, setBusy] = useState(false)
  const [fault, setFault] = useState('')
  const field = useId()

  async function duplicate(): Promise<void> {
    setBusy(true)
    setFault('')
    try {
      await client.POST('/api/agents/{agent}/duplicate', {
        params: { path: { agent: name }, header: once() },
        body: { new_name: newName.trim() },
      })
      close()
      await reload()
      navigate({ path: agentPath(newName.trim()) })
    } catch (error) {
      setFault(describeFailure(error))
    }
    setBusy(false)
  }

  return (
    <Dialog title={`Duplicate ${name}`} isOpen={isOpen} close={close}>
      <form
        className="stack"
        onSubmit={(event) => {
          event.preventDefault()
          void duplicate()
        }}
      >
        <div className="field">
          <label htmlFor={field}>Name of the copy</label>
          <input
            id={field}
            value={newName}
            spellCheck={false}
            autoComplete="off"
            aria-describedby={`${field}-fault`}
            onChange={(event) => setNewName(event.target.value)}
          />
          <p className="fault" id={`${field}-fault`} role="status">
            {fault}
          </p>
        </div>
        <div className="actions">
          <button type="submit" className="button primary" disabled={isBusy || !newName.trim()}>
            Duplicate
          </button>
        </div>
      </form>
    </Dialog>
  )
}
