import type { ContentPart, NewMessage, ToolCall } from '#contract/message.ts'
import type { Call } from './dialect.ts'
import { invalid } from './openai-fields.ts'
import { toldSession } from './told-session.ts'

/** A message as a caller tells it, of any role. */
export type Said =
  | { role: 'user' | 'system'; content: string; multi_content?: ContentPart[] }
  | { role: 'assistant'; content: string; tool_calls?: ToolCall[] }
  | { role: 'tool'; content: string; tool_call_id: string }

/** What was said before, and what is new: the messages behind the last answer or tool result. */
export function splitHistory(said: Said[]): { history: Said[]; posted: NewMessage[] } {
  const last = said.findLastIndex(({ role }) => role === 'assistant' || role === 'tool')
  return { history: said.slice(0, last + 1), posted: said.slice(last + 1).filter(isPosted) }
}

/** Makes a session of what the caller says was said. Nothing of it runs again. Answers its id. */
export function keepHistory(
  { sessions }: Call['house'],
  { said, agent, metadata }: { said: Said[]; agent: string; metadata: Record<string, string> },
): Promise<string> {
  checkResults(said)
  return sessions.import(toldSession({ said, agent, metadata }))
}

export function isPosted(message: Said): message is Said & NewMessage {
  return message.role === 'user' || message.role === 'system'
}

/** In the caller's words, before the tree of messages refuses it in its own. */
function checkResults(said: Said[]): void {
  let open = new Set<string>()
  for (const [index, message] of said.entries()) {
    if (message.role === 'tool' && !open.delete(message.tool_call_id)) {
      throw invalid(
        `messages.${index}.tool_call_id`,
        `no tool call before it has the id ${message.tool_call_id}, or it has its result`,
      )
    }
    if (message.role !== 'assistant') continue
    const ids = (message.tool_calls ?? []).map(({ id }) => id)
    open = new Set(ids)
    if (open.size < ids.length) {
      throw invalid(`messages.${index}.tool_calls`, 'each call needs an id of its own')
    }
  }
}
