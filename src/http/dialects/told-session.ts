import type { Message } from '#contract/message.ts'
import type { SessionExport } from '#contract/session-copy.ts'
import { noUsage } from '#contract/usage.ts'

/** A message as a caller says that it was said. */
export type ToldMessage = Pick<
  Message,
  'role' | 'content' | 'multi_content' | 'tool_calls' | 'tool_call_id' | 'is_error'
>

/** A session of what was said before the caller came here. Nothing of it ran here. */
export function toldSession({
  said,
  agent,
  metadata = {},
}: {
  said: ToldMessage[]
  agent: string
  metadata?: Record<string, unknown>
}): SessionExport {
  const now = new Date().toISOString()
  const messages = said.map((message, index) => toMessage(message, index, now))
  return {
    format: 'parley.session',
    version: 1,
    exported_at: now,
    session: {
      title: null,
      agent,
      agent_name: null,
      permissions: {},
      tools_approved: false,
      thinking: true,
      working_dir: null,
      max_iterations: null,
      metadata,
      usage: noUsage,
      created_at: now,
    },
    leaf_message_id: messages.at(-1)?.id ?? null,
    messages,
    summaries: [],
    runs: [],
    tool_calls: [],
  }
}

function toMessage(message: ToldMessage, index: number, now: string): Message {
  return {
    ...message,
    id: `msg_${index}`,
    parent_id: index === 0 ? null : `msg_${index - 1}`,
    agent_name: null,
    status: 'complete',
    created_at: now,
  }
}
