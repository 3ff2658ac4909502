import type { SessionDetail } from 'parley-client'
import { useChatState } from './chat-context.ts'
import { useSend } from './use-send.ts'

/** Messages on their way to the log: just posted, taken up by a run later, or not taken at all. */
export function PostedMessages({ session }: { session: SessionDetail }) {
  const all = useChatState((state) => state.posted)
  const { resend, drop } = useSend(session)
  return all.map((posted) => (
    <article key={posted.key} className="user-message" aria-label="You" data-posted={true}>
      <div className="bubble">{posted.content}</div>
      {posted.failure === undefined ? (
        <p className="muted small">Sent</p>
      ) : (
        <div className="notice" data-kind="error">
          <span>{posted.failure}</span>
          <button type="button" className="button quiet" onClick={() => void resend(posted)}>
            Send again
          </button>
          <button type="button" className="button quiet" onClick={() => drop(posted)}>
            Discard
          </button>
        </div>
      )}
    </article>
  ))
}
