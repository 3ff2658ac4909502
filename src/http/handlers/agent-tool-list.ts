import type { AgentTool } from '#contract/agent-tool.ts'
import type { ToolDefinition } from '#contract/tool.ts'
import type { AgentSnapshot } from '#runtime/catalog.ts'
import type { AgentToolEdits } from './agent-edits.ts'
import { firstAgentName, type ToolDefinitions } from './agent-summary.ts'

/** The tools of the agent that runs when none is named, with what they are made of. */
export type ToolList = (snapshot: AgentSnapshot) => Promise<AgentTool[]>

export function createToolList({
  agentToolEdits,
  toolDefinitions,
}: {
  agentToolEdits: Pick<AgentToolEdits, 'list'>
  toolDefinitions: ToolDefinitions
}): ToolList {
  /** Those of toolsets, and those of code also while the server runs no code. */
  return async (snapshot) => {
    const definitions = await toolDefinitions(snapshot, firstAgentName(snapshot.file))
    const made = agentToolEdits.list(snapshot)
    const isMade = (name: string) => made.some((tool) => tool.name === name)
    const described = made.map((tool) => {
      const definition = definitions.find(({ name }) => name === tool.name)
      return definition ? { ...tool, description: definition.description } : tool
    })
    return [...definitions.filter(({ name }) => !isMade(name)).map(toBuiltin), ...described]
  }
}

function toBuiltin({ name, description, parameters }: ToolDefinition): AgentTool {
  const schema_json = JSON.stringify(parameters, null, 2)
  return { name, description, implementation: 'builtin', schema_json, code: null }
}
