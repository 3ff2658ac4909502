import { type ReactNode, useEffect, useId, useRef } from 'react'
import { Icon } from './icon.tsx'

/** A modal dialog of the platform: it keeps the focus, and gives it back when it closes. */
export function Dialog({
  title,
  isOpen,
  close,
  children,
}: {
  title: string
  isOpen: boolean
  close: () => void
  children: ReactNode
}) {
  const dialog = useRef<HTMLDialogElement>(null)
  const heading = useId()
  useEffect(() => {
    const element = dialog.current
    if (isOpen && !element?.open) {
      element?.showModal()
      // Not the button that closes it, which comes first.
      element?.querySelector<HTMLElement>('input, textarea, .actions button')?.focus()
    }
    if (!isOpen && element?.open) element.close()
  }, [isOpen])
  return (
    <dialog ref={dialog} className="dialog" aria-labelledby={heading} onClose={close}>
      {isOpen && (
        <>
          <div className="dialog-head">
            <h2 id={heading}>{title}</h2>
            <button type="button" className="icon-button" aria-label="Close" onClick={close}>
              <Icon name="close" />
            </button>
          </div>
          {children}
        </>
      )}
    </dialog>
  )
}
