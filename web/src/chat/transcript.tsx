import { type ReactNode, useMemo } from 'react'
import { hasCaughtUp, messagesOf } from '../state/chat-state.ts'
import { type Item, itemsOf } from '../state/items.ts'
import type { SubAgent } from '../state/sub-agents.ts'
import { SubAgentView } from '../tools/sub-agent-view.tsx'
import { Answer } from './answer.tsx'
import { useChat } from './chat-context.ts'
import { DraftAnswer } from './draft-answer.tsx'
import { NoticeLine } from './notice-line.tsx'
import { UserMessage } from './user-message.tsx'

/** What was said in a session, the root's or a sub-agent's, and what is on its way. */
export function Transcript({ sessionId, isActive }: { sessionId: string; isActive: boolean }) {
  const { state } = useChat()
  const { branch, log, record, earlier } = state
  const isRoot = sessionId === state.session?.id

  // biome-ignore lint/correctness/useExhaustiveDependencies: the parts of the state that it reads
  const messages = useMemo(
    () =>
      isRoot
        ? messagesOf(state)
        : log.messages.filter(
            // The call above says what the task is.
            ({ session_id, parent_id }) => session_id === sessionId && parent_id !== null,
          ),
    [isRoot, sessionId, isRoot ? branch.messages : log.messages, earlier],
  )
  // biome-ignore lint/correctness/useExhaustiveDependencies: a growing answer changes none of these
  const items = useMemo(
    () => itemsOf({ sessionId, messages, record, isActive }),
    [sessionId, messages, record.calls, record.notices, record.subAgents, isActive],
  )
  const drafts = hasCaughtUp(state)
    ? log.drafts.filter(({ session_id }) => session_id === sessionId)
    : []
  const lastAnswer = items.findLast(({ type }) => type === 'answer')
  return (
    <>
      {items.map((item) => (
        <ItemView
          key={item.key}
          item={item}
          isRoot={isRoot}
          isLast={item === lastAnswer}
          isActive={isActive}
        />
      ))}
      {drafts.map((draft) => (
        <DraftAnswer key={draft.run_id} draft={draft} />
      ))}
    </>
  )
}

function ItemView({
  item,
  isRoot,
  isLast,
  isActive,
}: {
  item: Item
  isRoot: boolean
  isLast: boolean
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
          isOpen={isLast && isActive}
          isActive={isActive}
          renderSubAgent={renderSubAgent}
        />
      )
    case 'notice':
      return <NoticeLine notice={item.notice} />
  }
}

/** Given downwards, because what a sub-agent does is a transcript again. */
function renderSubAgent(subAgent: SubAgent): ReactNode {
  return (
    <SubAgentView key={subAgent.session_id} subAgent={subAgent}>
      <Transcript sessionId={subAgent.session_id} isActive={subAgent.isRunning} />
    </SubAgentView>
  )
}
