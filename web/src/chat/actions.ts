import { ApiError, type Client, type components, type RunRequest } from 'parley-client'
import { describeFailure } from '../app/problems.ts'
import { focusComposer } from './focus-composer.ts'
import type { SessionStore } from './session-store.ts'

/** What a person does to a conversation. Each may reject; what comes of it is told by the log. */
export type ChatActions = ReturnType<typeof createChatActions>

/** Starts answer at once; the log shows the run. */
const background = { prefer: 'respond-async' } as const

export function createChatActions({
  client,
  store,
  session,
}: {
  client: Client
  store: SessionStore
  session: string
}) {
  const path = { session }

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
          params: { path: { session, agent }, header: { ...background, 'idempotency-key': key } },
          body: { messages: [{ role: 'user', content }], ...(onBusy && { on_busy: onBusy }) },
        })
      } catch (error) {
        store.dispatch({ type: 'post_failed', key, failure: describeFailure(error) })
        throw error
      }
    },

    /** Where the decision itself is told by a message. */
    markDecided(id: string): void {
      store.dispatch({ type: 'decided', id })
    },

    /** Forgets a message that could not be sent. */
    drop(key: string): void {
      store.dispatch({ type: 'post_dropped', key })
    },

    /** Answers a message of the user again, after a run that failed. */
    async retry(message: { id: string }): Promise<void> {
      await branching({ parent_id: message.id }, () =>
        client.POST('/api/sessions/{session}/messages/{message}/regenerate', {
          params: { path: { session, message: message.id }, header: keyed(background) },
          body: {},
        }),
      )
    },

    async stop(): Promise<void> {
      await client.POST('/api/sessions/{session}/cancel', { params: { path } })
    },

    async edit(message: { id: string; parent_id: string | null }, content: string): Promise<void> {
      await branching(message, () =>
        client.POST('/api/sessions/{session}/messages/{message}/edit', {
          params: { path: { session, message: message.id }, header: keyed(background) },
          body: { content },
        }),
      )
    },

    async regenerate(message: { id: string; parent_id: string | null }): Promise<void> {
      await branching(message, () =>
        client.POST('/api/sessions/{session}/messages/{message}/regenerate', {
          params: { path: { session, message: message.id }, header: keyed(background) },
          body: {},
        }),
      )
    },

    /** Sets these fields of the session. */
    async update(patch: components['schemas']['SessionPatch']): Promise<void> {
      await client.PATCH('/api/sessions/{session}', { params: { path }, body: patch })
      await store.refresh()
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
        params: { path, header: keyed({}) },
        body: { message_id: message },
      })
      return data.id
    },

    async decide(
      approval: string,
      decision: {
        decision: 'approve' | 'reject'
        scope?: 'call' | 'tool' | 'session'
        reason?: string
        arguments?: Record<string, unknown>
      },
    ): Promise<void> {
      await marked(approval, () =>
        client.POST('/api/approvals/{approval}', {
          params: { path: { approval }, header: keyed({}) },
          body: decision,
        }),
      )
    },

    async answer(
      elicitation: string,
      reply:
        | { action: 'accept'; content?: Record<string, unknown> }
        | { action: 'decline' | 'cancel' },
    ): Promise<void> {
      await marked(elicitation, () =>
        client.POST('/api/sessions/{session}/elicitation', {
          params: { path, header: keyed({}) },
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
        params: { path, header: keyed({}) },
        body: decision,
      })
    },

    async submitToolResult(result: {
      tool_call_id: string
      output: string
      is_error: boolean
    }): Promise<void> {
      await marked(result.tool_call_id, () =>
        client.POST('/api/sessions/{session}/tool-results', {
          params: { path, header: keyed({}) },
          body: result,
        }),
      )
    },
  }

  /** What is about to be replaced goes at once, so that it does not stand beside the new. */
  async function branching(
    message: { parent_id: string | null },
    begin: () => Promise<unknown>,
  ): Promise<void> {
    store.dispatch({ type: 'branching', after: message.parent_id })
    try {
      await begin()
    } catch (error) {
      await store.refresh()
      throw error
    }
  }

  /** It counts as decided until the server says otherwise. */
  async function marked(id: string, decide: () => Promise<unknown>): Promise<void> {
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
}

function isDecidedAlready(error: unknown): boolean {
  return error instanceof ApiError && error.code === 'already_decided'
}

/** A page that came over plain HTTP has no `randomUUID`. */
export function newKey(): string {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) =>
    byte.toString(16).padStart(2, '0'),
  ).join('')
}

function keyed<Headers extends object>(headers: Headers): Headers & { 'idempotency-key': string } {
  return { ...headers, 'idempotency-key': newKey() }
}
