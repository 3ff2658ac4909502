import { useEffect, useMemo } from 'react'
import { PageHeader } from '../app/page-header.tsx'
import { isNotFound } from '../app/problems.ts'
import { useServer } from '../app/server.tsx'
import { ReplayBar } from '../log/replay-bar.tsx'
import { useReplay } from '../log/replay-context.ts'
import { Replayed, ReplayProvider } from '../log/replay-provider.tsx'
import { useSessions } from '../sessions/use-sessions.tsx'
import { createChatActions } from './actions.ts'
import { type Chat, ChatContext, useChatState } from './chat-context.ts'
import { ChatHeader } from './chat-header.tsx'
import { LoadFailure } from './load-failure.tsx'
import { MessageList } from './message-list.tsx'
import { SessionComposer } from './session-composer.tsx'
import { SidePanel } from './side-panel.tsx'
import { useSessionStore } from './use-session-store.ts'
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
  const store = useSessionStore(sessionId)
  // biome-ignore lint/correctness/useExhaustiveDependencies: report is another function each time
  const chat = useMemo(
    (): Chat | undefined =>
      store && {
        store,
        actions: createChatActions({ client, store, session: sessionId }),
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
    [client, store, sessionId],
  )
  if (!chat) return <Loading />
  return (
    <ChatContext value={chat}>
      <ReplayProvider>
        <Conversation panel={panel} />
      </ReplayProvider>
    </ChatContext>
  )
}

function Conversation({ panel }: { panel: string | undefined }) {
  const phase = useChatState((state) => state.phase)
  const session = useChatState((state) => state.session)
  const { at } = useReplay()
  useTitleChanges()
  if (phase === 'failed') return <Failed />
  if (!session) return <Loading />
  return (
    <>
      <ChatHeader session={session} panel={panel} />
      <div className="chat" data-panel={panel ? 'open' : 'closed'}>
        <div className="chat-column">
          <Replayed>
            <MessageList session={session} />
          </Replayed>
          {at === null && <SessionComposer session={session} />}
        </div>
        {panel && <SidePanel name={panel} sessionId={session.id} />}
        {(panel === 'events' || at !== null) && <ReplayBar />}
      </div>
    </>
  )
}

function Loading() {
  return (
    <>
      <PageHeader title="Conversation" heading="" />
      <div className="messages" aria-busy="true" />
    </>
  )
}

function Failed() {
  const failure = useChatState((state) => state.failure)
  const { reload } = useSessions()
  // The list may still have it.
  useEffect(reload, [reload])
  return (
    <>
      <PageHeader title={isNotFound(failure) ? 'Not found' : 'Conversation'} />
      <LoadFailure failure={failure} />
    </>
  )
}
