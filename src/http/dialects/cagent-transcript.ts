import type { Message } from '#contract/message.ts'
import { type SessionMessage, toSessionMessage } from './cagent-shapes.ts'
import type { Call } from './dialect.ts'

const pageLength = 1000

/** All that a session says, flat: what sub-agents said stands where their task was given. */
export async function readTranscript(
  house: Call['house'],
  sessionId: string,
): Promise<SessionMessage[]> {
  const messages = await house.sessions.allMessages(sessionId)
  const children = messages.some(isTransfer) ? await findChildren(house, sessionId) : new Map()
  return flatten(house, { sessionId, messages, children })
}

type Branch = {
  sessionId: string
  messages: Message[]
  /** Sub-agents' sessions by the session and the call that they come from. */
  children: Map<string, string>
}

async function flatten(
  house: Call['house'],
  { sessionId, messages, children }: Branch,
): Promise<SessionMessage[]> {
  const flat: SessionMessage[] = []
  for (const message of messages) {
    const child = children.get(`${sessionId} ${message.tool_call_id}`)
    if (message.role === 'tool' && child !== undefined) {
      const inner = await house.sessions.allMessages(child)
      flat.push(...(await flatten(house, { sessionId: child, messages: inner, children })))
    }
    if (message.role !== 'system') flat.push(toSessionMessage(message))
  }
  return flat
}

/** Only the log of the root session tells them; what is older than it keeps is left out. */
async function findChildren(house: Call['house'], sessionId: string): Promise<Map<string, string>> {
  const children = new Map<string, string>()
  const bounds = await house.events.bounds(sessionId)
  let after = bounds ? bounds.oldest - 1 : 0
  for (;;) {
    const events = (await house.events.page(sessionId, { after, limit: pageLength })) ?? []
    for (const event of events) {
      if (event.type !== 'sub_session_completed') continue
      children.set(`${event.session_id} ${event.tool_call_id}`, event.sub_session_id)
    }
    const last = events.at(-1)
    if (!last) return children
    after = last.seq
  }
}

function isTransfer({ tool_calls: calls = [] }: Message): boolean {
  return calls.some((call) => call.function.name === 'transfer_task')
}
