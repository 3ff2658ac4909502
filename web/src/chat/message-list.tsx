import type { SessionDetail } from 'parley-client'
import { useLayoutEffect, useRef, useState } from 'react'
import { Icon } from '../app/icon.tsx'
import { LimitCard } from '../approvals/limit-card.tsx'
import { ElicitationCard } from '../forms/elicitation-card.tsx'
import type { statusOf } from '../state/chat-state.ts'
import { Announcer } from './announcer.tsx'
import { useChat } from './chat-context.ts'
import { PlanCard } from './plan-card.tsx'
import { PostedMessages } from './posted-messages.tsx'
import { RetryBar } from './retry-bar.tsx'
import { Transcript } from './transcript.tsx'

/** The conversation from top to bottom, with what waits for the person at its end. */
export function MessageList({
  session,
  status,
  hasCaughtUp,
  loadEarlier,
}: {
  session: SessionDetail
  status: ReturnType<typeof statusOf>
  hasCaughtUp: boolean
  loadEarlier: () => Promise<void>
}) {
  const { state } = useChat()
  const { list, isAtEnd, toEnd, onScroll } = useStickyEnd(state)
  const { elicitations } = state.log
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
        <div className="messages-inner">
          {state.earlierCursor !== null && (
            <button type="button" className="button quiet" onClick={() => void loadEarlier()}>
              Show earlier messages
            </button>
          )}
          <Transcript sessionId={session.id} isActive={status !== 'idle'} />
          <PlanCard />
          <PostedMessages session={session} />
          {hasCaughtUp &&
            elicitations
              .filter(({ elicitation_id }) => !state.decided.has(elicitation_id))
              .map((elicitation) => (
                <ElicitationCard key={elicitation.elicitation_id} elicitation={elicitation} />
              ))}
          {hasCaughtUp && status === 'waiting' && <LimitCard />}
          {isWorking && <Working isQueued={status === 'queued'} />}
          {hasCaughtUp && status === 'idle' && <RetryBar session={session} />}
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
function useStickyEnd(content: unknown) {
  const list = useRef<HTMLElement>(null)
  const sticks = useRef(true)
  const [isAtEnd, setAtEnd] = useState(true)

  // biome-ignore lint/correctness/useExhaustiveDependencies: whatever changed may have made it longer
  useLayoutEffect(() => {
    if (sticks.current && list.current) list.current.scrollTop = list.current.scrollHeight
  }, [content])

  return {
    list,
    isAtEnd,
    onScroll() {
      if (!list.current) return
      const { scrollHeight, scrollTop, clientHeight } = list.current
      sticks.current = scrollHeight - scrollTop - clientHeight < tolerance
      setAtEnd(sticks.current)
    },
    toEnd() {
      sticks.current = true
      list.current?.scrollTo({ top: list.current.scrollHeight })
    },
  }
}
