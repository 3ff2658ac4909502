import type { ChatMessage, RunBody } from '#contract/chat.ts'
import type { NewMessage } from '#contract/message.ts'
import type { RunOptions } from '#contract/run.ts'
import type { Runs, StartedRun } from '#runtime/runtime.ts'
import type { HeldKey } from '#store/idempotency.ts'
import type { Admission } from '../admission.ts'
import type { Conversations } from '../conversations.ts'
import type { AppContext, Handlers } from '../env.ts'
import { found } from '../found.ts'
import { prefersAsync, type RunAnswers } from '../run-answer.ts'
import type { SessionRows } from './sessions.ts'

type StartHandlers = Pick<
  Handlers,
  | 'runAgent'
  | 'runNamedAgent'
  | 'startChat'
  | 'continueChat'
  | 'chat'
  | 'editMessage'
  | 'regenerateMessage'
>

export function startHandlers({
  sessions,
  runs,
  conversations,
  admission,
  answer,
}: {
  sessions: Pick<SessionRows, 'get'>
  runs: Pick<Runs, 'start' | 'startNew' | 'find'>
  conversations: Conversations
  admission: Admission
  answer: RunAnswers
}): StartHandlers {
  return {
    async runAgent(c) {
      const { session, agent } = c.req.valid('param')
      const { messages, options } = fromRunBody(c.req.valid('json'))
      const request = { session, agent: { agent }, messages, options }
      return once(c, options, (caller) => runs.start(c.get('scope'), { ...request, ...caller }))
    },
    async runNamedAgent(c) {
      const { session, agent, agent_name } = c.req.valid('param')
      const { messages, options } = fromRunBody(c.req.valid('json'))
      const reference = { agent, agentName: agent_name }
      const request = { session, agent: reference, messages, options }
      return once(c, options, (caller) => runs.start(c.get('scope'), { ...request, ...caller }))
    },
    async startChat(c) {
      const { agent } = c.req.valid('param')
      const { messages, options } = fromChat(c.req.valid('json'))
      const request = { session: { agent }, agent: { agent }, messages, options }
      return once(c, options, (caller) => runs.startNew(c.get('scope'), { ...request, ...caller }))
    },
    async continueChat(c) {
      const { session } = c.req.valid('param')
      const { messages, options } = fromChat(c.req.valid('json'))
      return once(c, options, (caller) => goOn(c, { session, messages, options, ...caller }))
    },
    async editMessage(c) {
      const { session, message } = c.req.valid('param')
      const { content, ...rest } = c.req.valid('json')
      const { messages, options } = fromChat({ message: content, ...rest })
      const beside = { kind: 'message', messageId: message } as const
      const request = { session, messages, beside, options }
      return once(c, options, (caller) => goOn(c, { ...request, ...caller }))
    },
    async regenerateMessage(c) {
      const { session, message } = c.req.valid('param')
      const options = c.req.valid('json')
      const beside = { kind: 'answer', messageId: message } as const
      const request = { session, messages: [], beside, options }
      return once(c, options, (caller) => goOn(c, { ...request, ...caller }))
    },
    async chat(c) {
      const { session_id, agent, ...message } = c.req.valid('json')
      const { messages, options } = fromChat(message)
      const request = { session: session_id, agent, messages, options }
      return once(c, options, (caller) =>
        conversations.chat(c.get('scope'), { ...request, ...caller }),
      )
    },
  }

  /** Runs the agent that the session remembers. */
  async function goOn(
    c: AppContext,
    request: Omit<Parameters<Runs['start']>[1], 'agent'>,
  ): Promise<StartedRun> {
    const scope = c.get('scope')
    const known = found(await sessions.get(scope, request.session), `session ${request.session}`)
    return runs.start(scope, { agent: conversations.agentOf(scope, known), ...request })
  }

  /** Begins a run and shows it, or the one that the same request began before. */
  async function once(
    c: AppContext,
    options: RunOptions,
    start: (caller: Caller) => Promise<StartedRun>,
  ) {
    if (!prefersAsync(c.req.header('prefer'))) admission.stream(c)
    const key = c.get('runKey')
    if (key?.type === 'begun') {
      const begun = await runs.find(c.get('scope'), key.runId)
      return answer(c, found(begun, `run ${key.runId}, which this request began`), options)
    }
    const caller = { headers: c.req.header(), key: key?.key }
    return answer(c, await admission.run(c, () => start(caller)), options)
  }
}

/**
 * Toolsets may forward some of the caller's headers, which live as long as the run in memory. The
 * key is finished by the commit that begins the run.
 */
type Caller = { headers: Record<string, string>; key: HeldKey | undefined }

function fromRunBody(body: RunBody): { messages: NewMessage[]; options: RunOptions } {
  if (Array.isArray(body)) return { messages: body, options: {} }
  const { messages, ...options } = body
  return { messages, options }
}

function fromChat(body: ChatMessage): { messages: NewMessage[]; options: RunOptions } {
  const { message, multi_content, ...options } = body
  const content = multi_content === undefined ? {} : { multi_content }
  return { messages: [{ role: 'user', content: message, ...content }], options }
}
