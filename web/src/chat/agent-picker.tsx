import { useAgents } from '../app/agents.tsx'

/** Which agent answers next. */
export function AgentPicker({
  agent,
  choose,
}: {
  agent: string | undefined
  choose: (agent: string) => void
}) {
  const { agents = [] } = useAgents()
  // A session may name an agent that is gone.
  const isKnown = agents.some(({ name }) => name === agent)
  return (
    <select
      className="agent-picker"
      aria-label="Agent"
      value={agent ?? ''}
      onChange={(event) => choose(event.target.value)}
    >
      {agent !== undefined && !isKnown && <option value={agent}>{agent}</option>}
      {agents.map(({ name }) => (
        <option key={name} value={name}>
          {name}
        </option>
      ))}
    </select>
  )
}
