import type { AgentSummary } from 'parley-client'
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

export function AgentsProvider({ children }: { children: ReactNode }) {
  const { client, report } = useServer()
  const [agents, setAgents] = useState<readonly AgentSummary[]>()

  // biome-ignore lint/correctness/useExhaustiveDependencies: report is another function each time
  const reload = useCallback(async () => {
    try {
      const { data } = await client.GET('/api/agents')
      setAgents(data)
    } catch (error) {
      report(error)
    }
  }, [client])

  useEffect(() => void reload(), [reload])
  return <AgentsContext value={{ agents, reload }}>{children}</AgentsContext>
}
