import type { NewMessage } from '#contract/message.ts'
import { Problem } from '#contract/problem.ts'
import type { RunOptions } from '#contract/run.ts'
import type { Session } from '#contract/session.ts'
import type { AgentCatalog } from '#runtime/catalog.ts'
import type { AgentReference, AgentVariant, Runs, StartedRun } from '#runtime/runtime.ts'
import type { HeldKey } from '#store/idempotency.ts'
import type { Scope } from '#store/scope.ts'
import { found } from './found.ts'

export type Conversations = ReturnType<typeof createConversations>

/** Chats by a session id of the caller's own: it names a session, or the one that is made now. */
export function createConversations({
  sessions,
  runs,
  catalog,
}: {
  sessions: { get(scope: Scope, id: string): Promise<Session | null> }
  runs: Pick<Runs, 'start' | 'startNew'>
  catalog: Pick<AgentCatalog, 'of'>
}) {
  /** The agent that the session remembers, else the default one. */
  function agentOf(
    scope: Scope,
    { agent, agent_name }: Pick<Session, 'agent' | 'agent_name'>,
  ): AgentReference {
    if (agent === null) return { agent: defaultAgent(scope) }
    return agent_name === null ? { agent } : { agent, agentName: agent_name }
  }

  function defaultAgent({ tenant }: Scope): string {
    const name = catalog.of(tenant).defaultName()
    return found(name, 'agent to answer: start the server with an agent file')
  }

  return {
    agentOf,
    async chat(
      scope: Scope,
      request: {
        /** An id or an external id; an unknown one becomes the external id of a new session. */
        session: string | undefined
        agent: string | undefined
        variant?: AgentVariant | undefined
        messages: NewMessage[]
        options: RunOptions
        headers: Record<string, string>
        key?: HeldKey | undefined
      },
    ): Promise<StartedRun> {
      const { session, agent: _, ...rest } = request
      const known = session === undefined ? null : await sessions.get(scope, session)
      if (known) {
        const agent = request.agent === undefined ? agentOf(scope, known) : { agent: request.agent }
        return runs.start(scope, { session: known.id, agent, ...rest })
      }
      const agent = request.agent ?? defaultAgent(scope)
      const settings = session === undefined ? { agent } : { agent, external_id: session }
      const start = { session: settings, agent: { agent }, ...rest }
      return runs.startNew(scope, start).catch((error: unknown) => {
        // Somebody made the session since we looked.
        if (session === undefined || !isConflict(error)) throw error
        return runs.start(scope, { session, agent: { agent }, ...rest })
      })
    },
  }
}

function isConflict(error: unknown): boolean {
  return error instanceof Problem && error.code === 'conflict'
}
