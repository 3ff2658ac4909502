import { useEffect, useRef } from 'react'
import { useSessions } from '../sessions/use-sessions.tsx'
import { currentTitle, statusOf } from '../state/chat-state.ts'
import { useChatState } from './chat-context.ts'

/** Reads the list of conversations again when what it shows of this one has changed. */
export function useTitleChanges(): void {
  const { reload } = useSessions()
  const title = useChatState(currentTitle)
  const status = useChatState(statusOf)
  const shown = `${title ?? ''}\n${status}`
  const last = useRef(shown)
  useEffect(() => {
    if (last.current === shown) return
    last.current = shown
    reload()
  }, [shown, reload])
}
