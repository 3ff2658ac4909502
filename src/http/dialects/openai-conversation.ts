import { Problem } from '#contract/problem.ts'
import type { Session } from '#contract/session.ts'
import type { Call } from './dialect.ts'

/** Conversations are sessions; an id of a session, or a caller's own, names one too. */
export async function findConversation({ sessions }: Call['house'], id: string): Promise<Session> {
  const own = /^conv_([0-9a-z]{26})$/.exec(id)?.[1]
  const session = (own && (await sessions.get(`ses_${own}`))) || (await sessions.get(id))
  if (session) return session
  throw new Problem('not_found', `Conversation with id '${id}' not found.`)
}

export function conversationName(sessionId: string): string {
  return sessionId.replace(/^ses_/, 'conv_')
}
