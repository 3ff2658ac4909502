import type { AgentFile, AgentSpec } from '#contract/agent-file.ts'
import { resolveMcpReference } from '#contract/toolset-mcp.ts'

/** What the runtime reads of an entry of `toolsets:`; the rest is its factory's. */
export type ToolsetEntry = {
  type: string
  tools?: string[]
  instruction?: string
  model?: string
  defer?: boolean | string[]
  [field: string]: unknown
}

/** The toolsets of an agent: those of its file, with what they refer to, and what fields imply. */
export function toolsetEntries(
  { toolsets = [], skills = false }: AgentSpec,
  { mcps = {} }: AgentFile,
): ToolsetEntry[] {
  const sources = skills === true ? ['local'] : skills === false ? [] : skills
  return [
    ...toolsets.map((entry) =>
      entry.type === 'mcp' ? { ...resolveMcpReference(entry, mcps), type: entry.type } : entry,
    ),
    ...(sources.length > 0 ? [{ type: 'skills', sources }] : []),
  ]
}
