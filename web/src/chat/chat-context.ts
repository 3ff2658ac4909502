import { createContext, useContext } from 'react'
import type { ChatState } from '../state/chat-state.ts'
import type { ChatActions } from './actions.ts'

/** The conversation that a page shows, for what stands in it. */
export type Chat = {
  readonly state: ChatState
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
