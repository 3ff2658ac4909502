import type { AgentSpec } from '#contract/agent-file.ts'
import type { Call } from './dialect.ts'

/** An agent as a tool. */
export type AgentTool = { tool: string; agent: string; spec: AgentSpec }

/**
 * The agents that the caller sees. The name of a source becomes that of a tool, which has fewer
 * characters; where two become equal, the later ones by name are numbered.
 */
export function listAgentTools({ agents }: Call['house']): AgentTool[] {
  const taken = new Set<string>()
  return agents.list().flatMap(({ name, file }) => {
    const spec = file.agents.root ?? Object.values(file.agents)[0]
    if (spec === undefined) return []
    const tool = freeName(toToolName(name), taken)
    taken.add(tool)
    return [{ tool, agent: name, spec }]
  })
}

function toToolName(name: string): string {
  return name.replaceAll(/[^A-Za-z0-9_.-]+/g, '_').slice(0, longestName) || 'agent'
}

function freeName(name: string, taken: ReadonlySet<string>): string {
  for (let number = 1; ; number += 1) {
    const numbered = number === 1 ? name : `${name}_${number}`
    if (!taken.has(numbered)) return numbered
  }
}

/** Leaves room for a number; clients take 64. */
const longestName = 60
