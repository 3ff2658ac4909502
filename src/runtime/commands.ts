import type { AgentSpec } from '#contract/agent-file.ts'
import type { Message } from '#contract/message.ts'

/**
 * The message as the model is shown it: `/name rest` of the user becomes the instruction of the
 * agent's command, with the rest behind it. What is stored stays as it was written.
 */
export function expandCommand(message: Message, commands: AgentSpec['commands']): Message {
  if (message.role !== 'user' || commands === undefined) return message
  const { content, multi_content } = message
  return {
    ...message,
    content: expand(content, commands),
    ...(multi_content
      ? {
          multi_content: multi_content.map((part, index) =>
            index === 0 && part.type === 'text'
              ? { ...part, text: expand(part.text, commands) }
              : part,
          ),
        }
      : {}),
  }
}

function expand(text: string, commands: NonNullable<AgentSpec['commands']>): string {
  const [, name = '', rest = ''] = /^\/([A-Za-z0-9_-]+)(?:\s+([\s\S]*))?$/.exec(text.trim()) ?? []
  if (!Object.hasOwn(commands, name)) return text
  const command = commands[name]
  if (command === undefined) return text
  const instruction = typeof command === 'string' ? command : command.instruction
  return rest === '' ? instruction : `${instruction}\n\n${rest}`
}
