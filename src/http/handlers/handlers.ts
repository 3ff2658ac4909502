import { createConversations } from '../conversations.ts'
import type { Handlers } from '../env.ts'
import { createRunAnswers } from '../run-answer.ts'
import { agentChangeHandlers } from './agent-changes.ts'
import { createSummaries } from './agent-summary.ts'
import { agentToolHandlers } from './agent-tools.ts'
import { agentHandlers } from './agents.ts'
import { approvalHandlers } from './approvals.ts'
import { keyHandlers } from './keys.ts'
import { messageHandlers } from './messages.ts'
import { runHandlers } from './runs.ts'
import { serviceHandlers } from './service.ts'
import { sessionCopyHandlers } from './session-copies.ts'
import { sessionHandlers } from './sessions.ts'
import { startHandlers } from './start.ts'
import { streamHandlers } from './streams.ts'

export type Collaborators = Parameters<typeof sessionHandlers>[0] &
  Parameters<typeof sessionCopyHandlers>[0] &
  Parameters<typeof messageHandlers>[0] &
  Parameters<typeof runHandlers>[0] &
  Omit<Parameters<typeof startHandlers>[0], 'answer' | 'conversations'> &
  Parameters<typeof createConversations>[0] &
  Omit<Parameters<typeof createRunAnswers>[0], 'runReader'> &
  Parameters<typeof streamHandlers>[0] &
  Parameters<typeof approvalHandlers>[0] &
  Omit<Parameters<typeof agentHandlers>[0], 'summaries'> &
  Omit<Parameters<typeof agentChangeHandlers>[0], 'summaries'> &
  Parameters<typeof agentToolHandlers>[0] &
  Parameters<typeof createSummaries>[0] &
  Parameters<typeof keyHandlers>[0] &
  Parameters<typeof serviceHandlers>[0]

/** A handler for every operation, from the floors below. */
export function createHandlers(collaborators: Collaborators): Handlers {
  const answer = createRunAnswers({ ...collaborators, runReader: collaborators.runRows })
  const summaries = createSummaries(collaborators)
  return {
    ...sessionHandlers(collaborators),
    ...sessionCopyHandlers(collaborators),
    ...messageHandlers(collaborators),
    ...runHandlers(collaborators),
    ...startHandlers({
      ...collaborators,
      conversations: createConversations(collaborators),
      answer,
    }),
    ...streamHandlers(collaborators),
    ...approvalHandlers(collaborators),
    ...agentHandlers({ ...collaborators, summaries }),
    ...agentChangeHandlers({ ...collaborators, summaries }),
    ...agentToolHandlers(collaborators),
    ...keyHandlers(collaborators),
    ...serviceHandlers(collaborators),
  }
}
