import type { Message, NewMessage } from '#contract/message.ts'

/** What a client asks of a thread, by the list of messages that it holds. */
export type Continuation =
  /** Behind all that is stored; without messages the model goes on with what is there. */
  | { type: 'append'; messages: NewMessage[] }
  /** Beside a stored message of the user, which they take the place of. */
  | { type: 'edit'; messageId: string; messages: NewMessage[] }
  /** The answer to a stored message of the user is made anew. */
  | { type: 'answer'; messageId: string }

/** A message as a client holds it; of other roles only the place matters. */
export type Held = NewMessage | { role: 'assistant' | 'tool' }

/**
 * What of a client's messages is new. Its users' messages are held against the stored ones, by
 * their text: where all that is stored is there, the rest is appended; where the client's end
 * earlier, the last is answered anew; where they part, the client's take a branch of their own. A
 * list that shares nothing with what is stored, of a client that does not send its history, is new
 * behind its last answer.
 */
export function continueThread(held: Held[], stored: Message[]): Continuation {
  const posted = held.filter(isPosted)
  const said = posted.filter(({ role }) => role === 'user')
  const kept = stored.filter(isFromUser)
  const same = kept.findIndex((message, index) => !isSame(message, said[index]))
  const shared = same === -1 ? kept.length : same
  const [known, parting, next] = [kept[shared - 1], kept[shared], said[shared]]
  if (!parting) {
    const fresh = shared === 0 ? posted : behind(posted, said[shared - 1])
    const isAsked = held.at(-1)?.role === 'user' && stored.at(-1)?.role !== 'user'
    return fresh.length === 0 && isAsked && known
      ? { type: 'answer', messageId: known.id }
      : { type: 'append', messages: fresh }
  }
  if (shared === 0) return { type: 'append', messages: behindAnswer(held) }
  const messages = behind(posted, said[shared - 1])
  if (next) return { type: 'edit', messageId: parting.id, messages }
  return known ? { type: 'answer', messageId: known.id } : { type: 'append', messages }
}

/** The user's messages of a branch, as clients count them. */
export function isFromUser({ role, implicit }: Message): boolean {
  return role === 'user' && implicit !== true
}

export function isPosted(message: Held): message is NewMessage {
  return message.role === 'user' || message.role === 'system'
}

function isSame(message: Message, said: NewMessage | undefined): boolean {
  return said !== undefined && message.content === said.content
}

function behind(posted: NewMessage[], message: NewMessage | undefined): NewMessage[] {
  return posted.slice(message ? posted.indexOf(message) + 1 : 0)
}

function behindAnswer(held: Held[]): NewMessage[] {
  const answered = held.findLastIndex((message) => !isPosted(message))
  return held.slice(answered + 1).filter(isPosted)
}
