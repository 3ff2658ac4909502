import { type ReactNode, useMemo, useRef, useState } from 'react'
import { useServer } from '../app/server.tsx'
import { type Chat, ChatContext, useChat } from '../chat/chat-context.ts'
import { createReplay, type Replay } from '../state/replay.ts'
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
  const { notify } = useServer()
  const known = useRef<{ live: Chat; replay: Replay }>(undefined)
  const chat = useMemo((): Chat => {
    if (at === null) {
      known.current = undefined
      return live
    }
    const replay = replayUpTo(at, live, known.current)
    known.current = { live, replay }
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
  }, [at, live, notify])
  return <ChatContext value={chat}>{children}</ChatContext>
}

/** The log is read as it was when the replay began, until the replay comes to what is newer. */
function replayUpTo(at: number, live: Chat, known: { live: Chat; replay: Replay } | undefined) {
  const isEnough = known?.live === live && at <= known.replay.last
  return isEnough ? known.replay : createReplay(live.store.state())
}
