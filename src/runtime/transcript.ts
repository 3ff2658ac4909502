import type { Message } from '#contract/message.ts'

/** Characters of one tool result, or of a call's arguments, that are worth telling. */
const longest = 2000

/** A conversation as text, for a model that is asked about it instead of taking part. */
export function toTranscript(messages: Message[]): string {
  return messages.map(toText).join('\n\n').toWellFormed()
}

/** The newest part of a transcript, in characters. */
export function lastPart(transcript: string, room: number): string {
  if (transcript.length <= room) return transcript
  return `[…]${transcript.slice(-Math.floor(room))}`.toWellFormed()
}

function toText({ role, content, tool_calls, agent_name }: Message): string {
  if (role === 'tool') return `Tool result: ${cut(content)}`
  const calls = tool_calls?.map(
    ({ function: { name, arguments: args } }) => `\n[calls ${name} ${cut(args)}]`,
  )
  const speaker = role === 'user' ? 'User' : `Assistant${agent_name ? ` ${agent_name}` : ''}`
  return `${speaker}: ${content}${calls?.join('') ?? ''}`
}

function cut(text: string): string {
  return text.length > longest ? `${text.slice(0, longest)}…` : text
}
