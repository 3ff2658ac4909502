import { readFile } from 'node:fs/promises'
import { platform } from 'node:os'
import { resolve } from 'node:path'
import type { AgentSpec } from '#contract/agent-file.ts'
import { Problem } from '#contract/problem.ts'
import type { AgentSnapshot } from './catalog.ts'
import type { Model, ModelSettings, Models } from './model.ts'
import type { Tool, ToolSession, Toolset, ToolsetFactory } from './tool.ts'

/** One agent of one version, ready to take steps. */
export type Assistant = {
  name: string
  spec: AgentSpec
  snapshot: AgentSnapshot
  /** The agents that it may give tasks to. */
  roster: { name: string; description: string }[]
  /** `override` is the run's own choice. */
  model(override: string | undefined): Model
  /** Its tools, and a warning for each toolset that could not be asked. */
  tools(session: ToolSession): Promise<{ tools: Tool[]; warnings: string[] }>
  systemPrompt(session: ToolSession, now: Date): Promise<string>
}

export type Assistants = {
  /** Throws a `Problem` when the snapshot has no such agent. */
  get(snapshot: AgentSnapshot, agentName: string): Assistant
  close(): Promise<void>
}

/** The agent that answers when none is named: `root`, else the first of the file. */
export function defaultAgentName(snapshot: AgentSnapshot): string {
  return 'root' in snapshot.file.agents ? 'root' : (Object.keys(snapshot.file.agents)[0] ?? 'root')
}

export function createAssistants({
  models,
  toolsets,
}: {
  models: Models
  toolsets: Record<string, ToolsetFactory>
}): Assistants {
  const ready = new Map<string, Assistant>()
  const opened: Toolset[] = []

  return {
    get(snapshot, agentName) {
      const key = `${snapshot.version} ${agentName}`
      const known = ready.get(key)
      if (known) return known
      const spec = snapshot.file.agents[agentName]
      if (!spec) {
        const names = Object.keys(snapshot.file.agents).join(', ')
        throw new Problem(
          'not_found',
          `Agent ${snapshot.name} has no agent ${agentName}; it has ${names}`,
        )
      }
      const sets = (spec.toolsets ?? []).map((entry) => openToolset(entry, snapshot, toolsets))
      opened.push(...sets.map(({ toolset }) => toolset))
      const assistant = createAssistant({ snapshot, agentName, spec, sets, models })
      ready.set(key, assistant)
      return assistant
    },
    async close() {
      await Promise.all(opened.map((toolset) => toolset.close?.()))
      ready.clear()
    },
  }
}

type OpenToolset = {
  toolset: Toolset
  type: string
  only: string[] | undefined
  instruction: string
}

function openToolset(
  entry: { type: string; tools?: string[]; instruction?: string },
  snapshot: AgentSnapshot,
  toolsets: Record<string, ToolsetFactory>,
): OpenToolset {
  const factory = toolsets[entry.type]
  if (!factory) throw new Problem('agent_invalid', `There is no toolset of type ${entry.type}`)
  const toolset = factory(entry, { baseDirectory: snapshot.baseDirectory })
  return {
    toolset,
    type: entry.type,
    only: entry.tools,
    instruction: entry.instruction ?? toolset.instruction ?? '',
  }
}

function createAssistant({
  snapshot,
  agentName,
  spec,
  sets,
  models,
}: {
  snapshot: AgentSnapshot
  agentName: string
  spec: AgentSpec
  sets: OpenToolset[]
  models: Models
}): Assistant {
  const roster = (spec.sub_agents ?? []).map((name) => ({
    name,
    description: snapshot.file.agents[name]?.description ?? '',
  }))
  const scope = { models: snapshot.file.models ?? {}, providers: snapshot.file.providers ?? {} }
  const settings: ModelSettings =
    spec.thinking_budget === undefined ? {} : { thinking_budget: spec.thinking_budget }
  const resolved = new Map<string | undefined, Model>()
  return {
    name: agentName,
    spec,
    snapshot,
    roster,
    model(override) {
      const known = resolved.get(override)
      if (known) return known
      const model = models.resolve(override ?? spec.model, scope, settings)
      resolved.set(override, model)
      return model
    },
    async tools(session) {
      const lists = await Promise.all(sets.map((set) => listTools(set, session)))
      return {
        tools: lists.flatMap((list) => list.tools),
        warnings: lists.flatMap((list) => list.warnings),
      }
    },
    systemPrompt: (session, now) =>
      buildSystemPrompt({ spec, snapshot, roster, sets, session, now }),
  }
}

async function listTools(
  { toolset, type, only }: OpenToolset,
  session: ToolSession,
): Promise<{ tools: Tool[]; warnings: string[] }> {
  try {
    const tools = await toolset.tools(session)
    const chosen = only ? tools.filter((tool) => only.includes(tool.definition.name)) : tools
    return { tools: chosen, warnings: [] }
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    return { tools: [], warnings: [`The ${type} tools are not available: ${reason}`] }
  }
}

async function buildSystemPrompt({
  spec,
  snapshot,
  roster,
  sets,
  session,
  now,
}: {
  spec: AgentSpec
  snapshot: AgentSnapshot
  roster: Assistant['roster']
  sets: OpenToolset[]
  session: ToolSession
  now: Date
}): Promise<string> {
  const files = await Promise.all(
    (spec.add_prompt_files ?? []).map((path) => readPromptFile(path, snapshot, session)),
  )
  const sections = [
    describeRoster(roster),
    spec.instruction ?? '',
    ...sets.map((set) => set.instruction),
    spec.add_date ? `Today's date: ${now.toISOString().slice(0, 10)}` : '',
    spec.add_environment_info ? describeEnvironment(session) : '',
    ...files,
  ]
  return sections.filter((section) => section !== '').join('\n\n')
}

function describeRoster(roster: Assistant['roster']): string {
  if (roster.length === 0) return ''
  const lines = roster.map(
    ({ name, description }) => `- ${name}: ${description || 'no description'}`,
  )
  return [
    'You lead these agents. Give one a task with transfer_task when it is better suited than you:',
    ...lines,
  ].join('\n')
}

function describeEnvironment(session: ToolSession): string {
  return `Working directory: ${session.workingDir ?? 'none'}\nPlatform: ${platform()}`
}

/** A prompt file may be missing, as with AGENTS.md in a directory that has none. */
async function readPromptFile(
  path: string,
  snapshot: AgentSnapshot,
  session: ToolSession,
): Promise<string> {
  for (const directory of [session.workingDir, snapshot.baseDirectory]) {
    if (!directory) continue
    try {
      return `${path}:\n${await readFile(resolve(directory, path), 'utf8')}`
    } catch {}
  }
  return ''
}
