import { type KeyboardEvent, useEffect, useRef, useState } from 'react'

/** A message to be said in place of another. */
export function MessageEditor({
  content,
  close,
  send,
}: {
  content: string
  close: () => void
  send: (content: string) => void
}) {
  const [text, setText] = useState(content)
  const field = useRef<HTMLTextAreaElement>(null)
  useEffect(() => {
    field.current?.focus()
    field.current?.setSelectionRange(content.length, content.length)
  }, [content])

  function submit(): void {
    if (text.trim()) send(text.trim())
  }

  function onKeyDown(event: KeyboardEvent): void {
    if (event.nativeEvent.isComposing) return
    if (event.key === 'Escape') {
      event.preventDefault()
      close()
      return
    }
    if (event.key !== 'Enter' || event.shiftKey) return
    event.preventDefault()
    submit()
  }

  return (
    <div className="message-editor">
      <textarea
        ref={field}
        aria-label="Your message"
        value={text}
        onChange={(event) => setText(event.target.value)}
        onKeyDown={onKeyDown}
      />
      <div className="actions">
        <span className="muted small spacer">The old message and its answer stay as a branch.</span>
        <button type="button" className="button" onClick={close}>
          Cancel
        </button>
        <button type="button" className="button primary" disabled={!text.trim()} onClick={submit}>
          Send
        </button>
      </div>
    </div>
  )
}
