import type { AgentDetail, AgentSummary } from '#contract/agent.ts'
import { type AgentFile, modelReferences } from '#contract/agent-file.ts'
import type { ToolDefinition } from '#contract/tool.ts'
import type { AgentSnapshot } from '#runtime/catalog.ts'

/**
 * The tools that one agent of a source can call now. With `patience` in milliseconds those of a
 * toolset that takes longer, as one whose server hangs, are left out.
 */
export type ToolDefinitions = (
  agent: AgentSnapshot,
  agentName: string,
  options?: { patience?: number },
) => Promise<ToolDefinition[]>

/** What a list of all agents waits for the tools of one. */
const patience = 2000

/** Shows agents. `conceal` takes away the secrets that somebody wrote into a file. */
export function createSummaries({
  toolDefinitions,
  conceal,
}: {
  toolDefinitions: ToolDefinitions
  conceal: (file: AgentFile) => AgentFile
}) {
  async function summarize(snapshot: AgentSnapshot): Promise<AgentSummary> {
    const { name, version, source, writable, file } = snapshot
    const agentName = firstAgentName(file)
    const agent = file.agents[agentName]
    const tools = await toolDefinitions(snapshot, agentName, { patience })
    const [model = null] = modelReferences(agent?.model)
    return {
      name,
      description: agent?.description ?? '',
      multi: Object.keys(file.agents).length > 1,
      model,
      version,
      tool_count: tools.length,
      tools: tools.map((tool) => tool.name),
      source,
      writable,
    }
  }

  return {
    summarize,
    async detail(snapshot: AgentSnapshot): Promise<AgentDetail> {
      return { ...(await summarize(snapshot)), config: conceal(snapshot.file) }
    },
  }
}

export type Summaries = ReturnType<typeof createSummaries>

/** The agent that runs when none is named. */
export function firstAgentName({ agents }: AgentFile): string {
  return Object.hasOwn(agents, 'root') ? 'root' : (Object.keys(agents)[0] ?? 'root')
}
