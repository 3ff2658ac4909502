import {
  type AgentFile,
  type AgentPermissions,
  type AgentSpec,
  modelReferences,
  type ToolsetSpec,
} from '#contract/agent-file.ts'
import { searchKeys } from '#contract/toolset-http.ts'
import { catalogPrefix, McpToolset, resolveMcpReference } from '#contract/toolset-mcp.ts'
import { mentionProblems } from './mentions.ts'
import { didYouMean } from './nearest.ts'
import type { FilePath, PathProblem } from './problem.ts'
import { secretProblems } from './secrets.ts'

/** What a schema cannot say: references between the parts of a file, patterns, hosts, secrets. */
export function checkAgentFile(
  file: AgentFile,
  environment: Record<string, string | undefined>,
): PathProblem[] {
  return [
    ...versionProblems(file),
    ...Object.entries(file.agents).flatMap(([name, agent]) =>
      agentProblems({ file, environment }, name, agent),
    ),
    ...mentionProblems(file),
    ...modelProblems(file),
    ...serverProblems(file),
    ...permissionProblems(['permissions'], file.permissions),
    ...secretProblems(file, environment),
  ]
}

function versionProblems({ version, agents }: AgentFile): PathProblem[] {
  const problems: PathProblem[] = []
  if (version !== undefined && !/^[0-7]$/.test(String(version))) {
    problems.push({
      path: ['version'],
      message: `version ${version} of the format is not known; write version: "1"`,
    })
  }
  if (Object.keys(agents).length === 0) {
    problems.push({ path: ['agents'], message: 'at least one agent is needed' })
  }
  return problems
}

type World = { file: AgentFile; environment: Record<string, string | undefined> }

function agentProblems(world: World, name: string, agent: AgentSpec): PathProblem[] {
  const { file } = world
  const path = ['agents', name]
  return [
    ...doubleProblems([...path, 'sub_agents'], agent.sub_agents),
    ...handoffProblems([...path, 'handoffs'], agent.handoffs, Object.keys(file.agents)),
    ...modelReferences(agent.model).flatMap((reference) =>
      referenceProblems([...path, 'model'], reference, file),
    ),
    ...(agent.fallback?.models ?? []).flatMap((reference, index) =>
      referenceProblems([...path, 'fallback', 'models', index], reference, file),
    ),
    ...permissionProblems([...path, 'permissions'], agent.permissions),
    ...skillProblems([...path, 'skills'], agent.skills),
    ...(agent.toolsets ?? []).flatMap((toolset, index) =>
      toolsetProblems([...path, 'toolsets', index], toolset, world),
    ),
    ...backgroundProblems(path, agent),
  ]
}

function backgroundProblems(
  path: FilePath,
  { sub_agents = [], toolsets = [] }: AgentSpec,
): PathProblem[] {
  if (sub_agents.length > 0) return []
  return toolsets.flatMap(({ type }, index) => {
    if (type !== 'background_agents') return []
    const message = 'the agent has nobody to give tasks to; name agents under sub_agents'
    return [{ path: [...path, 'toolsets', index, 'type'], message }]
  })
}

function doubleProblems(path: FilePath, names: string[] = []): PathProblem[] {
  return names.flatMap((name, index) => {
    if (names.indexOf(name) === index) return []
    return [{ path: [...path, index], message: `${name} is listed twice` }]
  })
}

/** A conversation stays with the agents of one file: its history is theirs. */
function handoffProblems(path: FilePath, names: string[] = [], known: string[]): PathProblem[] {
  const unknown = names.flatMap((name, index) => {
    if (known.includes(name)) return []
    const hint = didYouMean(name, known) || `; the agents are ${known.join(', ')}`
    const elsewhere = '; agents of other sources can be named under sub_agents'
    const message = `no agent ${name} in this file${/[/:]/.test(name) ? elsewhere : hint}`
    return [{ path: [...path, index], message }]
  })
  return [...unknown, ...doubleProblems(path, names)]
}

function referenceProblems(
  path: FilePath,
  reference: string | undefined,
  { models = {} }: AgentFile,
): PathProblem[] {
  if (reference === undefined || reference === 'auto' || Object.hasOwn(models, reference)) return []
  if (/^[^/\s]+\/\S+$/.test(reference)) return []
  const hint = didYouMean(reference, Object.keys(models)) || '; write provider/model'
  return [{ path, message: `no model ${reference} under models${hint}` }]
}

function modelProblems({ models = {} }: AgentFile): PathProblem[] {
  return Object.entries(models).flatMap(([name, spec]) => {
    if (spec.provider !== undefined || spec.model.includes('/')) return []
    const path = ['models', name, 'model']
    return [{ path, message: 'no provider; add provider: or write provider/model' }]
  })
}

/** A server of one file stands for itself: what it refers to is in the catalog. */
function serverProblems({ mcps = {} }: AgentFile): PathProblem[] {
  return Object.entries(mcps).flatMap(([name, { ref }]) => {
    if (ref === undefined || ref.startsWith(catalogPrefix)) return []
    const message = `${ref} is no server of a catalog; write ${catalogPrefix}${ref}, or command or remote`
    return [{ path: ['mcps', name, 'ref'], message }]
  })
}

function referencedServerProblems(
  path: FilePath,
  toolset: Extract<ToolsetSpec, { type: 'mcp' }>,
  { mcps = {} }: AgentFile,
): PathProblem[] {
  const { ref } = toolset
  if (ref === undefined || ref.startsWith(catalogPrefix)) return []
  if (!Object.hasOwn(mcps, ref)) {
    const hint =
      didYouMean(ref, Object.keys(mcps)) || `; write ${catalogPrefix}${ref} for one of the catalog`
    return [{ path: [...path, 'ref'], message: `no server ${ref} under mcps${hint}` }]
  }
  const merged = McpToolset.safeParse({ ...resolveMcpReference(toolset, mcps), type: 'mcp' })
  if (merged.success) return []
  return merged.error.issues.map(({ message }) => ({
    path,
    message: `with mcps.${ref}: ${message}`,
  }))
}

function skillProblems(path: FilePath, skills: AgentSpec['skills']): PathProblem[] {
  if (!Array.isArray(skills)) return []
  return skills.flatMap((source, index) => {
    if (!/^\w+:\/\//.test(source)) return []
    const message = 'skills from a URL are not supported; write local or a directory'
    return [{ path: [...path, index], message }]
  })
}

const permissionPattern = /^[^\s:=]+(:[A-Za-z_][\w-]*=[^\n]*)?$/

function permissionProblems(path: FilePath, rules: AgentPermissions | undefined): PathProblem[] {
  return Object.entries(rules ?? {}).flatMap(([effect, patterns]) =>
    (patterns ?? []).flatMap((pattern, index) => {
      if (permissionPattern.test(pattern)) return []
      const message = `${JSON.stringify(pattern)} is no pattern; write tool or tool:argument=glob`
      return [{ path: [...path, effect, index], message }]
    }),
  )
}

const hostPattern = /^(\*\.)?[\p{L}\p{N}_-]+(\.[\p{L}\p{N}_-]+)*(:\d+)?$|^\[[0-9a-f:.]+\](:\d+)?$/iu

function toolsetProblems(path: FilePath, toolset: ToolsetSpec, world: World): PathProblem[] {
  return [
    ...referenceProblems([...path, 'model'], toolset.model, world.file),
    ...ownProblems(path, toolset, world),
  ]
}

function ownProblems(
  path: FilePath,
  toolset: ToolsetSpec,
  { file, environment }: World,
): PathProblem[] {
  switch (toolset.type) {
    case 'mcp':
      return referencedServerProblems(path, toolset, file)
    case 'fetch':
      return hostProblems(path, toolset)
    case 'model_picker':
      return toolset.models.flatMap((model, index) =>
        referenceProblems([...path, 'models', index], model, file),
      )
    case 'web_search':
      return searchKeyProblems(path, toolset, environment)
    case 'code':
      return codeProblems(path, toolset)
    case 'script':
      return chosenProblems(path, toolset.tools, Object.keys(toolset.shell))
    case 'api':
      return chosenProblems(path, toolset.tools, [toolset.api_config?.name ?? toolset.name ?? ''])
    default:
      return []
  }
}

/** `tools:` of a set whose tools the file itself names. */
function chosenProblems(path: FilePath, tools: string[] = [], known: string[]): PathProblem[] {
  return tools.flatMap((name, index) => {
    if (known.includes(name)) return []
    const hint = didYouMean(name, known) || `; the tools are ${known.join(', ')}`
    return [{ path: [...path, 'tools', index], message: `no tool ${name} in this set${hint}` }]
  })
}

function codeProblems(
  path: FilePath,
  { python = [], javascript = [], tools }: Extract<ToolsetSpec, { type: 'code' }>,
): PathProblem[] {
  const names = new Set<string>()
  if (python.length + javascript.length === 0) {
    return [{ path, message: 'no tools; list them under python or javascript' }]
  }
  const twice = Object.entries({ python, javascript }).flatMap(([language, entries]) =>
    entries.flatMap(({ name }, index) => {
      const isKnown = names.has(name)
      names.add(name)
      if (!isKnown) return []
      return [{ path: [...path, language, index, 'name'], message: `there are two tools ${name}` }]
    }),
  )
  return [...twice, ...chosenProblems(path, tools, [...names])]
}

function hostProblems(
  path: FilePath,
  { allow = [], deny = [] }: { allow?: string[]; deny?: string[] },
): PathProblem[] {
  return Object.entries({ allow, deny }).flatMap(([field, hosts]) =>
    hosts.flatMap((host, index) => {
      if (hostPattern.test(host)) return []
      const message = `${JSON.stringify(host)} is no host; write example.org or *.example.org`
      return [{ path: [...path, field, index], message }]
    }),
  )
}

function searchKeyProblems(
  path: FilePath,
  toolset: Extract<ToolsetSpec, { type: 'web_search' }>,
  environment: World['environment'],
): PathProblem[] {
  const name = toolset.token_key ?? searchKeys[toolset.provider]
  if (name === null || environment[name]) return []
  const message = `the environment variable ${name} is not set; it holds the key of ${toolset.provider}`
  return [{ path: [...path, toolset.token_key ? 'token_key' : 'provider'], message }]
}
