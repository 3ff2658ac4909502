import { useId, useState } from 'react'
import { useChat } from '../chat/chat-context.ts'
import type { CallView } from '../state/items.ts'

/** A tool that the caller runs: here the person is the caller. */
export function ClientToolForm({ call }: { call: CallView }) {
  const { actions, attempt } = useChat()
  const [output, setOutput] = useState('')
  const field = useId()
  const submit = (is_error: boolean) =>
    void attempt(() =>
      actions.submitToolResult(call.key, { tool_call_id: call.tool_call.id, output, is_error }),
    )
  return (
    <div className="decision">
      <p className="muted small">
        The program that started this run has the tool. It can answer, or you can in its place.
      </p>
      <div className="field">
        <label htmlFor={field}>Result</label>
        <textarea
          id={field}
          rows={3}
          value={output}
          onChange={(event) => setOutput(event.target.value)}
        />
      </div>
      <div className="actions start">
        <button type="button" className="button primary" onClick={() => submit(false)}>
          Send the result
        </button>
        <button type="button" className="button quiet" onClick={() => submit(true)}>
          Send as a failure
        </button>
      </div>
    </div>
  )
}
