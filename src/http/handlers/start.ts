import type { ChatMessage, RunBody } from '#contract/chat.ts'
import type { NewMessage } from '#contract/message.ts'
import type { RunOptions } from '#contract/run.ts'
import type { Runs, StartedRun } from '#runtime/runtime.ts'
import type { HeldKey } from '#store/idempotency.ts'
import type { Conversations } from '../conversations.ts'
import type { AppContext, Handlers } from '../env.ts'
import { found } from '../found.ts'
import type { RunAnswers } from '../run-answer.ts'
import type { SessionRows } from './sessions.ts'

type StartHandlers = Pick<
  Handlers,
  'runAgent' | 'runNamedAgent' | 'startChat' | 'continueChat' | 'chat'
>

export function startHandlers({
  sessions,
  runs,
  conversations,
  answer,
}: {
  sessions: Pick<SessionRows, 'get'>
  runs: Pick<Runs, 'start' | 'startNew' | 'find'>
  conversations: Conversations
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
      const scope = c.get('scope')
      return once(c, options, async (caller) => {
        const known = found(await sessions.get(scope, session), `session ${session}`)
        const agent = conversations.agentOf(known)
        return runs.start(scope, { session, agent, messages, options, ...caller })
      })
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

  /** Begins a run and shows it, or the one that the same request began before. */
  async function once(
    c: AppContext,
    options: RunOptions,
    start: (caller: Caller) => Promise<StartedRun>,
  ) {
    const key = c.get('runKey')
    if (key?.type === 'begun') {
      const begun = await runs.find(c.get('scope'), key.runId)
      return answer(c, found(begun, `run ${key.runId}, which this request began`), options)
    }
    return answer(c, await start({ headers: c.req.header(), key: key?.key }), options)
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
