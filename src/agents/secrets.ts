import type { AgentFile } from '#contract/agent-file.ts'
import type { FilePath, PathProblem } from './problem.ts'

const reference = /\$\{(env|headers)\.([A-Za-z_][\w-]*)\}/g

/**
 * `${env.NAME}` may stand in what is sent to a model server or by a toolset, and nowhere else; the
 * providers and tools put the value in when they are called, so that it is in no snapshot.
 */
export function secretProblems(
  file: AgentFile,
  environment: Record<string, string | undefined>,
): PathProblem[] {
  return strings([], file).flatMap(({ path, text }) =>
    [...withOwnReferences(path, text).matchAll(reference)].flatMap(([whole, kind, name = '']) => {
      if (isCode(path)) return []
      if (kind === 'headers') return callerHeaderProblems(path, whole)
      if (!maySecretStandAt(path)) {
        const message = `${whole} may stand only in base_url and provider_opts, and in headers and env of toolsets: elsewhere it would be shown or sent as text`
        return [{ path, message }]
      }
      if (environment[name]) return []
      return [{ path, message: `the environment variable ${name} is not set` }]
    }),
  )
}

/** In variables of toolsets `${NAME}` means `${env.NAME}`. */
function withOwnReferences(path: FilePath, text: string): string {
  if (toolsetField(path) !== 'env') return text
  return text.replaceAll(/\$\{([A-Za-z_]\w*)\}/g, '${env.$1}')
}

function callerHeaderProblems(path: FilePath, whole: string): PathProblem[] {
  if (toolsetField(path) === 'headers') return []
  const message = `${whole} may stand only in headers of toolsets, which forward it`
  return [{ path, message }]
}

/** The field of a toolset's own, of its `remote`, its `api_config` or a script, that a path stands in. */
function toolsetField(path: FilePath): FilePath[number] | undefined {
  if (path[0] === 'mcps') return path[2] === 'remote' ? path[3] : path[2]
  const [top, , field, , ...own] = path
  if (top !== 'agents' || field !== 'toolsets') return undefined
  if (own[0] === 'shell') return own[2]
  return own[0] === 'remote' || own[0] === 'api_config' ? own[1] : own[0]
}

/** The text of a JavaScript tool has templates of its own; nothing is put into it. */
function isCode(path: FilePath): boolean {
  const isTool = ['python', 'javascript'].includes(String(toolsetField(path)))
  return isTool && path.at(-1) === 'code'
}

function maySecretStandAt(path: FilePath): boolean {
  const [top, , field] = path
  if (['headers', 'env'].includes(String(toolsetField(path)))) return true
  if (top === 'providers') return field === 'base_url'
  return top === 'models' && (field === 'base_url' || field === 'provider_opts')
}

function strings(path: FilePath, value: unknown): { path: FilePath; text: string }[] {
  if (typeof value === 'string') return [{ path, text: value }]
  if (typeof value !== 'object' || value === null) return []
  const entries = Array.isArray(value) ? value.entries() : Object.entries(value)
  return [...entries].flatMap(([key, item]) => strings([...path, key], item))
}
