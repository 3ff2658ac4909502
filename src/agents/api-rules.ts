import { isAbsolute, normalize, sep } from 'node:path'
import type { AgentFile, ToolsetSpec } from '#contract/agent-file.ts'
import { catalogPrefix } from '#contract/toolset-mcp.ts'
import type { FilePath, PathProblem } from './problem.ts'

/** What the operator allows agents that are made over the API. */
export type ApiRules = {
  /** `HOST` or `HOST:PORT` of model servers that such an agent may name. */
  allowHosts: readonly string[]
  /** Commands may be run. */
  shell: boolean
}

/**
 * What a file may not hold because it comes over the API: commands, names of keys, variables of the
 * server, model servers of its own choice and paths that leave the workspace. Together they would
 * read any file and send any secret anywhere. What stands in `trusted` as it is was the operator's
 * decision.
 */
export function apiProblems(file: AgentFile, rules: ApiRules, trusted?: AgentFile): PathProblem[] {
  const known = new Set(trusted ? unitsOf(trusted, rules).map(({ text }) => text) : [])
  return unitsOf(file, rules).flatMap(({ text, problems }) => (known.has(text) ? [] : problems()))
}

/** A part of a file that is judged as a whole. */
type Unit = { text: string; problems: () => PathProblem[] }

function unitsOf(file: AgentFile, rules: ApiRules): Unit[] {
  return [
    ...Object.entries(file.providers ?? {}).map(([name, provider]) =>
      unit(['providers', name], provider, () =>
        serverProblems(['providers', name], provider, rules),
      ),
    ),
    ...Object.entries(file.models ?? {}).map(([name, model]) =>
      unit(['models', name], model, () => serverProblems(['models', name], model, rules)),
    ),
    ...Object.entries(file.mcps ?? {}).map(([name, server]) =>
      unit(['mcps', name], server, (path) => [
        ...commandProblems(path, server),
        ...placeProblems(path, server),
      ]),
    ),
    ...Object.entries(file.agents).flatMap(([name, agent]) => {
      const at = ['agents', name]
      return [
        unit([...at, 'instruction'], agent.instruction, instructionProblems),
        unit([...at, 'skills'], agent.skills, skillProblems),
        unit([...at, 'add_prompt_files'], agent.add_prompt_files, (path) =>
          (agent.add_prompt_files ?? []).flatMap((each, index) =>
            pathProblems([...path, index], each),
          ),
        ),
        unit([...at, 'hooks'], agent.hooks, hookProblems),
        ...(agent.toolsets ?? []).map((toolset, index) =>
          unit([...at, 'toolsets', index], toolset, (path) =>
            toolsetProblems(path, toolset, rules),
          ),
        ),
      ]
    }),
  ]

  function hookProblems(path: FilePath, hooks: unknown): PathProblem[] {
    return hooks === undefined ? [] : [{ path, message: 'over the API no command may be given' }]
  }

  function skillProblems(path: FilePath, skills: unknown): PathProblem[] {
    if (skills === undefined || skills === false) return []
    return [{ path, message: 'over the API no skills of the server may be read' }]
  }

  function instructionProblems(path: FilePath, instruction: unknown): PathProblem[] {
    const isFile = typeof instruction === 'string' && /^file:[^\n]*$/.test(instruction.trim())
    return isFile ? [{ path, message: 'give the text itself, not a file' }] : []
  }
}

function unit(
  path: FilePath,
  value: unknown,
  find: (path: FilePath, value: unknown) => PathProblem[],
): Unit {
  // Where a toolset stands in its list makes no difference.
  const kind = path.filter((step) => typeof step === 'string').join('.')
  return {
    text: `${kind} ${JSON.stringify(value)}`,
    problems: () => [...find(path, value), ...variableProblems(path, value)],
  }
}

function serverProblems(
  path: FilePath,
  { base_url, token_key }: { base_url?: string; token_key?: string },
  { allowHosts }: ApiRules,
): PathProblem[] {
  const problems: PathProblem[] = []
  if (token_key !== undefined) problems.push({ path: [...path, 'token_key'], message: noKeys })
  if (base_url !== undefined && !isAllowedHost(base_url, allowHosts)) {
    problems.push({
      path: [...path, 'base_url'],
      message: 'over the API only a model server that was allowed with --allow-host may be named',
    })
  }
  return problems
}

const noKeys = 'over the API no key of the server may be named'

function isAllowedHost(address: string, allowHosts: readonly string[]): boolean {
  const url = URL.parse(address)
  if (!url || !/^https?:$/.test(url.protocol)) return false
  const port = url.port || (url.protocol === 'https:' ? '443' : '80')
  return allowHosts.some((allowed) => {
    const host = allowed.toLowerCase()
    return host === url.hostname || host === `${url.hostname}:${port}`
  })
}

function toolsetProblems(path: FilePath, toolset: ToolsetSpec, rules: ApiRules): PathProblem[] {
  return [...kindProblems(path, toolset, rules), ...placeProblems(path, toolset)]
}

function kindProblems(path: FilePath, toolset: ToolsetSpec, { shell }: ApiRules): PathProblem[] {
  switch (toolset.type) {
    case 'mcp':
      return commandProblems(path, toolset)
    case 'filesystem':
      if (!toolset.post_edit?.length) return []
      return [{ path: [...path, 'post_edit'], message: 'over the API no command may be given' }]
    case 'shell':
    case 'script':
      if (shell) return []
      return [{ path: [...path, 'type'], message: 'commands are turned off; see --enable-shell' }]
    case 'web_search':
      return [
        ...(toolset.token_key === undefined
          ? []
          : [{ path: [...path, 'token_key'], message: noKeys }]),
        ...(toolset.url === undefined || toolset.provider === 'searxng'
          ? []
          : [
              {
                path: [...path, 'url'],
                message: 'over the API the key of a provider goes only to its own address',
              },
            ]),
      ]
    default:
      return []
  }
}

function commandProblems(
  path: FilePath,
  { command, ref }: { command?: string | undefined; ref?: string | undefined },
): PathProblem[] {
  const message = 'over the API no command may be given; use remote'
  if (command !== undefined) return [{ path: [...path, 'command'], message }]
  if (!ref?.startsWith(catalogPrefix)) return []
  return [{ path: [...path, 'ref'], message }]
}

const placeFields = new Set(['path', 'file', 'working_dir'])
/** What these hold is not ours: arguments of tools, and what is sent as it is. */
const foreignFields = new Set(['args', 'schema', 'output_schema', 'headers', 'env', 'paths'])

/** Every path in a toolset, however deep its entries are. */
function placeProblems(path: FilePath, value: unknown): PathProblem[] {
  if (typeof value !== 'object' || value === null) return []
  const entries = Array.isArray(value) ? value.entries() : Object.entries(value)
  return [...entries].flatMap(([key, item]) => {
    const at = [...path, key]
    if (typeof item === 'string') {
      const isPlace = placeFields.has(String(key)) || key === 'schema'
      return isPlace ? pathProblems(at, item) : []
    }
    return foreignFields.has(String(key)) ? [] : placeProblems(at, item)
  })
}

function pathProblems(path: FilePath, place: string): PathProblem[] {
  const normal = normalize(place)
  const leaves = isAbsolute(place) || normal === '..' || normal.startsWith(`..${sep}`)
  if (!leaves) return []
  return [{ path, message: 'over the API a path is relative and stays inside the workspace' }]
}

function variableProblems(path: FilePath, value: unknown): PathProblem[] {
  if (typeof value === 'string') {
    const isVariable = path.at(-2) === 'env' && /\$\{[A-Za-z_]\w*\}/.test(value)
    if (!isVariable && !/\$\{env\./.test(value)) return []
    return [{ path, message: 'over the API no variable of the server may be used' }]
  }
  if (typeof value !== 'object' || value === null) return []
  const entries = Array.isArray(value) ? value.entries() : Object.entries(value)
  return [...entries].flatMap(([key, item]) => variableProblems([...path, key], item))
}
