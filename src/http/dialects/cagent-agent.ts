import type { AgentDetail } from '#contract/agent.ts'
import { type AgentFile, type AgentSpec, modelReferences } from '#contract/agent-file.ts'

/** What the wire says of one agent of a team. */
export type TeamMember = {
  name: string
  description: string
  provider: string
  model: string
  welcomeMessage?: string
  commands?: Record<string, { description?: string; instruction: string }>
  /** Whether it has toolsets, which are told before each step. */
  equipped: boolean
}

export function teamOf(file: AgentFile): TeamMember[] {
  return Object.entries(file.agents).map(([name, spec]) => {
    const { description = '', welcome_message, commands, toolsets = [] } = spec
    return {
      name,
      description,
      ...modelOf(file, spec),
      ...(welcome_message !== undefined && { welcomeMessage: welcome_message }),
      ...(commands && { commands: toCommands(commands) }),
      equipped: toolsets.length > 0,
    }
  })
}

/** A source as its list shows it; the first agent speaks for it. */
export function toListedAgent(name: string, { agents }: AgentFile) {
  const [first, ...others] = Object.values(agents)
  return { name, description: first?.description ?? '', multi: others.length > 0 }
}

/** A file as JSON: agents are an array, and fields that its clients read are always there. */
export function toConfig(file: AgentDetail['config']) {
  const { version, agents, providers, models = {}, mcps, permissions, metadata = {} } = file
  const inline = Object.values(agents)
    .flatMap(({ model }) => modelReferences(model))
    .filter((reference) => !Object.hasOwn(models, reference) && reference.includes('/'))
    .map((reference) => [reference, splitModel(reference)] as const)
  const all = [...Object.entries(models), ...inline]
  return {
    ...(version !== undefined && { version: String(version) }),
    agents: Object.entries(agents).map(([name, spec]) => toAgent(name, spec)),
    ...(providers && { providers }),
    ...(all.length > 0 && {
      models: Object.fromEntries(
        all.map(([name, model]) => [name, { parallel_tool_calls: true, ...model }]),
      ),
    }),
    ...(mcps && { mcps }),
    metadata,
    ...(permissions && { permissions }),
  }
}

function toAgent(
  name: string,
  { model, toolsets, ...spec }: AgentDetail['config']['agents'][string],
) {
  return {
    Name: name,
    ...(model !== undefined && { model: modelReferences(model).join(',') }),
    ...spec,
    ...(toolsets && {
      toolsets: toolsets.map((toolset) => ({
        remote: { url: '' },
        api_config: {},
        ...toolset,
        defer: {},
      })),
    }),
  }
}

function modelOf(file: AgentFile, { model }: AgentSpec): { provider: string; model: string } {
  const [reference = ''] = modelReferences(model)
  const named = Object.hasOwn(file.models ?? {}, reference) ? file.models?.[reference] : undefined
  return named ? { provider: named.provider ?? '', model: named.model } : splitModel(reference)
}

/** `provider/model`; a model's own name may have slashes. */
function splitModel(reference: string): { provider: string; model: string } {
  const slash = reference.indexOf('/')
  return { provider: reference.slice(0, Math.max(slash, 0)), model: reference.slice(slash + 1) }
}

function toCommands(commands: NonNullable<AgentSpec['commands']>) {
  return Object.fromEntries(
    Object.entries(commands).map(([name, command]) => [
      name,
      typeof command === 'string' ? { instruction: command } : command,
    ]),
  )
}
