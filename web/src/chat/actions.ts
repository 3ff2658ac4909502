import type { components } from 'parley-client'
import type { ActionContext } from './action-context.ts'
import { createBranchActions } from './branch-actions.ts'
import { createDecisionActions } from './decision-actions.ts'
import { createSendActions } from './send-actions.ts'

/** What a person does to a conversation. Each may reject; what comes of it is told by the log. */
export type ChatActions = ReturnType<typeof createChatActions>

export function createChatActions(context: ActionContext) {
  const { client, store, session } = context
  const path = { session }
  return {
    ...createSendActions(context),
    ...createBranchActions(context),
    ...createDecisionActions(context),

    async stop(): Promise<void> {
      await client.POST('/api/sessions/{session}/cancel', { params: { path } })
    },

    /** Sets these fields of the session. */
    async update(patch: components['schemas']['SessionPatch']): Promise<void> {
      await client.PATCH('/api/sessions/{session}', { params: { path }, body: patch })
      await store.refresh()
    },
  }
}
