import { rm, rmdir } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import { isDeepStrictEqual } from 'node:util'
import { parse, stringify } from 'smol-toml'
import type { AgentFile } from '#contract/agent-file.ts'
import { Problem } from '#contract/problem.ts'
import { type CodeTool, codeToolsOfFile } from './code-tools.ts'
import type { FilePath } from './problem.ts'
import { firstAgent } from './team.ts'
import { readTextFile } from './text-file.ts'
import { TomlAgent } from './toml-source.ts'
import type { Plan } from './write-plan.ts'

/** The files of a new TOML agent in a directory of its own. */
export function planTomlFile(directory: string, name: string, file: AgentFile): Plan {
  refuseOthers(file)
  const tools = codeToolsOfFile(file)
  const plan: Plan = new Map([[join(directory, 'prompt.txt'), firstAgent(file).instruction ?? '']])
  for (const tool of tools) planTool(plan, directory, newEntry(tool), tool)
  const agent = { name, system_prompt: 'prompt.txt', ...fieldsOf(file) }
  const entries = tools.map(newEntry)
  plan.set(
    join(directory, `${name}.toml`),
    stringify({ agent, ...(entries.length > 0 && { tools: entries }) }),
  )
  return plan
}

/** What has to be written, or removed, so that a TOML agent changes from one content to another. */
export function planTomlEdit(
  path: string,
  text: string,
  before: AgentFile,
  after: AgentFile,
): Plan {
  refuseOthers(after)
  const directory = dirname(path)
  const written = parse(text)
  const { agent, tools = [] } = TomlAgent.parse(written)
  const plan: Plan = new Map()
  const prompt = firstAgent(after).instruction ?? ''
  if (prompt !== firstAgent(before).instruction) {
    plan.set(resolve(directory, agent.system_prompt), prompt)
  }
  const old = codeToolsOfFile(before)
  const wanted = codeToolsOfFile(after)
  const entries = wanted.map((tool) => {
    const known = tools.find(({ name }) => name === tool.name)
    const isSame = known?.implementation.type === tool.language
    const entry = known && isSame ? known : newEntry(tool)
    const unchanged = old.some((each) => isDeepStrictEqual(each, tool))
    if (!unchanged) planTool(plan, directory, entry, tool)
    return entry
  })
  const { model: _, description: __, version: ___, ...kept } = Object(written.agent)
  const next = {
    ...written,
    agent: { ...kept, ...fieldsOf(after) },
    ...(entries.length > 0 ? { tools: entries } : {}),
  }
  if (entries.length === 0) Reflect.deleteProperty(next, 'tools')
  if (!isDeepStrictEqual(TomlAgent.parse(next), TomlAgent.parse(written))) {
    plan.set(path, stringify(next))
  }
  const used = new Set(entries.flatMap((entry) => filesOf(directory, entry)))
  for (const file of tools.flatMap((entry) => filesOf(directory, entry))) {
    if (!used.has(file)) plan.set(file, null)
  }
  return plan
}

/** The files that belong to a TOML agent, and to nobody else when they lie beside it. */
export async function tomlFilesOf(path: string): Promise<{ remove(): Promise<void> }> {
  const directory = dirname(path)
  const { agent, tools = [] } = TomlAgent.parse(parse(String(await readTextFile(path))))
  const files = [
    resolve(directory, agent.system_prompt),
    ...tools.flatMap((entry) => filesOf(directory, entry)),
  ].filter((file) => file.startsWith(join(directory, '/')))
  return {
    async remove() {
      await Promise.all(files.map((file) => rm(file, { force: true })))
      // A directory that holds something else stays.
      await rmdir(join(directory, 'tools')).catch(() => {})
      await rmdir(directory).catch(() => {})
    },
  }
}

type Entry = NonNullable<TomlAgent['tools']>[number]

function newEntry({ name, language }: CodeTool): Entry {
  const script = `tools/${name}.${language === 'python' ? 'py' : 'js'}`
  return { name, schema: `tools/${name}.json`, implementation: { type: language, script } }
}

function planTool(plan: Plan, directory: string, entry: Entry, tool: CodeTool): void {
  const [schema = '', script = ''] = filesOf(directory, entry)
  plan.set(schema, `${JSON.stringify(tool.schema, null, 2)}\n`)
  plan.set(script, tool.code)
}

function filesOf(directory: string, { schema, implementation }: Entry): string[] {
  return [resolve(directory, schema), resolve(directory, implementation.script)]
}

function fieldsOf(file: AgentFile) {
  const { model, description } = firstAgent(file)
  const version = file.metadata?.version
  return {
    ...(model !== undefined && { model: String(model) }),
    ...(description !== undefined && { description }),
    ...(version !== undefined && { version }),
  }
}

/** TOML agents have few fields. */
function refuseOthers(file: AgentFile): void {
  const errors = fieldsBeyond(file).map((path) => ({
    path: ['config', ...path].join('.'),
    message: 'a TOML agent has no such field; make it a YAML agent',
  }))
  const [first] = errors
  if (!first) return
  throw new Problem('agent_invalid', `${first.path}: ${first.message}`, { errors })
}

function fieldsBeyond(file: AgentFile): FilePath[] {
  const names = Object.keys(file.agents)
  const agent = firstAgent(file)
  const toolsets = agent.toolsets ?? []
  const at = ['agents', names[0] ?? 'root']
  return [
    ...extra(file, ['version', 'agents', 'metadata']).map((key) => [key]),
    ...extra(file.metadata ?? {}, ['version']).map((key) => ['metadata', key]),
    ...names.slice(1).map((name) => ['agents', name]),
    ...extra(agent, ['model', 'description', 'instruction', 'toolsets']).map((key) => [...at, key]),
    ...(Array.isArray(agent.model) ? [[...at, 'model']] : []),
    ...toolsets.flatMap((toolset, index) =>
      toolset.type === 'code' && index === 0
        ? extra(toolset, ['type', 'python', 'javascript']).map((key) => [...at, 'toolsets', key])
        : [[...at, 'toolsets', index]],
    ),
  ]
}

function extra(value: object, known: string[]): string[] {
  return Object.keys(value).filter((key) => !known.includes(key))
}
