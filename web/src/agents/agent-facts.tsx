import type { components } from 'parley-client'
import type { LoadedAgent } from './agent-requests.ts'

/** What an agent is made of, in words. */
export function AgentFacts({ agent: { detail } }: { agent: LoadedAgent }) {
  const agents = Object.entries(detail.config.agents)
  return (
    <section className="stack" aria-label="About this agent">
      {detail.description && <p>{detail.description}</p>}
      <dl className="facts">
        <Fact name="Model">{detail.model ?? 'what the server detected'}</Fact>
        <Fact name="Version">
          <code>{detail.version}</code>
        </Fact>
        <Fact name="Source">
          <code>{detail.source}</code>
        </Fact>
      </dl>
      <ul className="agent-parts">
        {agents.map(([name, part]) => (
          <li key={name}>
            <AgentPart name={name} part={part} />
          </li>
        ))}
      </ul>
    </section>
  )
}

function Fact({ name, children }: { name: string; children: React.ReactNode }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  )
}

type Part = components['schemas']['AgentFile']['agents'][string]

function AgentPart({ name, part }: { name: string; part: Part }) {
  const { description, toolsets = [], sub_agents = [], handoffs = [], budget } = part
  const facts = [
    ['Toolsets', toolsets.map(nameOfToolset).join(', ')],
    ['Sub-agents', sub_agents.join(', ')],
    ['Hands over to', handoffs.join(', ')],
    ['Budget', budget ? describeBudget(budget) : ''],
  ].filter(([, value]) => value)
  return (
    <>
      <strong>{name}</strong>
      {description && <span className="muted"> {description}</span>}
      {facts.length > 0 && (
        <dl className="facts">
          {facts.map(([label, value]) => (
            <div key={label}>
              <dt>{label}</dt>
              <dd>{value}</dd>
            </div>
          ))}
        </dl>
      )}
    </>
  )
}

/** With what tells one from another of its type. */
function nameOfToolset(toolset: NonNullable<Part['toolsets']>[number]): string {
  const entries = Object.entries(toolset)
  const which = ['name', 'path', 'url', 'command'].flatMap((key) =>
    entries.filter(([other, value]) => other === key && typeof value === 'string'),
  )[0]
  return which ? `${toolset.type} (${which[1]})` : toolset.type
}

function describeBudget(budget: NonNullable<Part['budget']>): string {
  return Object.entries(budget)
    .map(([limit, value]) => `${value} ${limit.replaceAll('_', ' ')}`)
    .join(', ')
}
