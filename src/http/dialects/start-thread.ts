import type { NewMessage } from '#contract/message.ts'
import { Problem } from '#contract/problem.ts'
import type { RunOptions } from '#contract/run.ts'
import type { Call } from './dialect.ts'
import type { findAgent } from './path-agent.ts'
import type { Continuation } from './thread-tail.ts'

/**
 * Starts a run with what is new in a thread: behind what is stored, or as a branch. An unknown
 * thread becomes the external id of a new session.
 */
export function startThread(
  { runs }: Call['house'],
  {
    thread,
    session,
    agent,
    next,
    options,
    context = [],
  }: {
    /** As the client named it. */
    thread: string
    /** The session that it is; undefined when there is none. */
    session: string | undefined
    agent: ReturnType<typeof findAgent>
    next: Continuation
    options: RunOptions
    /** Goes before new messages. */
    context?: NewMessage[]
  },
) {
  const messages = next.type === 'answer' ? [] : [...context, ...next.messages]
  const start = { agent, messages, options }
  if (session === undefined) {
    const settings = { agent: agent.agent, external_id: thread }
    return runs.startNew({ session: settings, ...start }).catch((error: unknown) => {
      // Somebody made the session since we looked, or it is somebody else's.
      if (!(error instanceof Problem) || error.code !== 'conflict') throw error
      return runs.start({ session: thread, ...start })
    })
  }
  if (next.type === 'append') return runs.start({ session, ...start })
  const kind = next.type === 'edit' ? ('message' as const) : ('answer' as const)
  return runs.start({ session, ...start, beside: { kind, messageId: next.messageId } })
}
