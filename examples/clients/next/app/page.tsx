'use client'

import { applyEvent, chat, createClient, emptyConversation } from 'parley-client'
import { useState } from 'react'

export default function Page() {
  const [conversation, setConversation] = useState(emptyConversation)
  const { messages, drafts, status, error } = conversation

  async function say(form: FormData): Promise<void> {
    const client = createClient({ baseUrl: `${location.origin}/parley` })
    const session = messages[0]?.session_id
    const message = String(form.get('message'))
    // A lost connection is picked up at the next event, through the route handler as well.
    for await (const event of chat(
      client,
      session ? { message, session_id: session } : { message },
    )) {
      setConversation((before) => applyEvent(before, event))
    }
  }

  return (
    <main style={{ whiteSpace: 'pre-wrap' }}>
      {messages
        .filter(({ role, content }) => role !== 'tool' && content)
        .map(({ id, role, content }) => (
          <p key={id}>
            <strong>{role === 'user' ? 'You' : 'Agent'}</strong> {content}
          </p>
        ))}
      {drafts.map(({ run_id, content }) => (
        <p key={run_id}>
          <strong>Agent</strong> {content.join('\n')}▌
        </p>
      ))}
      {error && <p role="alert">{error.error}</p>}
      <form
        onSubmit={(submission) => {
          submission.preventDefault()
          const form = submission.currentTarget
          say(new FormData(form)).catch(reportError)
          form.reset()
        }}
      >
        <input name="message" aria-label="Message" required autoComplete="off" />{' '}
        <button type="submit" disabled={status !== 'idle'}>
          Send
        </button>
      </form>
    </main>
  )
}
