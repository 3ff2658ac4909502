import { ApiError, type components, type RunRequest } from 'parley-client'
import type { ActionContext } from './action-context.ts'
import { focusComposer } from './focus-composer.ts'
import { once } from './request-headers.ts'

type Schemas = components['schemas']

/** What a run waits for. */
export function createDecisionActions({ client, store, session }: ActionContext) {
  const path = { session }

  /** It counts as decided until the server says otherwise. */
  async function decided(id: string, decide: () => Promise<unknown>): Promise<void> {
    store.dispatch({ type: 'decided', id })
    try {
      await decide()
      focusComposer()
      // A decision may have changed what is allowed from now on.
      await store.refresh()
    } catch (error) {
      if (!isDecidedAlready(error)) store.dispatch({ type: 'undecided', id })
      throw error
    }
  }

  return {
    async decide(approval: string, decision: Schemas['ApprovalDecision']): Promise<void> {
      await decided(approval, () =>
        client.POST('/api/approvals/{approval}', {
          params: { path: { approval }, header: once() },
          body: decision,
        }),
      )
    },

    async answer(elicitation: string, reply: Schemas['ElicitationReply']): Promise<void> {
      await decided(elicitation, () =>
        client.POST('/api/sessions/{session}/elicitation', {
          params: { path, header: once() },
          body: { ...reply, elicitation_id: elicitation },
        }),
      )
    },

    /** At the limit of iterations or of a budget. */
    async decideLimit(
      decision:
        | { confirmation: 'approve'; budget?: NonNullable<RunRequest['budget']> }
        | { confirmation: 'reject' },
    ): Promise<void> {
      await client.POST('/api/sessions/{session}/resume', {
        params: { path, header: once() },
        body: decision,
      })
    },

    /** `key` names the call in the conversation; the model's id may come again. */
    async submitToolResult(key: string, result: Schemas['ClientToolResult']): Promise<void> {
      await decided(key, () =>
        client.POST('/api/sessions/{session}/tool-results', {
          params: { path, header: once() },
          body: result,
        }),
      )
    },

    /** Where the decision itself is told by a message. */
    markDecided(id: string): void {
      store.dispatch({ type: 'decided', id })
    },
  }
}

function isDecidedAlready(error: unknown): boolean {
  return error instanceof ApiError && error.code === 'already_decided'
}
