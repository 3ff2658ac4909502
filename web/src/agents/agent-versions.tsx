import type { components } from 'parley-client'
import { useState } from 'react'
import { useServer } from '../app/server.tsx'
import { once } from '../chat/request-headers.ts'
import type { LoadedAgent } from './agent-requests.ts'
import { VersionChange } from './version-change.tsx'

const changes: Record<components['schemas']['AgentVersion']['change'], string> = {
  found: 'Found in its file',
  created: 'Made',
  updated: 'Changed',
  restored: 'Brought back',
  deleted: 'Deleted',
}

/** What it was before, and the way back. */
export function AgentVersions({
  name,
  agent: { versions, etag, detail },
  restored,
}: {
  name: string
  agent: LoadedAgent
  restored: () => Promise<void>
}) {
  const { client, report, notify } = useServer()
  const [isBusy, setBusy] = useState(false)
  const [compared, compare] = useState<number>()
  if (versions.length === 0) return null

  async function restore(version: string): Promise<void> {
    setBusy(true)
    try {
      await client.POST('/api/agents/{agent}/versions/{version}/restore', {
        params: { path: { agent: name, version }, header: { 'if-match': etag, ...once() } },
      })
      notify(`Version ${version} is served again.`, 'done')
    } catch (error) {
      report(error)
    }
    await restored()
    setBusy(false)
  }

  return (
    <section className="stack tight" aria-label="Versions">
      <h2 className="panel-heading">Versions</h2>
      <ul className="versions">
        {versions.map(({ version, revision, change, current, created_by, created_at }, index) => (
          <li key={revision}>
            <span>{revision}</span>
            <span>
              {changes[change]} by {created_by}
              <span className="muted small"> {new Date(created_at).toLocaleString()}</span>
            </span>
            <button
              type="button"
              className="button quiet"
              aria-expanded={compared === revision}
              aria-label={`What changed in revision ${revision}`}
              onClick={() => compare(compared === revision ? undefined : revision)}
            >
              What changed
            </button>
            {current ? (
              <span className="muted small">In use</span>
            ) : (
              <button
                type="button"
                className="button quiet"
                aria-label={`Go back to revision ${revision}`}
                disabled={isBusy || !detail.writable || change === 'deleted'}
                onClick={() => void restore(version)}
              >
                Go back to it
              </button>
            )}
            {compared === revision && (
              <div className="version-change">
                <VersionChange
                  agent={name}
                  version={version}
                  previous={versions[index + 1]?.version}
                />
              </div>
            )}
          </li>
        ))}
      </ul>
    </section>
  )
}
