import type { Message } from 'parley-client'
import { Icon } from '../app/icon.tsx'
import { useChat, useChatState } from './chat-context.ts'

/** ‹ 2/3 ›: what was said instead, at the first of these messages that has siblings. */
export function BranchSwitch({
  messages,
  isDisabled,
}: {
  messages: readonly Message[]
  isDisabled: boolean
}) {
  const { actions, attempt } = useChat()
  const earlier = useChatState((state) => state.earlier)
  const session = useChatState((state) => state.session)
  const ids = new Set(messages.map(({ id }) => id))
  const listed = [...earlier, ...(session?.messages ?? [])]
  const place = listed.find(({ id, sibling_count }) => ids.has(id) && sibling_count > 1)
  if (!place) return null
  const { previous_sibling_id, next_sibling_id, sibling_index, sibling_count } = place

  const go = (sibling: string | null) => {
    if (sibling !== null) void attempt(() => actions.switchBranch(sibling))
  }

  return (
    // biome-ignore lint/a11y/useSemanticElements: a fieldset is for a form
    <span className="branches" role="group" aria-label="Versions">
      <button
        type="button"
        className="icon-button small"
        aria-label="The version before"
        disabled={isDisabled || previous_sibling_id === null}
        onClick={() => go(previous_sibling_id)}
      >
        <Icon name="back" size={16} />
      </button>
      <span>
        {sibling_index + 1}/{sibling_count}
      </span>
      <button
        type="button"
        className="icon-button small"
        aria-label="The version after"
        disabled={isDisabled || next_sibling_id === null}
        onClick={() => go(next_sibling_id)}
      >
        <Icon name="forward" size={16} />
      </button>
    </span>
  )
}
