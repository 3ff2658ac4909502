import type { ReactNode } from 'react'
import { AgentsPage } from '../agents/agents-page.tsx'
import { LazyAgentPage, LazyNewAgentPage } from '../agents/lazy-pages.tsx'
import { NewChatPage } from '../chat/new-chat-page.tsx'
import { SessionPage } from '../chat/session-page.tsx'
import { matchPath, type Place } from './hash.ts'

type Route = {
  pattern: string
  view(values: Record<string, string>, query: Place['query']): ReactNode
}

/** Every page, by the address behind `#`. */
const routes: readonly Route[] = [
  { pattern: '/', view: (_, { agent }) => <NewChatPage key={agent} agent={agent} /> },
  {
    pattern: '/sessions/:session',
    view: ({ session = '' }, { panel }) => (
      <SessionPage key={session} sessionId={session} panel={panel} />
    ),
  },
  { pattern: '/agents', view: () => <AgentsPage /> },
  {
    pattern: '/agents/:agent',
    view: ({ agent = '' }) => <LazyAgentPage key={agent} name={agent} />,
  },
  { pattern: '/new-agent', view: () => <LazyNewAgentPage /> },
]

export function viewOf({ path, query }: Place): ReactNode {
  for (const { pattern, view } of routes) {
    const values = matchPath(pattern, path)
    if (values) return view(values, query)
  }
  return null
}
