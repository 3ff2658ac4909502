import { resolve } from 'node:path'
import type { AgentFile, AgentSpec, ToolsetSpec } from '#contract/agent-file.ts'
import type { FilePath, PathProblem } from './problem.ts'
import { type ReadText, unreadable, unstorable } from './text-file.ts'

/** Puts the text of each file that a code toolset names in its place. */
export async function readCodeFiles(
  file: AgentFile,
  baseDirectory: string,
  readText: ReadText,
): Promise<{ file: AgentFile; paths: string[]; problems: PathProblem[] }> {
  const paths: string[] = []
  const problems: PathProblem[] = []
  const agents: [string, AgentSpec][] = []

  /** The text of a file, or nothing when that was told as a problem. */
  async function read(name: string, at: FilePath): Promise<string | undefined> {
    const path = resolve(baseDirectory, name)
    paths.push(path)
    const text = await readText(path)
    const message = text instanceof Error ? unreadable(text).message : unstorable(text)
    if (message === undefined) return String(text)
    problems.push({ path: at, message: `${path}: ${message}` })
    return undefined
  }

  async function readTool({ file: name, ...tool }: CodeTool, at: FilePath): Promise<CodeTool> {
    const code = name === undefined ? tool.code : await read(name, [...at, 'file'])
    const isSchemaFile = typeof tool.schema === 'string' && !tool.schema.trim().startsWith('{')
    const schema = isSchemaFile ? await read(String(tool.schema), [...at, 'schema']) : tool.schema
    return {
      ...tool,
      ...(code === undefined ? {} : { code }),
      ...(schema === undefined ? {} : { schema }),
    }
  }

  async function readToolset(toolset: ToolsetSpec, at: FilePath): Promise<ToolsetSpec> {
    if (toolset.type !== 'code') return toolset
    const readAll = async (language: 'python' | 'javascript') => {
      const tools = (toolset[language] ?? []).entries()
      return await inOrder(tools, ([index, tool]) => readTool(tool, [...at, language, index]))
    }
    const [python, javascript] = [await readAll('python'), await readAll('javascript')]
    return {
      ...toolset,
      ...(python.length > 0 ? { python } : {}),
      ...(javascript.length > 0 ? { javascript } : {}),
    }
  }

  for (const [name, agent] of Object.entries(file.agents)) {
    const entries = agent.toolsets?.entries()
    if (!entries) {
      agents.push([name, agent])
      continue
    }
    const toolsets = await inOrder(entries, ([index, toolset]) =>
      readToolset(toolset, ['agents', name, 'toolsets', index]),
    )
    agents.push([name, { ...agent, toolsets }])
  }
  return { file: { ...file, agents: Object.fromEntries(agents) }, paths, problems }
}

type CodeTool = NonNullable<Extract<ToolsetSpec, { type: 'code' }>['python']>[number]

async function inOrder<Item, Result>(
  items: Iterable<Item>,
  act: (item: Item) => Promise<Result>,
): Promise<Result[]> {
  const results: Result[] = []
  for (const item of items) results.push(await act(item))
  return results
}
