import { lazy, Suspense } from 'react'
import { PageHeader } from '../app/page-header.tsx'

/** What edits files reads YAML; who only talks does not load that. */
const AgentPage = lazy(async () => ({ default: (await import('./agent-page.tsx')).AgentPage }))
const NewAgentPage = lazy(async () => ({
  default: (await import('./new-agent-page.tsx')).NewAgentPage,
}))

export function LazyAgentPage({ name }: { name: string }) {
  return (
    <Suspense fallback={<PageHeader title={name} />}>
      <AgentPage name={name} />
    </Suspense>
  )
}

export function LazyNewAgentPage() {
  return (
    <Suspense fallback={<PageHeader title="New agent" />}>
      <NewAgentPage />
    </Suspense>
  )
}
