import type { Message } from 'parley-client'
import { useState } from 'react'
import { Icon } from '../app/icon.tsx'
import { attachmentsOf } from '../state/items.ts'
import { Attachments } from './attachments.tsx'
import { BranchSwitch } from './branch-switch.tsx'
import { useChat } from './chat-context.ts'
import { CopyButton } from './copy-button.tsx'
import { focusComposer } from './focus-composer.ts'
import { MessageEditor } from './message-editor.tsx'

/** What was posted; a person's own can be said anew. */
export function UserMessage({
  message,
  isRoot,
  isActive,
}: {
  message: Message
  isRoot: boolean
  isActive: boolean
}) {
  const { actions, attempt } = useChat()
  const [isEditing, setEditing] = useState(false)
  if (message.role === 'system' || message.implicit || !isRoot) {
    return <p className="aside">{message.content}</p>
  }
  if (isEditing) {
    return (
      <MessageEditor
        content={message.content}
        close={() => {
          setEditing(false)
          focusComposer()
        }}
        send={(content) => {
          setEditing(false)
          void attempt(() => actions.edit(message, content))
        }}
      />
    )
  }
  return (
    <article className="user-message" aria-label="You">
      <Attachments parts={attachmentsOf(message)} />
      {message.content && (
        <div className="bubble" dir="auto">
          {message.content}
        </div>
      )}
      <div className="message-tools">
        <CopyButton text={message.content} />
        <button
          type="button"
          className="icon-button small"
          aria-label="Edit"
          title="Edit"
          disabled={isActive}
          onClick={() => setEditing(true)}
        >
          <Icon name="edit" size={16} />
        </button>
        <BranchSwitch messages={[message]} isDisabled={isActive} />
      </div>
    </article>
  )
}
