import { Problem } from '#contract/problem.ts'
import type { AgentCatalog, AgentSnapshot } from '#runtime/catalog.ts'
import type { AppContext, Handlers } from '../env.ts'
import { found } from '../found.ts'
import { type AgentToolEdits, authorOf, etagOf } from './agent-edits.ts'
import type { ToolDefinitions } from './agent-summary.ts'
import { createToolList } from './agent-tool-list.ts'

type AgentToolHandlers = Pick<
  Handlers,
  'listAgentTools' | 'createAgentTool' | 'getAgentTool' | 'updateAgentTool' | 'deleteAgentTool'
>

/** The tools of the agent that runs when none is named. */
export function agentToolHandlers({
  catalog,
  agentToolEdits,
  toolDefinitions,
}: {
  catalog: Pick<AgentCatalog, 'of'>
  agentToolEdits: AgentToolEdits
  toolDefinitions: ToolDefinitions
}): AgentToolHandlers {
  const allTools = createToolList({ agentToolEdits, toolDefinitions })

  return {
    async listAgentTools(c) {
      const tools = await allTools(find(c, c.req.valid('param').agent))
      const shown = tools.map(({ name, description, implementation }) => ({
        name,
        description,
        implementation,
      }))
      return c.json(shown, 200)
    },
    async createAgentTool(c) {
      const { agent } = c.req.valid('param')
      const input = c.req.valid('json')
      const guard = { ifMatch: c.req.valid('header')['if-match'] }
      const { name } = input
      const known = (await allTools(find(c, agent))).find((tool) => tool.name === name)
      if (known) throw new Problem('conflict', `Agent ${agent} has a tool ${name} already`)
      const { tool, snapshot } = await agentToolEdits.create(authorOf(c), agent, input, guard)
      const place = `${c.get('base')}/api/agents/${encodeURIComponent(agent)}/tools/${encodeURIComponent(name)}`
      return c.json(tool, 201, { Location: place, ...etagOf(snapshot) })
    },
    async getAgentTool(c) {
      const { agent, tool: name } = c.req.valid('param')
      const snapshot = find(c, agent)
      const tool = (await allTools(snapshot)).find((each) => each.name === name)
      return c.json(found(tool, `tool ${name} of agent ${agent}`), 200, etagOf(snapshot))
    },
    async updateAgentTool(c) {
      const { agent, tool: name } = c.req.valid('param')
      const guard = { ifMatch: c.req.valid('header')['if-match'] }
      const change = { name, patch: c.req.valid('json') }
      await refuseBuiltin(c, agent, name)
      const { tool, snapshot } = await agentToolEdits.update(authorOf(c), agent, change, guard)
      return c.json(tool, 200, etagOf(snapshot))
    },
    async deleteAgentTool(c) {
      const { agent, tool } = c.req.valid('param')
      const guard = { ifMatch: c.req.valid('header')['if-match'] }
      await refuseBuiltin(c, agent, tool)
      await agentToolEdits.remove(authorOf(c), agent, tool, guard)
      return c.body(null, 204)
    },
  }

  function find(c: AppContext, name: string): AgentSnapshot {
    return found(
      catalog.of(c.get('scope').tenant).get(name),
      `agent ${name}; listAgents names them`,
    )
  }

  async function refuseBuiltin(c: AppContext, agent: string, name: string): Promise<void> {
    const tool = (await allTools(find(c, agent))).find((each) => each.name === name)
    if (found(tool, `tool ${name} of agent ${agent}`).implementation !== 'builtin') return
    throw new Problem(
      'agent_invalid',
      `The tool ${name} comes from a toolset of agent ${agent}; change its toolsets with updateAgent`,
    )
  }
}
