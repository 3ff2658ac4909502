import { type ReactNode, useMemo, useState } from 'react'
import { useServer } from '../app/server.tsx'
import { type Chat, ChatContext, useChat } from '../chat/chat-context.ts'
import { createReplay } from '../state/replay.ts'
import { ReplayContext, useReplay } from './replay-context.ts'

/** Keeps at which event a conversation is shown. */
export function ReplayProvider({ children }: { children: ReactNode }) {
  const [at, show] = useState<number | null>(null)
  const [run, chooseRun] = useState<string>()
  const controls = useMemo(() => ({ at, show, run, chooseRun }), [at, run])
  return <ReplayContext value={controls}>{children}</ReplayContext>
}

/** What is in it sees the conversation as it was, and can only look. */
export function Replayed({ children }: { children: ReactNode }) {
  const live = useChat()
  const { at } = useReplay()
  const isReplaying = at !== null
  const { notify } = useServer()
  // The log as it was when the replay began: it is what is replayed.
  const replay = useMemo(
    () => (isReplaying ? createReplay(live.store.state()) : undefined),
    [isReplaying, live],
  )
  const chat = useMemo((): Chat => {
    if (!replay || at === null) return live
    const state = replay.at(at)
    const nothing = async () => {}
    return {
      ...live,
      store: {
        state: () => state,
        subscribe: () => () => {},
        dispatch: () => {},
        refresh: nothing,
        loadEarlier: nothing,
        close: () => {},
      },
      async attempt() {
        notify('This is what was. Go back to now to do something.')
        return false
      },
    }
  }, [replay, at, live, notify])
  return <ChatContext value={chat}>{children}</ChatContext>
}
