import type { RunRequest } from 'parley-client'
import { describeFailure } from '../app/problems.ts'
import type { ActionContext } from './action-context.ts'
import { inBackground, newKey } from './request-headers.ts'
import { runOptions } from './run-options.ts'

export function createSendActions({ client, store, session }: ActionContext) {
  return {
    /** `key` makes the same post again one run. */
    async send({
      content,
      agent,
      onBusy,
      key = newKey(),
    }: {
      content: string
      agent: string
      onBusy?: RunRequest['on_busy']
      key?: string
    }): Promise<void> {
      store.dispatch({ type: 'posted', posted: { key, content } })
      try {
        await client.POST('/api/sessions/{session}/agent/{agent}', {
          params: { path: { session, agent }, header: inBackground(key) },
          body: {
            messages: [{ role: 'user', content }],
            ...runOptions,
            ...(onBusy && { on_busy: onBusy }),
          },
        })
      } catch (error) {
        store.dispatch({ type: 'post_failed', key, failure: describeFailure(error) })
        throw error
      }
    },

    /** Forgets a message that could not be sent. */
    drop(key: string): void {
      store.dispatch({ type: 'post_dropped', key })
    },
  }
}
