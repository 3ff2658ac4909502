import { useEffect, useRef } from 'react'

/**
 * Keys by name: `?`, `escape`, `mod+k` (⌘ on a Mac, Ctrl elsewhere). Those without a modifier hold
 * only while nobody writes, but for Escape; a dialog that is open has its own keys.
 */
export function useShortcuts(shortcuts: Record<string, () => void>): void {
  const current = useRef(shortcuts)
  useEffect(() => {
    current.current = shortcuts
  })
  useEffect(() => {
    function onKeyDown(event: KeyboardEvent): void {
      if (event.defaultPrevented || event.isComposing) return
      if (document.querySelector('dialog[open], [popover]:popover-open')) return
      const name = nameOf(event)
      const shortcut = current.current[name]
      if (!shortcut || (isPlain(name) && isWriting(event.target))) return
      event.preventDefault()
      shortcut()
    }
    document.addEventListener('keydown', onKeyDown)
    return () => document.removeEventListener('keydown', onKeyDown)
  }, [])
}

function nameOf({ key, metaKey, ctrlKey, shiftKey }: KeyboardEvent): string {
  const modifier = metaKey || ctrlKey
  const name = key.length === 1 && !modifier ? key : key.toLowerCase()
  return `${modifier ? 'mod+' : ''}${modifier && shiftKey ? 'shift+' : ''}${name}`
}

function isPlain(name: string): boolean {
  return !name.startsWith('mod+') && name !== 'escape'
}

function isWriting(target: EventTarget | null): boolean {
  return (
    target instanceof HTMLElement && target.matches('input, textarea, select, [contenteditable]')
  )
}
