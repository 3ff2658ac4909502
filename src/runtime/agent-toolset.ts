import type { AgentSnapshot } from './catalog.ts'
import type { Tool, ToolSession, Toolset, ToolsetFactory } from './tool.ts'
import type { ToolsetEntry } from './toolset-entries.ts'

/** A tool with what the agent's file says about its toolset. */
export type AssistantTool = Tool & {
  /** Not shown to the model until it is found. */
  deferred?: true
  /** The model that goes on after it ran. */
  nextModel?: string
}

/** A toolset of one agent, with its entry. */
export type OpenToolset = {
  toolset: Toolset
  entry: ToolsetEntry
  instruction: string | undefined
}

/** One that cannot be made answers with the reason whenever it is asked for its tools. */
export function openToolset(
  entry: ToolsetEntry,
  {
    snapshot,
    toolsets,
    subAgents,
  }: {
    snapshot: AgentSnapshot
    toolsets: Record<string, ToolsetFactory>
    /** What the team calls the agents that it may give tasks to. */
    subAgents: string[]
  },
): OpenToolset {
  const { instruction } = entry
  try {
    const factory = toolsets[entry.type]
    if (!factory) throw new Error('this server knows no such type')
    const { baseDirectory, trusted = false } = snapshot
    const toolset = factory(entry, { subAgents, baseDirectory, allowStdio: trusted })
    return { toolset, entry, instruction }
  } catch (error) {
    return { toolset: { tools: () => Promise.reject(error) }, entry, instruction }
  }
}

/** Its tools, or a warning; also when `patience`, in milliseconds, is over before they are known. */
export async function listTools(
  { toolset, entry }: OpenToolset,
  session: ToolSession,
  patience: number | undefined,
): Promise<{ tools: AssistantTool[]; warnings: string[] }> {
  try {
    const tools = await within(patience, toolset.tools(session))
    const { tools: only } = entry
    const chosen = only ? tools.filter((tool) => only.includes(tool.definition.name)) : tools
    return { tools: chosen.map((tool) => withEntry(tool, entry)), warnings: [] }
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    return { tools: [], warnings: [`The ${entry.type} tools are not available: ${reason}`] }
  }
}

async function within<Result>(
  patience: number | undefined,
  result: Promise<Result>,
): Promise<Result> {
  if (patience === undefined) return result
  const { promise: late, reject } = Promise.withResolvers<never>()
  const timer = setTimeout(() => reject(new Error('they are not known yet')), patience)
  return Promise.race([result, late]).finally(() => clearTimeout(timer))
}

function withEntry(tool: Tool, { model, defer = false }: ToolsetEntry): AssistantTool {
  const isDeferred = typeof defer === 'boolean' ? defer : defer.includes(tool.definition.name)
  if (!isDeferred && model === undefined) return tool
  return {
    ...tool,
    ...(isDeferred ? { deferred: true as const } : {}),
    ...(model === undefined ? {} : { nextModel: model }),
  }
}
