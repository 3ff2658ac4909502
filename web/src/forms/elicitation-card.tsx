import type { EventOf } from 'parley-client'
import { useMemo, useState } from 'react'
import { useChat } from '../chat/chat-context.ts'
import { type FieldValue, fieldsOf, readForm } from '../state/schema-form.ts'
import { SchemaFields } from './schema-form.tsx'

/** A question of a tool or the agent: a form, or an address to go to. */
export function ElicitationCard({ elicitation }: { elicitation: EventOf<'elicitation_request'> }) {
  const { actions, attempt } = useChat()
  const { elicitation_id: id, message, mode, schema, url } = elicitation
  const fields = useMemo(() => fieldsOf(schema), [schema])
  const [values, setValues] = useState<Record<string, FieldValue>>({})
  const [faults, setFaults] = useState<Record<string, string>>({})

  function accept(): void {
    if (mode === 'url') return void attempt(() => actions.answer(id, { action: 'accept' }))
    const read = readForm(fields, values)
    setFaults(read.faults)
    if (Object.keys(read.faults).length > 0) return
    void attempt(() => actions.answer(id, { action: 'accept', content: read.content }))
  }

  return (
    <section className="card decision-card" aria-label="A question for you">
      <form
        className="stack"
        noValidate
        onSubmit={(event) => {
          event.preventDefault()
          accept()
        }}
      >
        <h2>{message}</h2>
        {mode === 'url' && url ? (
          <SafeLink url={url} />
        ) : (
          <SchemaFields
            fields={fields}
            values={values}
            faults={faults}
            change={(name, value) => {
              setValues({ ...values, [name]: value })
              setFaults(({ [name]: _, ...others }) => others)
            }}
          />
        )}
        <div className="actions start">
          <button type="submit" className="button primary">
            {mode === 'url' ? 'I have done it' : 'Answer'}
          </button>
          <button
            type="button"
            className="button"
            onClick={() => void attempt(() => actions.answer(id, { action: 'decline' }))}
          >
            Decline
          </button>
          <button
            type="button"
            className="button quiet"
            onClick={() => void attempt(() => actions.answer(id, { action: 'cancel' }))}
          >
            Cancel
          </button>
        </div>
      </form>
    </section>
  )
}

/** A tool may be anybody's: what is no web address is shown and leads nowhere. */
function SafeLink({ url }: { url: string }) {
  if (!/^https?:\/\//i.test(url)) return <p className="mono">{url}</p>
  return (
    <p>
      <a href={url} target="_blank" rel="noopener noreferrer">
        {url}
      </a>
    </p>
  )
}
