import { type ComponentType, lazy, Suspense } from 'react'
import { PageHeader } from '../app/page-header.tsx'

/** What edits files reads YAML; who only talks does not load that. */
const AgentPage = lazyPage<{ name: string }>(
  async () => (await import('./agent-page.tsx')).AgentPage,
)
const NewAgentPage = lazyPage(async () => (await import('./new-agent-page.tsx')).NewAgentPage)

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

function lazyPage<Props = object>(load: () => Promise<ComponentType<Props>>) {
  return lazy(async () => ({ default: await load().catch((): ComponentType<Props> => Unloaded) }))
}

/** A server that was built anew has other files than this page knows of. */
function Unloaded() {
  return (
    <>
      <PageHeader title="Not loaded" />
      <div className="empty">
        <h2>This page could not be loaded</h2>
        <p>The server has been updated, or does not answer.</p>
        <button type="button" className="button" onClick={() => window.location.reload()}>
          Reload
        </button>
      </div>
    </>
  )
}
