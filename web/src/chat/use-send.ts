import type { RunRequest, SessionDetail } from 'parley-client'
import { useAgents } from '../app/agents.tsx'
import { isUnauthorized } from '../app/problems.ts'
import { useServer } from '../app/server.tsx'
import type { Posted } from '../state/chat-state.ts'
import { useChat } from './chat-context.ts'

/** Posting messages to the session, to an agent of one's choice. */
export function useSend(session: SessionDetail | null) {
  const { store, actions } = useChat()
  const { agents } = useAgents()
  const { report } = useServer()
  const fallback = session?.agent ?? agents?.[0]?.name

  async function post(
    content: string,
    options: { agent?: string; onBusy?: RunRequest['on_busy']; key?: string },
  ): Promise<boolean> {
    const agent = options.agent ?? fallback
    if (agent === undefined) return false
    try {
      await actions.send({ content, ...options, agent })
      return true
    } catch (error) {
      // What else failed is said at the message.
      if (isUnauthorized(error)) report(error)
      return false
    }
  }

  return {
    agent: fallback,
    /** Answers whether the text is kept here: it is, also when it could not be sent. */
    async send(content: string, options: { agent?: string; onBusy?: RunRequest['on_busy'] } = {}) {
      await post(content, options)
      return true
    },
    /** With the same key: should the first have arrived, it is not said twice. */
    async resend({ key, content }: Posted) {
      drop({ key })
      await post(content, {
        key,
        ...(store.state().log.status !== 'idle' && { onBusy: 'enqueue' }),
      })
    },
    drop,
  }

  function drop({ key }: Pick<Posted, 'key'>): void {
    actions.drop(key)
  }
}
