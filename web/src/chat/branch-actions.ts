import type { Message } from 'parley-client'
import { attachmentsOf } from '../state/items.ts'
import type { ActionContext } from './action-context.ts'
import { focusComposer } from './focus-composer.ts'
import { inBackground, once } from './request-headers.ts'
import { runOptions } from './run-options.ts'

type Place = { id: string; parent_id: string | null }

/** What is said otherwise, and the ways between what was said. */
export function createBranchActions({ client, store, session }: ActionContext) {
  const path = { session }

  /** What is about to be replaced goes at once, so that it does not stand beside the new. */
  async function replaceAfter(message: string | null, begin: () => Promise<unknown>) {
    store.dispatch({ type: 'branching', after: message })
    focusComposer()
    try {
      await begin()
    } catch (error) {
      await store.refresh()
      throw error
    }
  }

  function answerAgain(message: string) {
    return client.POST('/api/sessions/{session}/messages/{message}/regenerate', {
      params: { path: { session, message }, header: inBackground() },
      body: runOptions,
    })
  }

  return {
    /** Images and files of the old message stay with the new one. */
    async edit(message: Message, content: string): Promise<void> {
      const { id, parent_id } = message
      const attachments = attachmentsOf(message)
      await replaceAfter(parent_id, () =>
        client.POST('/api/sessions/{session}/messages/{message}/edit', {
          params: { path: { session, message: id }, header: inBackground() },
          body: {
            content,
            ...runOptions,
            ...(attachments.length > 0 && { multi_content: attachments }),
          },
        }),
      )
    },

    async regenerate({ id, parent_id }: Place): Promise<void> {
      await replaceAfter(parent_id, () => answerAgain(id))
    },

    /** Answers a message of the user again, after a run that failed. */
    async retry({ id }: { id: string }): Promise<void> {
      await replaceAfter(id, () => answerAgain(id))
    },

    /** Makes the branch of a sibling the active one, as far as it went. */
    async switchBranch(sibling: string): Promise<void> {
      const { data } = await client.GET('/api/sessions/{session}/messages', {
        params: { path, query: { branch: sibling, order: 'desc', limit: 1 } },
      })
      const leaf = data.data[0]?.id ?? sibling
      await client.PATCH('/api/sessions/{session}', {
        params: { path },
        body: { leaf_message_id: leaf },
      })
      await store.refresh()
    },

    /** A new session with the messages up to this one; answers its id. */
    async fork(message: string): Promise<string> {
      const { data } = await client.POST('/api/sessions/{session}/fork', {
        params: { path, header: once() },
        body: { message_id: message },
      })
      return data.id
    },
  }
}
