import type { Client, Conversation } from 'parley-client'
import { useConversation } from './use-conversation.ts'

type Props = { client: Client; session: string }

export function ConversationPage({ client, session }: Props) {
  const conversation = useConversation(client, session)
  const { messages, drafts, calls, status, error } = conversation

  async function say(form: FormData): Promise<void> {
    // The run does not need this request: its events come over the stream that is open anyway.
    await client.POST('/api/sessions/{session}/chat', {
      params: { path: { session }, header: { prefer: 'respond-async' } },
      body: { message: String(form.get('message')) },
    })
  }

  return (
    <>
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
      {calls
        .filter(({ state }) => state === 'awaiting')
        .map((call) => (
          <Question key={call.approval_id} client={client} call={call} />
        ))}
      {error && <p role="alert">{error.error}</p>}
      <form action={say}>
        <input name="message" aria-label="Message" required autoComplete="off" />
        <button type="submit" disabled={status !== 'idle'}>
          Send
        </button>
      </form>
    </>
  )
}

function Question({ client, call }: { client: Client; call: Conversation['calls'][number] }) {
  const { tool_call, approval_id } = call
  if (approval_id === undefined) return null

  function decide(decision: 'approve' | 'reject') {
    return client.POST('/api/approvals/{approval}', {
      params: { path: { approval: approval_id ?? '' } },
      body: { decision },
    })
  }

  return (
    <p>
      May it call <code>{tool_call.function.name}</code> with{' '}
      <code>{tool_call.function.arguments}</code>?{' '}
      <button type="button" onClick={() => decide('approve')}>
        Yes
      </button>{' '}
      <button type="button" onClick={() => decide('reject')}>
        No
      </button>
    </p>
  )
}
