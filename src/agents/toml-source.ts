import { resolve } from 'node:path'
import { parse, TomlError } from 'smol-toml'
import { z } from 'zod'
import { agentNamePattern } from './agent-name.ts'
import type { AgentParts, LoadContext } from './agent-parts.ts'
import { checkAgentValue } from './parse.ts'
import type { PathProblem } from './problem.ts'
import { schemaProblems } from './schema-problems.ts'
import type { ReadText } from './text-file.ts'
import { unreadable, unstorable } from './text-file.ts'

/** The layout of a TOML agent: `[agent]`, and `[[tools]]` with a schema and a script each. */
export const TomlAgent = z.object({
  agent: z.object({
    name: z.string().regex(agentNamePattern, 'use letters, digits, ., _ and -'),
    system_prompt: z.string().min(1),
    model: z.string().min(1).optional(),
    description: z.string().optional(),
    version: z.string().optional(),
  }),
  tools: z
    .array(
      z.object({
        name: z.string().min(1),
        schema: z.string().min(1),
        implementation: z.object({
          type: z.enum(['python', 'javascript'], 'only python and javascript tools are supported'),
          script: z.string().min(1),
        }),
      }),
    )
    .optional(),
})
export type TomlAgent = z.infer<typeof TomlAgent>

export function isToml(path: string): boolean {
  return path.toLowerCase().endsWith('.toml')
}

/** Directories hold other TOML files too; only one with this table is an agent. */
export function isTomlAgent(text: string): boolean {
  return /^\s*\[\s*agent\s*\]/m.test(text)
}

/** Reads a TOML agent with its prompt, schemas and scripts as the team of one that it is. */
export async function loadToml(
  text: string,
  { baseDirectory, environment, readText }: LoadContext,
): Promise<AgentParts> {
  const source = parseToml(text)
  if (source instanceof TomlError) {
    const { line, column, message } = source
    const [reason = ''] = message.split('\n')
    return { dependencies: [], problems: [{ line, column, message: `not valid TOML: ${reason}` }] }
  }
  const parsed = TomlAgent.safeParse(source)
  if (!parsed.success) return placed(text, [], schemaProblems(parsed.error.issues, source))
  const files = await readParts(parsed.data, baseDirectory, readText)
  if (files.problems.length > 0) return placed(text, files.dependencies, files.problems)
  const checked = checkAgentValue(toAgentFile(parsed.data, files.texts), { environment })
  if ('problems' in checked) return placed(text, files.dependencies, checked.problems)
  return {
    dependencies: files.dependencies,
    name: parsed.data.agent.name,
    file: checked.file,
  }
}

function parseToml(text: string): unknown {
  try {
    return parse(text)
  } catch (error) {
    if (error instanceof TomlError) return error
    throw error
  }
}

async function readParts({ agent, tools = [] }: TomlAgent, baseDirectory: string, read: ReadText) {
  const wanted = [
    { path: ['agent', 'system_prompt'], file: agent.system_prompt },
    ...tools.flatMap(({ schema, implementation }, index) => [
      { path: ['tools', index, 'schema'], file: schema },
      { path: ['tools', index, 'implementation', 'script'], file: implementation.script },
    ]),
  ]
  const texts = new Map<string, string>()
  const problems: PathProblem[] = []
  for (const { path, file } of wanted) {
    const text = await read(resolve(baseDirectory, file))
    const message = text instanceof Error ? unreadable(text).message : unstorable(text)
    if (message !== undefined) problems.push({ path, message: `${file}: ${message}` })
    texts.set(file, String(text))
  }
  for (const [index, { schema }] of tools.entries()) {
    const message = schemaFault(texts.get(schema) ?? '')
    if (message)
      problems.push({ path: ['tools', index, 'schema'], message: `${schema}: ${message}` })
  }
  return { texts, problems, dependencies: wanted.map(({ file }) => resolve(baseDirectory, file)) }
}

function schemaFault(text: string): string | undefined {
  try {
    const schema: unknown = JSON.parse(text)
    const isObject = typeof schema === 'object' && schema !== null && !Array.isArray(schema)
    return isObject ? undefined : 'a JSON object is needed'
  } catch (error) {
    return `not valid JSON: ${error instanceof Error ? error.message : String(error)}`
  }
}

function toAgentFile({ agent, tools = [] }: TomlAgent, texts: Map<string, string>): unknown {
  const entries = (language: 'python' | 'javascript') =>
    tools
      .filter(({ implementation }) => implementation.type === language)
      .map(({ name, schema, implementation }) => ({
        name,
        schema: JSON.parse(texts.get(schema) ?? ''),
        code: texts.get(implementation.script),
      }))
  const [python, javascript] = [entries('python'), entries('javascript')]
  const code = {
    type: 'code',
    ...(python.length > 0 && { python }),
    ...(javascript.length > 0 && { javascript }),
  }
  const root = {
    ...(agent.model !== undefined && { model: agent.model }),
    ...(agent.description !== undefined && { description: agent.description }),
    instruction: texts.get(agent.system_prompt),
    ...(tools.length > 0 && { toolsets: [code] }),
  }
  return {
    agents: { root },
    ...(agent.version !== undefined && { metadata: { version: agent.version } }),
  }
}

/** The parser keeps no places; a line that begins with the field is a good guess. */
function placed(text: string, dependencies: string[], problems: PathProblem[]): AgentParts {
  const lines = text.split('\n')
  return {
    dependencies,
    problems: problems.map(({ path, message }) => {
      const field = path.findLast((step) => typeof step === 'string')
      const found = lines.findIndex((line) => new RegExp(`^\\s*"?${field}"?\\s*=`).test(line))
      return { line: found + 1 || 1, column: 1, message: `${path.join('.')}: ${message}` }
    }),
  }
}
