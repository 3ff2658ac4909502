import type { ListedMessage, Message } from '#contract/message.ts'
import type { Statements } from './database.ts'

/** Messages of a session with their places among those that follow the same message. */
export async function withSiblings(
  database: Statements,
  session: { id: string; branched: boolean },
  messages: Message[],
): Promise<ListedMessage[]> {
  const places = new Map<string, Place>()
  if (session.branched && messages.length > 0) {
    const parents = new Set(messages.map((message) => message.parent_id))
    const rows = await database.query<Place & { id: string }>(placeStatement, [
      session.id,
      [...parents].filter((id) => id !== null),
      parents.has(null),
    ])
    for (const { id, ...place } of rows) places.set(id, place)
  }
  return messages.map((message) => ({ ...message, ...(places.get(message.id) ?? alone) }))
}

type Place = Pick<
  ListedMessage,
  'sibling_index' | 'sibling_count' | 'previous_sibling_id' | 'next_sibling_id'
>

const alone: Place = {
  sibling_index: 0,
  sibling_count: 1,
  previous_sibling_id: null,
  next_sibling_id: null,
}

const placeStatement = `
select m.id, row_number() over older - 1 as sibling_index,
  count(*) over (partition by m.parent_id) as sibling_count,
  lag(m.id) over older as previous_sibling_id, lead(m.id) over older as next_sibling_id
from messages m where m.session_id = $1
  and (m.parent_id = any($2::text[]) or ($3::boolean and m.parent_id is null))
window older as (partition by m.parent_id order by m.seq)`
