import type { AgentFile } from '#contract/agent-file.ts'
import type { AgentMention } from '#runtime/catalog.ts'
import type { FilePath, PathProblem } from './problem.ts'
import { isReference, parseReference } from './registry-reference.ts'

const memberPattern = /^[A-Za-z_][A-Za-z0-9_-]{0,63}$/

/** The agents of other sources that a file names under `sub_agents`, with where they stand. */
export function mentionsOf(file: AgentFile): (AgentMention & { path: FilePath })[] {
  return Object.entries(file.agents).flatMap(([agent, { sub_agents = [] }]) =>
    sub_agents.flatMap((entry, index) => {
      if (Object.hasOwn(file.agents, entry)) return []
      return [{ path: ['agents', agent, 'sub_agents', index], ...readMention(entry) }]
    }),
  )
}

/**
 * `SOURCE`, `NAME:SOURCE`, or the same with a reference into a registry. The name is what the
 * agent's team calls it.
 */
function readMention(entry: string): AgentMention {
  // What looks like NAME: may be the host of a reference with a port.
  const [, given, rest] = /^([A-Za-z_][A-Za-z0-9_-]*):(?!\d+\/)(.+)$/.exec(entry) ?? []
  const target = rest ?? entry
  if (!isReference(target)) return { entry, name: given ?? target, source: target }
  const last = target.split('@')[0]?.split('/').at(-1)?.split(':')[0] ?? target
  return { entry, name: given ?? last, source: parseReference(target).name, reference: target }
}

/** What of the mentions is wrong whatever else is served. */
export function mentionProblems(file: AgentFile): PathProblem[] {
  const mentions = mentionsOf(file)
  return mentions.flatMap(({ path, name, source, entry }) => {
    if (/^[./~\\]/.test(source) || /\.(ya?ml|json|toml)$/i.test(entry)) {
      return [{ path, message: `${source} is a path; write the agent's name, and serve its file` }]
    }
    const problem = nameProblem(file, name, entry, mentions)
    return problem === undefined ? [] : [{ path, message: problem }]
  })
}

function nameProblem(
  { agents }: AgentFile,
  name: string,
  entry: string,
  mentions: AgentMention[],
): string | undefined {
  const another = `give it another name: NAME:${entry.replace(`${name}:`, '')}`
  if (!memberPattern.test(name)) return `${name} cannot be the name of an agent; ${another}`
  const isTaken =
    Object.hasOwn(agents, name) ||
    mentions.some((other) => other.name === name && other.entry !== entry)
  return isTaken ? `there are two agents ${name}; ${another}` : undefined
}
