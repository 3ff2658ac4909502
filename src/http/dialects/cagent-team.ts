import type { ToolDefinition } from '#contract/tool.ts'
import type { TeamMember } from './cagent-agent.ts'
import type { Frame } from './cagent-frames.ts'

export type AgentTools = { agent: string; definitions: ToolDefinition[] }

/** What is told about agents and their tools: when a stream begins, and when another one is at work. */
export function createTeamFrames({ team, tools }: { team: TeamMember[]; tools: AgentTools }) {
  return {
    info(name: string, told: { model?: string; description?: string } = {}): Frame {
      const member = team.find((each) => each.name === name)
      return {
        type: 'agent_info',
        agent_name: name,
        model: told.model ?? (member ? `${member.provider}/${member.model}` : ''),
        description: told.description ?? member?.description ?? '',
        ...(member?.welcomeMessage !== undefined && { welcome_message: member.welcomeMessage }),
      }
    },
    team(current: string): Frame {
      const available = team.map(({ name, description, provider, model, commands }) => ({
        name,
        description,
        provider,
        model,
        ...(commands && { commands }),
      }))
      return { type: 'team_info', available_agents: available, current_agent: current }
    },
    /** The tools of other agents are not counted, since that starts their toolsets. */
    listing(name: string): Frame[] {
      if (name !== tools.agent) return []
      const info = {
        type: 'toolset_info',
        available_tools: tools.definitions.length,
        loading: false,
      }
      const equipped = team.some((member) => member.name === name && member.equipped)
      if (!equipped) return [info]
      return [{ type: 'mcp_init_started' }, { type: 'mcp_init_finished' }, info]
    },
  }
}
