import type { Draft } from 'parley-client'
import { memo, type ReactNode, useMemo } from 'react'
import { hasCaughtUp } from '../state/chat-state.ts'
import { type Item, itemsOf } from '../state/items.ts'
import type { SubAgent } from '../state/sub-agents.ts'
import { SubAgentView } from '../tools/sub-agent-view.tsx'
import { Answer } from './answer.tsx'
import { useChatState } from './chat-context.ts'
import { DraftAnswer } from './draft-answer.tsx'
import { NoticeLine } from './notice-line.tsx'
import { UserMessage } from './user-message.tsx'

/** What was said in a session, the root's or a sub-agent's, and what is on its way. */
export function Transcript({ sessionId, isActive }: { sessionId: string; isActive: boolean }) {
  const isRoot = useChatState((state) => sessionId === state.session?.id)
  const earlier = useChatState((state) => state.earlier)
  const shown = useChatState(({ branch, log }) => (isRoot ? branch.messages : log.messages))
  const calls = useChatState((state) => state.record.calls)
  const notices = useChatState((state) => state.record.notices)
  const subAgents = useChatState((state) => state.record.subAgents)
  const allDrafts = useChatState((state) => (hasCaughtUp(state) ? state.log.drafts : none))

  const items = useMemo(() => {
    const own = shown.filter(({ session_id }) => session_id === sessionId)
    // Of a sub-agent, the call above says what the task is.
    const messages = isRoot ? [...earlier, ...own] : own.filter((one) => one.parent_id !== null)
    return itemsOf({ sessionId, messages, record: { calls, notices, subAgents }, isActive })
  }, [isRoot, sessionId, shown, earlier, calls, notices, subAgents, isActive])
  const drafts = allDrafts.filter(({ session_id }) => session_id === sessionId)
  const last = items.findLast(({ type }) => type !== 'notice')
  return (
    <>
      {items.map((item) => (
        <ItemView
          key={item.key}
          item={item}
          isRoot={isRoot}
          isLatest={item === last}
          isActive={isActive}
        />
      ))}
      {drafts.map((draft) => (
        <DraftAnswer key={draft.run_id} draft={draft} />
      ))}
    </>
  )
}

const none: readonly Draft[] = []

const ItemView = memo(function ItemView({
  item,
  isRoot,
  isLatest,
  isActive,
}: {
  item: Item
  isRoot: boolean
  isLatest: boolean
  isActive: boolean
}) {
  switch (item.type) {
    case 'message':
      return <UserMessage message={item.message} isRoot={isRoot} isActive={isActive} />
    case 'answer':
      return (
        <Answer
          answer={item}
          isRoot={isRoot}
          isLatest={isLatest}
          isActive={isActive}
          renderSubAgent={renderSubAgent}
        />
      )
    case 'notice':
      return <NoticeLine notice={item.notice} />
  }
})

/** Given downwards, because what a sub-agent does is a transcript again. */
function renderSubAgent(subAgent: SubAgent): ReactNode {
  return (
    <SubAgentView key={subAgent.session_id} subAgent={subAgent}>
      <Transcript sessionId={subAgent.session_id} isActive={subAgent.isRunning} />
    </SubAgentView>
  )
}
