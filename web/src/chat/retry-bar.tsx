import type { SessionDetail } from 'parley-client'
import { Icon } from '../app/icon.tsx'
import { messagesOf } from '../state/chat-state.ts'
import { useChat, useChatState } from './chat-context.ts'

/** After a run that failed: the same again. */
export function RetryBar({ session }: { session: SessionDetail }) {
  const { actions, attempt } = useChat()
  const error = useChatState((state) => state.log.error)
  const asked = useChatState((state) => messagesOf(state).findLast(({ role }) => role === 'user'))
  if (!error || !asked || session.status !== 'idle') return null
  return (
    <div className="actions start">
      <button
        type="button"
        className="button"
        onClick={() => void attempt(() => actions.retry(asked))}
      >
        <Icon name="retry" size={16} />
        Try again
      </button>
    </div>
  )
}
