import { useAgents } from '../app/agents.tsx'
import { Icon } from '../app/icon.tsx'
import { PageHeader } from '../app/page-header.tsx'
import { agentPath } from './agent-path.ts'

/** Every agent that this server has. */
export function AgentsPage() {
  const { agents } = useAgents()
  return (
    <>
      <PageHeader title="Agents">
        <a className="button" href="#/new-agent">
          <Icon name="add" />
          New agent
        </a>
      </PageHeader>
      <div className="page">
        <div className="page-inner">
          {agents?.length === 0 && (
            <p className="muted">This server has no agent yet. Make the first one.</p>
          )}
          <ul className="agent-list">
            {agents?.map(({ name, description, model, tool_count, writable }) => (
              <li key={name}>
                <a href={`#${agentPath(name)}`}>
                  <span className="agent-card-name">
                    {name}
                    {!writable && <span className="muted">read only</span>}
                  </span>
                  <span className="agent-card-text">{description}</span>
                  <span className="muted small">
                    {model ?? 'the detected model'} ·{' '}
                    {tool_count === 1 ? '1 tool' : `${tool_count} tools`}
                  </span>
                </a>
              </li>
            ))}
          </ul>
        </div>
      </div>
    </>
  )
}
