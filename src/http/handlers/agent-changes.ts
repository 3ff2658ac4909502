import type { AgentCatalog, AgentSnapshot } from '#runtime/catalog.ts'
import type { AppContext, Handlers } from '../env.ts'
import { found } from '../found.ts'
import { toPageRequest } from '../page-request.ts'
import { type AgentEdits, authorOf, etagOf } from './agent-edits.ts'
import { firstAgentName, type Summaries } from './agent-summary.ts'

type AgentChangeHandlers = Pick<
  Handlers,
  | 'createAgent'
  | 'updateAgent'
  | 'deleteAgent'
  | 'duplicateAgent'
  | 'reloadAgent'
  | 'getAgentConfig'
  | 'getAgentPrompt'
  | 'updateAgentPrompt'
  | 'listAgentVersions'
  | 'getAgentVersion'
  | 'restoreAgentVersion'
>

/** Making and changing agents, and what they are made of. */
export function agentChangeHandlers({
  catalog,
  agentEdits,
  summaries,
}: {
  catalog: Pick<AgentCatalog, 'of'>
  agentEdits: AgentEdits
  summaries: Summaries
}): AgentChangeHandlers {
  return {
    async createAgent(c) {
      const snapshot = await agentEdits.create(authorOf(c), c.req.valid('json'))
      return c.json(await summaries.detail(snapshot), 201, madeHeaders(c, snapshot))
    },
    async updateAgent(c) {
      const { agent } = c.req.valid('param')
      const guard = { ifMatch: c.req.valid('header')['if-match'] }
      const patch = c.req.valid('json')
      const snapshot = await agentEdits.update(authorOf(c), agent, patch, guard)
      return c.json(await summaries.detail(snapshot), 200, etagOf(snapshot))
    },
    async deleteAgent(c) {
      const guard = { ifMatch: c.req.valid('header')['if-match'] }
      await agentEdits.remove(authorOf(c), c.req.valid('param').agent, guard)
      return c.body(null, 204)
    },
    async duplicateAgent(c) {
      const { new_name } = c.req.valid('json')
      const { agent } = c.req.valid('param')
      const snapshot = await agentEdits.duplicate(authorOf(c), agent, new_name)
      return c.json(await summaries.detail(snapshot), 201, madeHeaders(c, snapshot))
    },
    async reloadAgent(c) {
      const snapshot = await agentEdits.reload(authorOf(c), c.req.valid('param').agent)
      return c.json(await summaries.detail(snapshot), 200, etagOf(snapshot))
    },
    async getAgentConfig(c) {
      const snapshot = find(c, c.req.valid('param').agent)
      return c.json(await agentEdits.config(authorOf(c), snapshot.name), 200, etagOf(snapshot))
    },
    async getAgentPrompt(c) {
      const snapshot = find(c, c.req.valid('param').agent)
      return c.json({ content: promptOf(snapshot) }, 200, etagOf(snapshot))
    },
    async updateAgentPrompt(c) {
      const { agent } = c.req.valid('param')
      const guard = { ifMatch: c.req.valid('header')['if-match'] }
      const { content } = c.req.valid('json')
      const snapshot = await agentEdits.updatePrompt(authorOf(c), agent, content, guard)
      return c.json({ content: promptOf(snapshot) }, 200, etagOf(snapshot))
    },
    async listAgentVersions(c) {
      const { name } = find(c, c.req.valid('param').agent)
      const page = toPageRequest(c.req.valid('query'))
      return c.json(await agentEdits.versions(authorOf(c), name, page), 200)
    },
    async getAgentVersion(c) {
      const { agent, version } = c.req.valid('param')
      const { name } = find(c, agent)
      return c.json(await agentEdits.version(authorOf(c), name, version), 200)
    },
    async restoreAgentVersion(c) {
      const { agent, version } = c.req.valid('param')
      const guard = { ifMatch: c.req.valid('header')['if-match'] }
      const snapshot = await agentEdits.restore(authorOf(c), agent, version, guard)
      return c.json(await summaries.detail(snapshot), 200, etagOf(snapshot))
    },
  }

  function find(c: AppContext, name: string): AgentSnapshot {
    return found(
      catalog.of(c.get('scope').tenant).get(name),
      `agent ${name}; listAgents names them`,
    )
  }
}

function madeHeaders(c: AppContext, snapshot: AgentSnapshot) {
  return {
    Location: `${c.get('base')}/api/agents/${encodeURIComponent(snapshot.name)}`,
    ...etagOf(snapshot),
  }
}

function promptOf({ file }: AgentSnapshot): string {
  return file.agents[firstAgentName(file)]?.instruction ?? ''
}
