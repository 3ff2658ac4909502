import { describeFailure, isNotFound } from '../app/problems.ts'
import { useChat } from './chat-context.ts'

export function LoadFailure({ failure }: { failure: unknown }) {
  const { store } = useChat()
  if (isNotFound(failure)) {
    return (
      <div className="empty">
        <h2>There is no such conversation</h2>
        <p>
          It may have been deleted, or belong to somebody else. <a href="#/">Start a new one</a>.
        </p>
      </div>
    )
  }
  return (
    <div className="empty">
      <h2>The conversation could not be loaded</h2>
      <p>{describeFailure(failure)}</p>
      <button type="button" className="button" onClick={() => void store.refresh()}>
        Try again
      </button>
    </div>
  )
}
