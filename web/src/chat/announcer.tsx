import type { SessionDetail } from 'parley-client'
import { splitBlocks } from '../state/blocks.ts'
import { type ChatState, messagesOf, type statusOf } from '../state/chat-state.ts'
import { useChatState } from './chat-context.ts'

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
  const said = useChatState(lastParagraph)
  const isSpeaking = useChatState(({ log }) =>
    log.drafts.some(({ session_id }) => session_id === session.id),
  )
  return (
    <>
      <p className="hidden" aria-live="polite">
        {said}
      </p>
      <p className="hidden" role="status">
        {status === 'waiting' ? 'The agent waits for you.' : ''}
        {status === 'running' && !isSpeaking ? 'The agent is working.' : ''}
      </p>
    </>
  )
}

/** The last one that is whole. */
function lastParagraph(state: ChatState): string {
  const draft = state.log.drafts.find(({ session_id }) => session_id === state.session?.id)
  if (draft) return splitBlocks(draft.content.join('')).slice(0, -1).at(-1) ?? ''
  const last = messagesOf(state).at(-1)
  return (last?.role === 'assistant' && splitBlocks(last.content).at(-1)) || ''
}
