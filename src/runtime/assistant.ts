import { platform } from 'node:os'
import { type AgentSpec, modelReferences } from '#contract/agent-file.ts'
import { Problem } from '#contract/problem.ts'
import { type AssistantTool, listTools, type OpenToolset, openToolset } from './agent-toolset.ts'
import { type AgentSnapshot, pinOf } from './catalog.ts'
import { type Hooks, type HooksFactory, noHooks } from './hooks.ts'
import type { Model, ModelSettings, Models } from './model.ts'
import { readPromptFile } from './prompt-file.ts'
import type { ToolSession, Toolset, ToolsetFactory } from './tool.ts'
import { toolsetEntries } from './toolset-entries.ts'

/** An agent of the team, by what the team calls it. */
export type Member = {
  name: string
  description: string
  /** Of another source for an agent that is not of this file. */
  snapshot: AgentSnapshot
  agentName: string
}

/** One agent of one version, ready to take steps. */
export type Assistant = {
  name: string
  spec: AgentSpec
  snapshot: AgentSnapshot
  /** The agents that it may give tasks to. */
  roster: Member[]
  /** The models that it may change to itself. */
  pickable: string[]
  /** The model that is asked first; `override` is the run's own choice. */
  model(override: string | undefined): Model
  /** All models in the order in which they are asked now: one that failed lately comes last. */
  models(override: string | undefined): Model[]
  /** The model failed: it is passed over for a while. */
  rest(model: Model): void
  /** The agents that it may hand the conversation over to. */
  handoffs: { name: string; description: string }[]
  /** What its file wants to be told, and asked. */
  hooks: Hooks
  /**
   * Its tools, and a warning for each toolset that could not be asked. With `patience` in
   * milliseconds a toolset that takes longer counts as one of those.
   */
  tools(
    session: ToolSession,
    options?: { patience?: number },
  ): Promise<{ tools: AssistantTool[]; warnings: string[] }>
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
  hooks,
}: {
  models: Models
  toolsets: Record<string, ToolsetFactory>
  hooks: HooksFactory
}): Assistants {
  const ready = new Map<string, Assistant>()
  const opened: Toolset[] = []

  return {
    get(snapshot, agentName) {
      const key = `${pinOf(snapshot)} ${agentName}`
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
      const subAgents = rosterOf(snapshot, spec).map(({ name }) => name)
      const sets = toolsetEntries(spec, snapshot.file).map((entry) =>
        openToolset(entry, { snapshot, toolsets, subAgents }),
      )
      opened.push(...sets.map(({ toolset }) => toolset))
      const assistant = createAssistant({
        snapshot,
        agentName,
        spec,
        sets,
        models,
        openHooks: hooks,
      })
      ready.set(key, assistant)
      return assistant
    },
    async close() {
      await Promise.all(opened.map((toolset) => toolset.close?.()))
      ready.clear()
    },
  }
}

function rosterOf(snapshot: AgentSnapshot, { sub_agents = [] }: AgentSpec): Member[] {
  return sub_agents.map((entry) => {
    const { links = {} } = snapshot
    const member = links[entry] ?? { name: entry, agentName: entry, snapshot }
    const description = member.snapshot.file.agents[member.agentName]?.description ?? ''
    return { ...member, description }
  })
}

function createAssistant({
  snapshot,
  agentName,
  spec,
  sets,
  models,
  openHooks,
}: {
  snapshot: AgentSnapshot
  agentName: string
  spec: AgentSpec
  sets: OpenToolset[]
  models: Models
  openHooks: HooksFactory
}): Assistant {
  const describe = (name: string) => ({
    name,
    description: snapshot.file.agents[name]?.description ?? '',
  })
  const roster = rosterOf(snapshot, spec)
  const handoffs = (spec.handoffs ?? []).map(describe)
  const scope = { models: snapshot.file.models ?? {}, providers: snapshot.file.providers ?? {} }
  const settings: ModelSettings =
    spec.thinking_budget === undefined ? {} : { thinking_budget: spec.thinking_budget }
  const resolved = new Map<string | undefined, Model>()
  const resting = new Map<string, number>()

  function resolve(reference: string | undefined): Model {
    const known = resolved.get(reference)
    if (known) return known
    const model = models.resolve(reference, scope, settings)
    resolved.set(reference, model)
    return model
  }

  function chain(override: string | undefined): Model[] {
    const first = override === undefined ? modelReferences(spec.model) : [override]
    const all = (first.length > 0 ? first : [undefined]).map(resolve)
    for (const reference of spec.fallback?.models ?? []) all.push(resolve(reference))
    if (resting.size === 0) return all
    const now = performance.now()
    const isResting = ({ id }: Model) => (resting.get(id) ?? 0) > now
    return [...all.filter((model) => !isResting(model)), ...all.filter(isResting)]
  }

  const { baseDirectory, trusted = false } = snapshot
  return {
    name: agentName,
    spec,
    snapshot,
    roster,
    handoffs,
    hooks: spec.hooks ? openHooks(spec.hooks, { baseDirectory, trusted }) : noHooks,
    pickable: (spec.toolsets ?? []).flatMap((entry) =>
      entry.type === 'model_picker' ? entry.models : [],
    ),
    model: (override) => chain(override)[0] ?? resolve(undefined),
    models: chain,
    rest(model) {
      resting.set(model.id, performance.now() + toMilliseconds(spec.fallback?.cooldown ?? '1m'))
    },
    async tools(session, { patience } = {}) {
      const lists = await Promise.all(sets.map((set) => listTools(set, session, patience)))
      return {
        tools: lists.flatMap((list) => list.tools),
        warnings: lists.flatMap((list) => list.warnings),
      }
    },
    systemPrompt: (session, now) =>
      buildSystemPrompt({ spec, snapshot, roster, handoffs, sets, session, now }),
  }
}

async function buildSystemPrompt({
  spec,
  snapshot,
  roster,
  handoffs,
  sets,
  session,
  now,
}: {
  spec: AgentSpec
  snapshot: AgentSnapshot
  roster: Assistant['roster']
  handoffs: Assistant['handoffs']
  sets: OpenToolset[]
  session: ToolSession
  now: Date
}): Promise<string> {
  const files = await Promise.all(
    (spec.add_prompt_files ?? []).map((path) => findPromptFile(path, snapshot, session)),
  )
  const sections = [
    describeRoster(roster),
    describeHandoffs(handoffs),
    spec.instruction ?? '',
    // Some toolsets know theirs only once they are connected.
    ...sets.map((set) => set.instruction ?? set.toolset.instruction ?? ''),
    spec.add_date ? `Today's date: ${now.toISOString().slice(0, 10)}` : '',
    spec.add_environment_info ? describeEnvironment(session) : '',
    ...files,
  ]
  return sections.filter((section) => section !== '').join('\n\n')
}

/** A time as the agent file writes it. */
function toMilliseconds(text: string): number {
  const units = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 }
  const [, amount = '0', unit = 's'] = /^(\d+)(ms|s|m|h)$/.exec(text) ?? []
  return Number(amount) * (units[unit as keyof typeof units] ?? 1000)
}

function describeHandoffs(handoffs: Assistant['handoffs']): string {
  if (handoffs.length === 0) return ''
  const lines = handoffs.map(
    ({ name, description }) => `- ${name}: ${description || 'no description'}`,
  )
  return [
    'You can hand the whole conversation over to one of these agents with handoff:',
    ...lines,
  ].join('\n')
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

/**
 * A prompt file may be missing, as with AGENTS.md in a directory that has none. A caller chose the
 * working directory, so nothing outside is read from there; only the operator's own files may name
 * what is beyond their folder.
 */
async function findPromptFile(
  path: string,
  snapshot: AgentSnapshot,
  session: ToolSession,
): Promise<string> {
  const places = [
    ...(session.workingDir === null ? [] : [{ directory: session.workingDir, within: true }]),
    { directory: snapshot.baseDirectory, within: snapshot.trusted !== true },
  ]
  for (const place of places) {
    const text = await readPromptFile(path, place)
    if (text !== null) return `${path}:\n${text}`
  }
  return ''
}
