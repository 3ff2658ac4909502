import type { ReactNode } from 'react'
import type { SubAgent } from '../state/sub-agents.ts'

/** What a sub-agent was told, thinks, does and says, inside the call that asked for it. */
export function SubAgentView({ subAgent, children }: { subAgent: SubAgent; children: ReactNode }) {
  return (
    <section className="sub-agent" aria-label={`${subAgent.agent}, a sub-agent`}>
      {children}
    </section>
  )
}
