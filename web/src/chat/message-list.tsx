import type { SessionDetail } from 'parley-client'
import { useLayoutEffect, useRef, useState } from 'react'
import { Icon } from '../app/icon.tsx'
import { LimitCard } from '../approvals/limit-card.tsx'
import { ElicitationCard } from '../forms/elicitation-card.tsx'
import { hasCaughtUp, statusOf } from '../state/chat-state.ts'
import { openQuestions } from '../state/open-questions.ts'
import { Announcer } from './announcer.tsx'
import { useChat, useChatState } from './chat-context.ts'
import { PlanCard } from './plan-card.tsx'
import { PostedMessages } from './posted-messages.tsx'
import { RetryBar } from './retry-bar.tsx'
import { Transcript } from './transcript.tsx'

/** The conversation from top to bottom, with what waits for the person at its end. */
export function MessageList({ session }: { session: SessionDetail }) {
  const { store } = useChat()
  const status = useChatState(statusOf)
  const isThere = useChatState(hasCaughtUp)
  const hasEarlier = useChatState((state) => state.earlierCursor !== null)
  const { list, content, isAtEnd, toEnd, onScroll } = useStickyEnd()
  const isWorking = status === 'running' || status === 'queued'
  return (
    <div className="messages-frame">
      <section
        className="messages"
        aria-label="Messages"
        ref={list}
        onScroll={onScroll}
        // biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls, also by the keys
        tabIndex={0}
      >
        <div className="messages-inner" ref={content}>
          {hasEarlier && (
            <button type="button" className="button quiet" onClick={() => void store.loadEarlier()}>
              Show earlier messages
            </button>
          )}
          <Transcript sessionId={session.id} isActive={status !== 'idle'} />
          <PlanCard />
          <PostedMessages session={session} />
          {isThere && <Questions />}
          {isThere && status === 'waiting' && <LimitCard />}
          {isWorking && <Working isQueued={status === 'queued'} />}
          {isThere && status === 'idle' && <RetryBar session={session} />}
        </div>
      </section>
      {!isAtEnd && (
        <button type="button" className="icon-button to-end" onClick={toEnd}>
          <Icon name="down" />
          <span className="hidden">Go to the newest message</span>
        </button>
      )}
      <Announcer session={session} status={status} />
    </div>
  )
}

function Questions() {
  const elicitations = useChatState((state) => state.log.elicitations)
  const decided = useChatState((state) => state.decided)
  const session = useChatState((state) => state.session)
  return openQuestions(elicitations, { session, decided }).map((elicitation) => (
    <ElicitationCard key={elicitation.elicitation_id} elicitation={elicitation} />
  ))
}

/** Shown while nothing else moves: CSS hides it behind an answer that grows. */
function Working({ isQueued }: { isQueued: boolean }) {
  return (
    <div className="working">
      <span className="pulse" />
      {isQueued ? 'Waits for its turn' : 'Working'}
    </div>
  )
}

/** Pixels from the end that still count as being there. */
const tolerance = 80

/** Stays at the end while the person is there, and nowhere else. */
function useStickyEnd() {
  const list = useRef<HTMLElement>(null)
  const content = useRef<HTMLDivElement>(null)
  const sticks = useRef(true)
  const [isAtEnd, setAtEnd] = useState(true)

  function toEnd(): void {
    sticks.current = true
    list.current?.scrollTo({ top: list.current.scrollHeight })
  }

  // biome-ignore lint/correctness/useExhaustiveDependencies: what it reads are references
  useLayoutEffect(() => {
    const observer = new ResizeObserver(() => {
      if (sticks.current) toEnd()
    })
    for (const element of [list.current, content.current]) if (element) observer.observe(element)
    return () => observer.disconnect()
  }, [])

  return {
    list,
    content,
    isAtEnd,
    toEnd,
    onScroll() {
      if (!list.current) return
      const { scrollHeight, scrollTop, clientHeight } = list.current
      sticks.current = scrollHeight - scrollTop - clientHeight < tolerance
      setAtEnd(sticks.current)
    },
  }
}
