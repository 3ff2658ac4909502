import type { EventBody } from '#contract/event.ts'
import type { Message } from '#contract/message.ts'
import type { Assistant } from './assistant.ts'

/** What the log shows of a run that begins: what was posted, who answers, and its first step. */
export function firstEvents(assistant: Assistant, model: string, messages: Message[]): EventBody[] {
  const { spec, snapshot } = assistant
  const names = Object.entries(snapshot.file.agents)
  const team = names.map(([name, member]) => ({ name, description: member.description ?? '' }))
  return [
    ...messages.map(
      (message): EventBody => ({ type: 'user_message', message_id: message.id, message }),
    ),
    {
      type: 'stream_started',
      agent_info: { model, description: spec.description ?? '', version: snapshot.version },
      ...(team.length > 1 ? { team } : {}),
    },
    { type: 'step_started', step: 1 },
  ]
}

/** Each message behind the one before it, the first one behind `leaf`. */
export function chainMessages(messages: Message[], leaf: string | null): Message[] {
  return messages.map((message, index) => ({
    ...message,
    parent_id: index === 0 ? leaf : (messages[index - 1]?.id ?? leaf),
  }))
}
