import { Problem } from '#contract/problem.ts'
import type { Call } from './dialect.ts'

/** Agents are the models: `name`, or `name/member` for one of a team. Missing: the default one. */
export function findAgent(
  { agents }: Call['house'],
  model: string | undefined,
): { agent: string; agentName?: string } {
  const name = model ?? agents.defaultName()
  if (name === undefined) throw unknownModel('', [])
  if (agents.get(name)) return { agent: name }
  const slash = name.lastIndexOf('/')
  const [agent, agentName] = [name.slice(0, slash), name.slice(slash + 1)]
  const members = slash > 0 ? agents.get(agent)?.file.agents : undefined
  if (members && Object.hasOwn(members, agentName)) return { agent, agentName }
  throw unknownModel(
    name,
    agents.list().map((entry) => entry.name),
  )
}

/** The last answer is an object, so text before it is no part of it. */
export function hasSchema(
  { agents }: Call['house'],
  { agent, agent_name }: { agent: string; agent_name: string },
): boolean {
  return agents.get(agent)?.file.agents[agent_name]?.structured_output !== undefined
}

function unknownModel(name: string, names: string[]): Problem {
  const message = `The model '${name}' does not exist; there are: ${names.join(', ')}`
  return new Problem('not_found', message, { errors: [{ path: 'model', message }] })
}
