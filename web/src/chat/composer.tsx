import { type KeyboardEvent, type ReactNode, useEffect, useRef, useState } from 'react'
import { Icon } from '../app/icon.tsx'
import { useShortcuts } from '../app/use-shortcuts.ts'

/**
 * Where the person writes. `send` answers whether the text was taken; what was not stays, also over a
 * reload.
 */
export function Composer({
  storageKey,
  placeholder,
  isDisabled = false,
  send,
  stop,
  stopsByKey = false,
  controls,
}: {
  storageKey: string
  placeholder: string
  isDisabled?: boolean
  send: (content: string) => Promise<boolean>
  /** Given while something can be stopped. */
  stop?: (() => Promise<unknown>) | undefined
  /** Escape stops too: not what waits for the person, who may want to leave something else. */
  stopsByKey?: boolean
  /** Controls beside the buttons; they may depend on whether there is something to send. */
  controls?: (hasText: boolean) => ReactNode
}) {
  const [text, setText] = useDraft(storageKey)
  const field = useRef<HTMLTextAreaElement>(null)
  useEffect(() => field.current?.focus({ preventScroll: true }), [])
  const [isStopping, setStopping] = useState(false)
  useShortcuts({
    '/': () => field.current?.focus(),
    ...(stop && stopsByKey && { escape: () => void end() }),
  })

  async function end(): Promise<void> {
    setStopping(true)
    await stop?.()
    setStopping(false)
  }

  async function submit(): Promise<void> {
    const content = text.trim()
    if (!content || isDisabled) return
    setText('')
    if (!(await send(content))) setText((newer) => newer || content)
  }

  function onKeyDown(event: KeyboardEvent): void {
    if (event.key !== 'Enter' || event.shiftKey || event.nativeEvent.isComposing) return
    event.preventDefault()
    void submit()
  }

  return (
    <form
      className="composer"
      onSubmit={(event) => {
        event.preventDefault()
        void submit()
      }}
    >
      <textarea
        ref={field}
        // Where the browser does not size it by its content.
        rows={Math.min(text.split('\n').length, 12)}
        dir="auto"
        aria-label={placeholder}
        placeholder={placeholder}
        value={text}
        onChange={(event) => setText(event.target.value)}
        onKeyDown={onKeyDown}
      />
      <div className="composer-row">
        {controls?.(text.trim() !== '')}
        <span className="spacer" />
        {stop && (
          <button
            type="button"
            className="button stop"
            disabled={isStopping}
            onClick={() => void end()}
          >
            <Icon name="stop" size={16} />
            {isStopping ? 'Stopping' : 'Stop'}
          </button>
        )}
        <button
          type="submit"
          className="icon-button send"
          aria-label="Send"
          disabled={!text.trim() || isDisabled}
        >
          <Icon name="send" />
        </button>
      </div>
    </form>
  )
}

/** What was written and not sent is kept for this tab. */
function useDraft(key: string) {
  const name = `parley.draft.${key}`
  const [text, setText] = useState(() => window.sessionStorage.getItem(name) ?? '')
  useEffect(() => {
    if (text) window.sessionStorage.setItem(name, text)
    else window.sessionStorage.removeItem(name)
  }, [name, text])
  return [text, setText] as const
}
