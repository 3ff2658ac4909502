import { useEffect, useRef } from 'react'
import { type ChatState, currentTitle, statusOf } from '../state/chat-state.ts'

/** Calls `tell` when what the list of conversations shows of this one has changed. */
export function useTitleChanges(state: ChatState, tell: () => void): void {
  const shown = `${currentTitle(state) ?? ''}\n${statusOf(state)}`
  const last = useRef(shown)
  useEffect(() => {
    if (last.current === shown) return
    last.current = shown
    tell()
  }, [shown, tell])
}
