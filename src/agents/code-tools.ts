import type { AgentFile, AgentSpec, ToolsetSpec } from '#contract/agent-file.ts'
import type { AgentTool } from '#contract/agent-tool.ts'
import { firstAgent, withFirstAgent } from './team.ts'

export type CodeLanguage = 'python' | 'javascript'

/** A tool of a code toolset whose parts were read. */
export type CodeTool = {
  name: string
  language: CodeLanguage
  code: string
  schema: unknown
  description?: string
}

type CodeToolset = Extract<ToolsetSpec, { type: 'code' }>
type CodeEntry = NonNullable<CodeToolset['python']>[number]

/** The tools in Python and JavaScript of one agent. */
export function codeToolsOf(agent: AgentSpec): CodeTool[] {
  return codeToolsets(agent).flatMap((toolset) =>
    languages.flatMap((language) =>
      (toolset[language] ?? []).map(({ name, code, schema, description }) => ({
        name,
        language,
        code: code ?? '',
        schema: schema ?? {},
        ...(description !== undefined && { description }),
      })),
    ),
  )
}

/** Those of the agent that answers when none is named. */
export function codeToolsOfFile(file: AgentFile): CodeTool[] {
  return codeToolsOf(firstAgent(file))
}

/** What would run, of all agents of a file; equal texts are equal code. */
export function codeTextsOf(file: AgentFile): string[] {
  return Object.values(file.agents)
    .flatMap(codeToolsOf)
    .map(({ name, language, code }) => JSON.stringify([name, language, code]))
}

/** Adds a tool to the first agent, or puts it in the place of the one with its name. */
export function withCodeTool(file: AgentFile, tool: CodeTool): AgentFile {
  return withFirstAgent(file, (agent) => {
    const toolsets = agent.toolsets ?? []
    const holder = toolsets.findIndex((toolset) => isCode(toolset) && hasTool(toolset, tool.name))
    const index = holder >= 0 ? holder : toolsets.findIndex(isCode)
    if (index < 0) return { ...agent, toolsets: [...toolsets, addTool({ type: 'code' }, tool)] }
    return {
      ...agent,
      toolsets: toolsets.map((toolset, at) =>
        at === index && isCode(toolset) ? addTool(toolset, tool) : toolset,
      ),
    }
  })
}

/** A toolset that loses its last tool goes too, and with the last toolset their list. */
export function withoutCodeTool(file: AgentFile, name: string): AgentFile {
  return withFirstAgent(file, ({ toolsets = [], ...agent }) => {
    const left = toolsets.flatMap((toolset) => {
      if (!isCode(toolset) || !hasTool(toolset, name)) return [toolset]
      const rest = removeTool(toolset, name)
      return rest.python || rest.javascript ? [rest] : []
    })
    return left.length > 0 ? { ...agent, toolsets: left } : agent
  })
}

export function toAgentTool({ name, language, code, schema, description }: CodeTool): AgentTool {
  const described = typeof schema === 'object' && schema !== null ? schema : {}
  const own = 'description' in described ? String(described.description) : ''
  return {
    name,
    description: description ?? own,
    implementation: language,
    schema_json: typeof schema === 'string' ? schema : JSON.stringify(schema, null, 2),
    code,
  }
}

const languages = ['python', 'javascript'] as const

function codeToolsets(agent: AgentSpec): CodeToolset[] {
  return (agent.toolsets ?? []).filter(isCode)
}

function isCode(toolset: ToolsetSpec): toolset is CodeToolset {
  return toolset.type === 'code'
}

function hasTool(toolset: CodeToolset, name: string): boolean {
  return languages.some((language) => toolset[language]?.some((entry) => entry.name === name))
}

function addTool(toolset: CodeToolset, { language, ...tool }: CodeTool): CodeToolset {
  // The schema was checked by the runner: it is an object.
  const made = tool as CodeEntry
  const entries = toolset[language] ?? []
  const known = entries.find(({ name }) => name === tool.name)
  if (known === undefined) {
    // It may stand under the other language.
    return { ...removeTool(toolset, tool.name), [language]: [...entries, made] }
  }
  const { timeout } = known
  const changed = { ...made, ...(timeout !== undefined && { timeout }) }
  return { ...toolset, [language]: entries.map((entry) => (entry === known ? changed : entry)) }
}

function removeTool(toolset: CodeToolset, name: string): CodeToolset {
  const { python, javascript, ...rest } = toolset
  const left = (entries: CodeEntry[] = []) => entries.filter((entry) => entry.name !== name)
  return {
    ...rest,
    ...(left(python).length > 0 && { python: left(python) }),
    ...(left(javascript).length > 0 && { javascript: left(javascript) }),
  }
}
