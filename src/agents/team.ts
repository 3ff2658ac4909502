import type { AgentFile, AgentSpec } from '#contract/agent-file.ts'

/** The agent of a file that answers when none is named: `root`, else the first. */
export function firstAgentName({ agents }: AgentFile): string {
  return Object.hasOwn(agents, 'root') ? 'root' : (Object.keys(agents)[0] ?? 'root')
}

export function firstAgent(file: AgentFile): AgentSpec {
  return file.agents[firstAgentName(file)] ?? {}
}

/** The file with another first agent; its agents keep their order. */
export function withFirstAgent(
  file: AgentFile,
  change: (agent: AgentSpec) => AgentSpec,
): AgentFile {
  const name = firstAgentName(file)
  return { ...file, agents: { ...file.agents, [name]: change(firstAgent(file)) } }
}
