import type { AgentSummary, Stats } from '#contract/agent.ts'
import type { AgentCatalog, AgentSnapshot } from '#runtime/catalog.ts'
import type { Models } from '#runtime/model.ts'
import type { Scope } from '#store/scope.ts'
import type { Handlers } from '../env.ts'
import { found } from '../found.ts'
import { toPageRequest } from '../page-request.ts'
import type { SessionRows } from './sessions.ts'

/** The names of the tools that one agent of a source has. */
export type ToolNames = (agent: AgentSnapshot, agentName: string) => Promise<string[]>

type AgentHandlers = Pick<
  Handlers,
  'listAgents' | 'getAgent' | 'countAgentTools' | 'listAgentSessions' | 'getStats' | 'listModels'
>

export function agentHandlers({
  catalog,
  toolNames,
  sessions,
  models,
  stats,
}: {
  catalog: Pick<AgentCatalog, 'list' | 'get'>
  toolNames: ToolNames
  sessions: Pick<SessionRows, 'list'>
  models: Pick<Models, 'list'>
  stats: (scope: Scope) => Promise<Omit<Stats, 'agent_count'>>
}): AgentHandlers {
  return {
    async listAgents(c) {
      return c.json(await Promise.all(catalog.list().map(summarize)), 200)
    },
    async getAgent(c) {
      const snapshot = find(c.req.valid('param').agent)
      return c.json({ ...(await summarize(snapshot)), config: snapshot.file }, 200)
    },
    async countAgentTools(c) {
      const { agent, agent_name } = c.req.valid('param')
      const snapshot = find(agent)
      found(snapshot.file.agents[agent_name], `agent ${agent_name} in ${agent}`)
      const names = await toolNames(snapshot, agent_name)
      return c.json({ available_tools: names.length }, 200)
    },
    async listAgentSessions(c) {
      const { name } = find(c.req.valid('param').agent)
      const page = toPageRequest(c.req.valid('query'))
      return c.json(await sessions.list(c.get('scope'), page, { agent: name }), 200)
    },
    async getStats(c) {
      const counts = await stats(c.get('scope'))
      return c.json({ agent_count: catalog.list().length, ...counts }, 200)
    },
    async listModels(c) {
      return c.json(await models.list(), 200)
    },
  }

  function find(name: string): AgentSnapshot {
    return found(catalog.get(name), `agent ${name}; listAgents names them`)
  }

  async function summarize(snapshot: AgentSnapshot): Promise<AgentSummary> {
    const { name, version, source, writable, file } = snapshot
    const agentNames = Object.keys(file.agents)
    const agentName = file.agents.root ? 'root' : (agentNames[0] ?? 'root')
    const agent = file.agents[agentName]
    const tools = await toolNames(snapshot, agentName)
    return {
      name,
      description: agent?.description ?? '',
      multi: agentNames.length > 1,
      model: agent?.model ?? null,
      version,
      tool_count: tools.length,
      tools,
      source,
      writable,
    }
  }
}
