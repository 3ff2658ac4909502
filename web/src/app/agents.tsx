import { type AgentSummary, ConnectionError } from 'parley-client'
import { createContext, type ReactNode, useCallback, useContext, useEffect, useState } from 'react'
import { useServer } from './server.tsx'

type Agents = {
  /** Undefined until the server has answered. */
  readonly agents: readonly AgentSummary[] | undefined
  reload(): Promise<void>
}

const AgentsContext = createContext<Agents | null>(null)

export function useAgents(): Agents {
  const agents = useContext(AgentsContext)
  if (!agents) throw new Error('useAgents is called outside of AgentsProvider')
  return agents
}

/** Milliseconds until a server that did not answer is asked again. */
const patience = 3000

export function AgentsProvider({ children }: { children: ReactNode }) {
  const { client, report } = useServer()
  const [agents, setAgents] = useState<readonly AgentSummary[]>()

  const [failure, setFailure] = useState<unknown>()

  const reload = useCallback(async () => {
    try {
      const { data } = await client.GET('/api/agents')
      setAgents(data)
      setFailure(undefined)
    } catch (error) {
      setFailure(error)
    }
  }, [client])

  useEffect(() => void reload(), [reload])
  // biome-ignore lint/correctness/useExhaustiveDependencies: report is another function each time
  useEffect(() => {
    if (failure === undefined) return
    report(failure)
    // Without agents nothing can be begun; a server that starts is there in a moment.
    if (!(failure instanceof ConnectionError)) return
    const timer = setTimeout(() => void reload(), patience)
    return () => clearTimeout(timer)
  }, [failure, reload])
  return <AgentsContext value={{ agents, reload }}>{children}</AgentsContext>
}
