import type { Message, NewMessage } from '#contract/message.ts'

/** What a client asks of a thread, by the list of messages that it holds. */
export type Continuation =
  /** Behind all that is stored; without messages the model goes on with what is there. */
  | { type: 'append'; messages: NewMessage[] }
  /** Beside a stored message of the user, which they take the place of. */
  | { type: 'edit'; messageId: string; messages: NewMessage[] }
  /** The answer to a stored message is made anew; an answer is named by itself or its question. */
  | { type: 'answer'; messageId: string }

/** A message as a client holds it; of other roles only the place matters. */
export type Held = NewMessage | { role: 'assistant' | 'tool' }

/**
 * What of a client's messages is new: those behind its last answer that are not stored. When it
 * holds all that is stored they are appended. When it lacks the end of it they take the place of
 * what the user said next, and without any the last answer is made anew. A client that holds
 * nothing of what is stored keeps no history, and what it sends is appended.
 */
export function continueThread(held: Held[], stored: Message[]): Continuation {
  const { shared, fresh } = match(held, stored)
  const said = stored.filter(isFromUser)
  const [known, next] = [said[shared - 1], said[shared]]
  if (!known || fresh.length > 0) {
    return known && next
      ? { type: 'edit', messageId: next.id, messages: fresh }
      : { type: 'append', messages: fresh }
  }
  const isAsked = held.at(-1)?.role === 'user' && stored.at(-1)?.role !== 'user'
  return next || isAsked
    ? { type: 'answer', messageId: known.id }
    : { type: 'append', messages: [] }
}

/** The same when the last message is known to be the edited form of one. */
export function editLast(held: Held[], stored: Message[]): Continuation {
  const { shared } = match(held.slice(0, -1), stored)
  const edited = stored.filter(isFromUser)[shared]
  const messages = held.slice(-1).filter(isPosted)
  return edited ? { type: 'edit', messageId: edited.id, messages } : { type: 'append', messages }
}

/**
 * How many of the stored messages of the user the client holds, by their text and order, and which
 * of its own behind its last answer are not stored. One before that which is not stored answered a
 * question, so it is a result of a tool here.
 */
function match(held: Held[], stored: Message[]): { shared: number; fresh: NewMessage[] } {
  const said = stored.filter(isFromUser)
  const tail = held.findLastIndex((message) => !isPosted(message)) + 1
  let shared = 0
  for (const message of held.slice(0, tail)) {
    if (isSame(message, said[shared])) shared += 1
  }
  let fresh = held.slice(tail).filter(isPosted)
  while (true) {
    const next = fresh.findIndex(({ role }) => role === 'user')
    if (!isSame(fresh[next], said[shared])) return { shared, fresh }
    shared += 1
    fresh = fresh.slice(next + 1)
  }
}

function isSame(message: Held | undefined, stored: Message | undefined): boolean {
  return message?.role === 'user' && message.content === stored?.content
}

export function isPosted(message: Held): message is NewMessage {
  return message.role === 'user' || message.role === 'system'
}

function isFromUser({ role, implicit }: Message): boolean {
  return role === 'user' && implicit !== true
}
