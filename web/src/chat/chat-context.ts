import { createContext, useContext, useSyncExternalStore } from 'react'
import type { ChatState } from '../state/chat-state.ts'
import type { ChatActions } from './actions.ts'
import type { SessionStore } from './session-store.ts'

/** The conversation that a page shows, for what stands in it. */
export type Chat = {
  readonly store: SessionStore
  readonly actions: ChatActions
  /** Does something and tells the person when it fails; answers whether it worked. */
  attempt(work: () => Promise<unknown>): Promise<boolean>
}

export const ChatContext = createContext<Chat | null>(null)

export function useChat(): Chat {
  const chat = useContext(ChatContext)
  if (!chat) throw new Error('useChat is called outside of a conversation')
  return chat
}

/**
 * A part of the conversation's state; what shows it is rendered again only when that part is another
 * one, so `select` may not make a new object each time.
 */
export function useChatState<Part>(select: (state: ChatState) => Part): Part {
  const { store } = useChat()
  return useSyncExternalStore(store.subscribe, () => select(store.state()))
}
