import type { ChatMessage, RunBody } from '#contract/chat.ts'
import type { NewMessage } from '#contract/message.ts'
import type { RunOptions } from '#contract/run.ts'
import type { Runs } from '#runtime/runtime.ts'
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
  runs: Pick<Runs, 'start' | 'startNew'>
  conversations: Conversations
  answer: RunAnswers
}): StartHandlers {
  return {
    async runAgent(c) {
      const { session, agent } = c.req.valid('param')
      const { messages, options } = fromRunBody(c.req.valid('json'))
      const request = { session, agent: { agent }, messages, options }
      return answer(c, await runs.start(c.get('scope'), withHeaders(c, request)), options)
    },
    async runNamedAgent(c) {
      const { session, agent, agent_name } = c.req.valid('param')
      const { messages, options } = fromRunBody(c.req.valid('json'))
      const reference = { agent, agentName: agent_name }
      const request = { session, agent: reference, messages, options }
      return answer(c, await runs.start(c.get('scope'), withHeaders(c, request)), options)
    },
    async startChat(c) {
      const { agent } = c.req.valid('param')
      const { messages, options } = fromChat(c.req.valid('json'))
      const request = { session: { agent }, agent: { agent }, messages, options }
      return answer(c, await runs.startNew(c.get('scope'), withHeaders(c, request)), options)
    },
    async continueChat(c) {
      const { session } = c.req.valid('param')
      const { messages, options } = fromChat(c.req.valid('json'))
      const scope = c.get('scope')
      const known = found(await sessions.get(scope, session), `session ${session}`)
      const request = { session, agent: conversations.agentOf(known), messages, options }
      return answer(c, await runs.start(scope, withHeaders(c, request)), options)
    },
    async chat(c) {
      const { session_id, agent, ...message } = c.req.valid('json')
      const { messages, options } = fromChat(message)
      const begun = await conversations.chat(
        c.get('scope'),
        withHeaders(c, { session: session_id, agent, messages, options }),
      )
      return answer(c, begun, options)
    },
  }
}

/** Toolsets may forward some of the caller's headers; they live as long as the run in memory. */
function withHeaders<Request extends object>(c: AppContext, request: Request) {
  return { ...request, headers: c.req.header() }
}

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
