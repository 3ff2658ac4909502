import type { ListedMessage, Message } from '#contract/message.ts'
import { Problem } from '#contract/problem.ts'
import { beforeAll, branchRanges, findLeafBelow, seqOf } from './branch.ts'
import type { Statements } from './database.ts'
import { decodeCursor, notACursor, toPage } from './page.ts'
import type { Page, PageRequest, Scope } from './scope.ts'
import { namedSession } from './session-row.ts'
import { withSiblings } from './siblings.ts'

/** What a conversation says. */
export function createMessages({ database }: { database: Statements }) {
  return {
    /**
     * The active branch, or the one through the message `through` to the newest below it.
     * `not_found` for a session or a message that is not there.
     */
    async list(
      scope: Scope,
      sessionId: string,
      page: PageRequest,
      through?: string,
    ): Promise<Page<ListedMessage>> {
      const [session] = await database.query<Branch>(
        `select s.id, s.leaf_id, s.branched from sessions s where ${namedSession}
         order by s.id = $3 desc limit 1`,
        [scope.tenant, scope.owner, sessionId],
      )
      if (session === undefined) throw new Problem('not_found', `There is no session ${sessionId}`)
      if (through === undefined) return listBranch({ database, session, page })
      const leaf = await findLeafBelow(database, { sessionId: session.id, messageId: through })
      if (leaf !== null) {
        return listBranch({
          database,
          session: { ...session, leaf_id: leaf, branched: true },
          page,
        })
      }
      throw new Problem('not_found', `There is no message ${through} in session ${sessionId}`)
    },
  }
}

/** What of a session's row tells where its active branch is. */
export type Branch = { id: string; leaf_id: string | null; branched: boolean }

type MessageRow = { seq: number; body: Message }

/** A page of the active branch of a session that the caller may see. */
export async function listBranch({
  database,
  session,
  page,
}: {
  database: Statements
  session: Branch
  page: PageRequest
}): Promise<Page<ListedMessage>> {
  const statement = session.branched ? branchStatement(page.order) : lineStatement(page.order)
  const rows = await database.query<MessageRow>(statement, [
    session.id,
    cursorSeq(page),
    page.limit + 1,
    ...(session.branched ? [session.leaf_id] : []),
  ])
  const keyOf = (row: MessageRow) => [String(row.seq)]
  const found = toPage({ rows, limit: page.limit, keyOf, toItem: ({ body }) => body })
  return { ...found, data: await withSiblings(database, session, found.data) }
}

function cursorSeq(page: PageRequest): number | null {
  const key = decodeCursor(page, 1)
  if (key === null) return null
  const seq = Number(key[0])
  if (!Number.isSafeInteger(seq)) throw notACursor()
  return seq
}

type Order = PageRequest['order']

// Nothing ever branched off: the messages of the session are the branch, in the order of their seq.
function lineStatement(order: Order): string {
  return `select m.seq, m.body from messages m where m.session_id = $1 and ${beyond(order)}
    order by m.seq ${order} limit $3`
}

// Towards the older ones a cursor's message is where to begin: it is on the branch itself.
function branchStatement(order: Order): string {
  const leaf = seqOf('$4', '$1')
  const ranges =
    order === 'desc'
      ? branchRanges({ session: '$1', from: `coalesce($2::bigint, ${leaf})`, most: '$3 + 1' })
      : branchRanges({ session: '$1', from: leaf })
  return `${ranges}
    select m.seq, m.body from ranges r cross join lateral (
      select m.seq, m.body from messages m
      where m.session_id = $1 and m.seq between r.low and r.high and ${beyond(order)}
      order by m.seq ${order} limit $3) m
    order by r.high ${order}, m.seq ${order} limit $3`
}

function beyond(order: Order): string {
  return order === 'desc'
    ? 'm.seq < coalesce($2::bigint, 9223372036854775807)'
    : `m.seq > coalesce($2::bigint, ${beforeAll})`
}
