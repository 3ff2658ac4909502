import type { AgentSummary } from 'parley-client'
import { useState } from 'react'
import { useAgents } from '../app/agents.tsx'
import { Icon } from '../app/icon.tsx'
import { PageHeader } from '../app/page-header.tsx'
import { useServer } from '../app/server.tsx'
import { navigate, sessionPath } from '../app/use-place.ts'
import { useSessions } from '../sessions/use-sessions.tsx'
import { Composer } from './composer.tsx'
import { inBackground } from './request-headers.ts'
import { runOptions } from './run-options.ts'
import { useWelcome } from './use-welcome.ts'

/** Where a conversation begins: choose an agent and write. */
export function NewChatPage({ agent: asked }: { agent: string | undefined }) {
  const { client, report } = useServer()
  const { reload } = useSessions()
  const { agents } = useAgents()
  const [chosen, choose] = useState(asked)
  const [isStarting, setStarting] = useState(false)
  const agent = chosen ?? defaultAgent(agents)
  const welcome = useWelcome(agent)

  async function start(content: string): Promise<boolean> {
    setStarting(true)
    try {
      // Who writes before the agents are here talks to the one that the server has for that.
      const { data } = await client.POST('/api/chat', {
        params: { header: inBackground() },
        body: { message: content, ...runOptions, ...(agent !== undefined && { agent }) },
      })
      reload()
      const { session_id } = 'run' in data ? data.run : data
      navigate({ path: sessionPath(session_id) })
      return true
    } catch (error) {
      report(error)
      setStarting(false)
      return false
    }
  }

  return (
    <>
      <PageHeader title="Parley" heading="New conversation" />
      <div className="new-chat-page">
        <div className="new-chat-middle">
          <h2 className="greeting">{welcome ?? 'What shall we talk about?'}</h2>
          <Composer
            storageKey="new"
            placeholder={agent ? `Message ${agent}` : 'Message'}
            isDisabled={agents?.length === 0 || isStarting}
            send={start}
          />
          {agents?.length === 0 && (
            <p className="muted">
              This server has no agents. Start it with an agent file, or make one over the API.
            </p>
          )}
          {agents && agents.length > 0 && (
            <AgentCards agents={agents} chosen={agent} choose={choose} />
          )}
        </div>
      </div>
    </>
  )
}

/** The server's own rule, as far as a page can know it. */
function defaultAgent(agents: readonly AgentSummary[] | undefined): string | undefined {
  return (agents?.find(({ name }) => name === 'default') ?? agents?.[0])?.name
}

function AgentCards({
  agents,
  chosen,
  choose,
}: {
  agents: readonly AgentSummary[]
  chosen: string | undefined
  choose: (agent: string) => void
}) {
  return (
    <fieldset className="agent-cards">
      <legend className="muted">Agent</legend>
      {agents.map(({ name, description, tool_count }) => (
        <label key={name} className="agent-card">
          <input
            type="radio"
            name="agent"
            value={name}
            checked={name === chosen}
            onChange={() => choose(name)}
          />
          <span className="agent-card-name">
            {name}
            {tool_count > 0 && (
              <span className="muted">{tool_count === 1 ? '1 tool' : `${tool_count} tools`}</span>
            )}
          </span>
          <span className="agent-card-text">{description}</span>
          <Icon name="check" size={16} />
        </label>
      ))}
    </fieldset>
  )
}
