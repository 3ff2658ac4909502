import { type KeyboardEvent, type ReactNode, useEffect, useId, useRef, useState } from 'react'
import { Icon, type IconName } from './icon.tsx'

export type MenuItem = {
  label: string
  icon: IconName
  isDangerous?: boolean
  isDisabled?: boolean
  select(): void
}

/** A button that opens a list of actions. */
export function Menu({
  label,
  items,
  children = <Icon name="more" />,
}: {
  label: string
  items: readonly MenuItem[]
  children?: ReactNode
}) {
  const [isOpen, setOpen] = useState(false)
  const list = useRef<HTMLDivElement>(null)
  const button = useRef<HTMLButtonElement>(null)
  const id = useId()

  useEffect(() => {
    if (!isOpen) return
    list.current?.querySelector<HTMLButtonElement>('button:not(:disabled)')?.focus()
    const closeOutside = (event: PointerEvent) => {
      if (event.target instanceof Node && list.current?.parentElement?.contains(event.target))
        return
      setOpen(false)
    }
    document.addEventListener('pointerdown', closeOutside)
    return () => document.removeEventListener('pointerdown', closeOutside)
  }, [isOpen])

  function close(): void {
    setOpen(false)
    button.current?.focus()
  }

  function onKeyDown(event: KeyboardEvent): void {
    if (!isOpen) return
    if (event.key === 'Escape') {
      event.preventDefault()
      event.stopPropagation()
      close()
      return
    }
    if (event.key === 'Tab') setOpen(false)
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key]
    if (step === undefined) return
    event.preventDefault()
    moveFocus(list.current, step)
  }

  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: it only hears the keys of what is in it
    <div className="menu" onKeyDown={onKeyDown}>
      <button
        ref={button}
        type="button"
        className="icon-button"
        aria-label={label}
        aria-haspopup="menu"
        aria-expanded={isOpen}
        aria-controls={isOpen ? id : undefined}
        onClick={() => setOpen(!isOpen)}
      >
        {children}
      </button>
      {isOpen && (
        <div className="menu-list" id={id} role="menu" aria-label={label} ref={list}>
          {items.map(({ label: text, icon, isDangerous, isDisabled, select }) => (
            <button
              key={text}
              type="button"
              role="menuitem"
              tabIndex={-1}
              data-dangerous={isDangerous}
              disabled={isDisabled}
              onClick={() => {
                close()
                select()
              }}
            >
              <Icon name={icon} size={16} />
              {text}
            </button>
          ))}
        </div>
      )}
    </div>
  )
}

function moveFocus(list: HTMLElement | null, step: number): void {
  const buttons = [...(list?.querySelectorAll<HTMLElement>('button:not(:disabled)') ?? [])]
  const index = buttons.findIndex((button) => button.matches(':focus'))
  buttons[(index + step + buttons.length) % buttons.length]?.focus()
}
