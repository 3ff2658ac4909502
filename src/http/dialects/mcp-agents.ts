import type { AgentSpec } from '#contract/agent-file.ts'
import type { Call } from './dialect.ts'

/** An agent as a tool: the name of its source is one that tools can have. */
export type AgentTool = { name: string; spec: AgentSpec }

/** The agents that the caller sees, each by the one that answers first. */
export function listAgentTools({ agents }: Call['house']): AgentTool[] {
  return agents.list().flatMap(({ name, file }) => {
    const spec = file.agents.root ?? Object.values(file.agents)[0]
    return spec === undefined ? [] : [{ name, spec }]
  })
}
