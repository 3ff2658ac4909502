import type { Stats } from '#contract/agent.ts'
import type { Peer } from '#contract/peer.ts'
import type { AgentCatalog, AgentSnapshot } from '#runtime/catalog.ts'
import type { ModelInfo } from '#runtime/model.ts'
import type { Scope } from '#store/scope.ts'
import type { AppContext, Handlers } from '../env.ts'
import { found } from '../found.ts'
import { toPageRequest } from '../page-request.ts'
import { etagOf } from './agent-edits.ts'
import type { Summaries, ToolDefinitions } from './agent-summary.ts'
import type { SessionRows } from './sessions.ts'

type AgentHandlers = Pick<
  Handlers,
  | 'listAgents'
  | 'getAgent'
  | 'countAgentTools'
  | 'listAgentSessions'
  | 'getStats'
  | 'listModels'
  | 'listPeers'
>

export function agentHandlers({
  catalog,
  toolDefinitions,
  summaries,
  peers,
  sessions,
  models,
  stats,
}: {
  catalog: Pick<AgentCatalog, 'of'>
  toolDefinitions: ToolDefinitions
  summaries: Summaries
  /** This server and its peers. */
  peers: () => Promise<Peer[]>
  sessions: Pick<SessionRows, 'list'>
  models: { list(scope: Scope): Promise<ModelInfo[]> }
  stats: (scope: Scope) => Promise<Omit<Stats, 'agent_count'>>
}): AgentHandlers {
  return {
    async listAgents(c) {
      return c.json(
        await Promise.all(catalog.of(c.get('scope').tenant).list().map(summaries.summarize)),
        200,
      )
    },
    async getAgent(c) {
      const snapshot = find(c, c.req.valid('param').agent)
      return c.json(await summaries.detail(snapshot), 200, etagOf(snapshot))
    },
    async countAgentTools(c) {
      const { agent, agent_name } = c.req.valid('param')
      const snapshot = find(c, agent)
      found(snapshot.file.agents[agent_name], `agent ${agent_name} in ${agent}`)
      const tools = await toolDefinitions(snapshot, agent_name)
      return c.json({ available_tools: tools.length }, 200)
    },
    async listAgentSessions(c) {
      const { name } = find(c, c.req.valid('param').agent)
      const page = toPageRequest(c.req.valid('query'))
      return c.json(await sessions.list(c.get('scope'), page, { agent: name }), 200)
    },
    async getStats(c) {
      const counts = await stats(c.get('scope'))
      return c.json(
        { agent_count: catalog.of(c.get('scope').tenant).list().length, ...counts },
        200,
      )
    },
    async listModels(c) {
      return c.json(await models.list(c.get('scope')), 200)
    },
    async listPeers(c) {
      return c.json(await peers(), 200)
    },
  }

  function find(c: AppContext, name: string): AgentSnapshot {
    return found(
      catalog.of(c.get('scope').tenant).get(name),
      `agent ${name}; listAgents names them`,
    )
  }
}
