import { useMemo } from 'react'
import { PageHeader } from '../app/page-header.tsx'
import { isNotFound } from '../app/problems.ts'
import { useServer } from '../app/server.tsx'
import { useSessions } from '../sessions/use-sessions.tsx'
import { hasCaughtUp, statusOf } from '../state/chat-state.ts'
import { createChatActions } from './actions.ts'
import { type Chat, ChatContext } from './chat-context.ts'
import { ChatHeader } from './chat-header.tsx'
import { LoadFailure } from './load-failure.tsx'
import { MessageList } from './message-list.tsx'
import { SessionComposer } from './session-composer.tsx'
import { SidePanel } from './side-panel.tsx'
import { useChatState, useSessionStore } from './use-session-store.ts'
import { useTitleChanges } from './use-title-changes.ts'

/** One conversation; `panel` names what stands beside it. */
export function SessionPage({
  sessionId,
  panel,
}: {
  sessionId: string
  panel: string | undefined
}) {
  const { client, report } = useServer()
  const { reload } = useSessions()
  const store = useSessionStore(sessionId)
  const state = useChatState(store)
  useTitleChanges(state, reload)

  const actions = useMemo(
    () => store && createChatActions({ client, store, session: sessionId }),
    [client, store, sessionId],
  )
  // biome-ignore lint/correctness/useExhaustiveDependencies: report is another function each time
  const chat = useMemo(
    (): Chat | undefined =>
      actions && {
        state,
        actions,
        async attempt(work) {
          try {
            await work()
            return true
          } catch (error) {
            report(error)
            return false
          }
        },
      },
    [state, actions],
  )

  if (state.phase === 'failed' && store) {
    return (
      <>
        <PageHeader title={isNotFound(state.failure) ? 'Not found' : 'Conversation'} />
        <LoadFailure failure={state.failure} retry={() => void store.refresh()} />
      </>
    )
  }
  if (!chat || !store || !state.session) {
    return (
      <>
        <PageHeader title="Conversation" heading="" />
        <div className="messages" aria-busy="true" />
      </>
    )
  }
  return (
    <ChatContext value={chat}>
      <ChatHeader session={state.session} panel={panel} store={store} />
      <div className="chat" data-panel={panel ? 'open' : 'closed'}>
        <div className="chat-column">
          <MessageList
            session={state.session}
            status={statusOf(state)}
            hasCaughtUp={hasCaughtUp(state)}
            loadEarlier={store.loadEarlier}
          />
          <SessionComposer session={state.session} status={statusOf(state)} />
        </div>
        {panel && <SidePanel name={panel} sessionId={state.session.id} state={state} />}
      </div>
    </ChatContext>
  )
}
