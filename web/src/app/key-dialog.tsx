import { useId, useState } from 'react'
import { Dialog } from './dialog.tsx'
import { useServer } from './server.tsx'

/** Asks for a key when the server wants one. */
export function KeyDialog() {
  const { asksForKey, askForKey, hasKey, takeKey } = useServer()
  const [key, setKey] = useState('')
  const field = useId()
  return (
    <Dialog title="Who is calling?" isOpen={asksForKey} close={() => askForKey(false)}>
      <form
        className="stack"
        onSubmit={(event) => {
          event.preventDefault()
          if (key.trim()) takeKey(key.trim())
        }}
      >
        <p className="muted">
          {hasKey
            ? 'Another key takes the place of the one in use, which may be revoked or expired.'
            : 'This server answers only to callers with a key.'}{' '}
          It is kept in this tab and forgotten when the tab closes.
        </p>
        <div className="field">
          <label htmlFor={field}>API key</label>
          <input
            id={field}
            type="password"
            autoComplete="off"
            spellCheck={false}
            value={key}
            onChange={(event) => setKey(event.target.value)}
          />
        </div>
        <div className="actions">
          {hasKey && (
            <button type="button" className="button" onClick={() => takeKey('')}>
              Forget the key
            </button>
          )}
          <button type="submit" className="button primary" disabled={!key.trim()}>
            Continue
          </button>
        </div>
      </form>
    </Dialog>
  )
}
