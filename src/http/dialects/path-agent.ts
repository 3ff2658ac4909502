import { Problem } from '#contract/problem.ts'
import type { Call } from './dialect.ts'

/** The agent that the path names; `?agent_name=` names one of a team. */
export function findAgent({ house: { agents }, params, query }: Call): {
  agent: string
  agentName?: string
} {
  const [agent = '', agentName] = [params.agent, query('agent_name')]
  const known = agents.get(agent)
  if (!known) {
    const names = agents.list().map(({ name }) => name)
    throw new Problem('not_found', `There is no agent ${agent}; there are: ${names.join(', ')}`)
  }
  if (agentName === undefined) return { agent }
  if (Object.hasOwn(known.file.agents, agentName)) return { agent, agentName }
  throw new Problem('not_found', `The agent ${agent} has no member ${agentName}`)
}
