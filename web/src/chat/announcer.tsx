import type { SessionDetail } from 'parley-client'
import { splitBlocks } from '../state/blocks.ts'
import { messagesOf, type statusOf } from '../state/chat-state.ts'
import { useChat } from './chat-context.ts'

/**
 * Reads an answer to those who listen, a paragraph at a time and not a word, and says when something
 * waits for them.
 */
export function Announcer({
  session,
  status,
}: {
  session: SessionDetail
  status: ReturnType<typeof statusOf>
}) {
  const { state } = useChat()
  const draft = state.log.drafts.find(({ session_id }) => session_id === session.id)
  const last = messagesOf(state).at(-1)
  const said = draft
    ? splitBlocks(draft.content.join('\n')).slice(0, -1).at(-1)
    : last?.role === 'assistant' && splitBlocks(last.content).at(-1)
  return (
    <>
      <p className="hidden" aria-live="polite">
        {said || ''}
      </p>
      <p className="hidden" role="status">
        {status === 'waiting' ? 'The agent waits for you.' : ''}
        {status === 'running' && !draft ? 'The agent is working.' : ''}
      </p>
    </>
  )
}
