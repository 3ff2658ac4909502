import { useCallback, useEffect, useState } from 'react'
import { isUnauthorized } from '../app/problems.ts'
import { useServer } from '../app/server.tsx'
import { type LoadedAgent, loadAgent } from './agent-requests.ts'

/** An agent as it is on the server, until it is asked for again. */
export function useAgent(name: string) {
  const { client, report } = useServer()
  const [agent, setAgent] = useState<LoadedAgent>()
  const [failure, setFailure] = useState<unknown>()

  const reload = useCallback(async (): Promise<LoadedAgent | undefined> => {
    try {
      const loaded = await loadAgent(client, name)
      setAgent(loaded)
      setFailure(undefined)
      return loaded
    } catch (error) {
      setFailure(error)
      return undefined
    }
  }, [client, name])

  useEffect(() => void reload(), [reload])
  // biome-ignore lint/correctness/useExhaustiveDependencies: report is another function each time
  useEffect(() => {
    if (isUnauthorized(failure)) report(failure)
  }, [failure])
  return { agent, failure, reload }
}
