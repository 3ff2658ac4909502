import type { Client } from 'parley-client'
import { useEffect, useState } from 'react'
import { describeFailure } from '../app/problems.ts'
import { useServer } from '../app/server.tsx'
import { toText } from '../state/agent-text.ts'
import { Difference } from './difference.tsx'

/** What a version changed: from the one before it, or from nothing. */
export function VersionChange({
  agent,
  version,
  previous,
}: {
  agent: string
  version: string
  previous: string | undefined
}) {
  const { client } = useServer()
  const [texts, setTexts] = useState<readonly [before: string, after: string]>()
  const [fault, setFault] = useState('')

  useEffect(() => {
    const before = previous === undefined ? '' : readVersion(client, agent, previous)
    Promise.all([before, readVersion(client, agent, version)]).then(setTexts, (error) =>
      setFault(describeFailure(error)),
    )
  }, [client, agent, version, previous])

  if (fault) return <p className="fault">{fault}</p>
  if (!texts) return null
  const [before, after] = texts
  if (before === after) return <p className="muted small">Nothing that the server reads.</p>
  return <Difference label={`What changed in version ${version}`} before={before} after={after} />
}

async function readVersion(client: Client, agent: string, version: string): Promise<string> {
  const { data } = await client.GET('/api/agents/{agent}/versions/{version}', {
    params: { path: { agent, version } },
  })
  return toText(data.config)
}
