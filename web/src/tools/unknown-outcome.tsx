import type { RunRequest } from 'parley-client'
import { useId, useState } from 'react'
import { useChat, useChatState } from '../chat/chat-context.ts'
import { useSend } from '../chat/use-send.ts'
import type { CallView } from '../state/items.ts'
import { unknownOutcomeMessage } from '../state/unknown-outcome.ts'

/**
 * A call that may have run when the server died. The model was told so; what the person knows is
 * given to it as a message, and the same call again has to be approved.
 */
export function UnknownOutcome({ call }: { call: CallView }) {
  const isTold = useChatState((state) => state.decided.has(call.key))
  const [isWriting, setWriting] = useState(false)
  const [result, setResult] = useState('')
  const field = useId()
  const send = useTell()
  if (isTold) return null
  return (
    <div className="decision">
      <p>
        The server stopped while this ran, so it may have happened or not. Look, then say what is to
        be done.
      </p>
      {isWriting && (
        <div className="field">
          <label htmlFor={field}>What it gave</label>
          <textarea
            id={field}
            rows={3}
            value={result}
            onChange={(event) => setResult(event.target.value)}
          />
        </div>
      )}
      <div className="actions start">
        <button type="button" className="button" onClick={() => send(call, { type: 'run_again' })}>
          It did not happen: run it again
        </button>
        {isWriting ? (
          <button
            type="button"
            className="button primary"
            disabled={!result.trim()}
            onClick={() => send(call, { type: 'result', result: result.trim() })}
          >
            Send the result
          </button>
        ) : (
          <button type="button" className="button" onClick={() => setWriting(true)}>
            It happened: give the result
          </button>
        )}
        <button
          type="button"
          className="button quiet"
          onClick={() => send(call, { type: 'failed' })}
        >
          Count it as failed
        </button>
      </div>
    </div>
  )
}

function useTell() {
  const { store, actions } = useChat()
  const session = useChatState((state) => state.session)
  const { send } = useSend(session)
  return (call: CallView, known: Parameters<typeof unknownOutcomeMessage>[1]) => {
    const options: { onBusy?: RunRequest['on_busy'] } =
      store.state().log.status === 'idle' ? {} : { onBusy: 'steer' }
    actions.markDecided(call.key)
    void send(unknownOutcomeMessage(call.tool_call, known), options)
  }
}
