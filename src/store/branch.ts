import type { Statements } from './database.ts'

/** Before all seqs, also those of messages that came with a session. */
export const beforeAll = -Number.MAX_SAFE_INTEGER

/**
 * A branch as ranges of seqs: `with recursive ranges(low, high, parent, place)`, from its end back
 * to its beginning. Each costs one look into an index, however many messages it holds. `from` is the
 * seq of the branch's last message, an expression; no range comes of null. `most` is how many ranges
 * are of use at most, for each holds a message or more.
 */
export function branchRanges({
  session,
  from,
  most,
}: {
  session: string
  from: string
  most?: string
}): string {
  const start = (seq: string) => `left join lateral (
      select b.seq, b.parent_seq from branches b where b.session_id = ${session} and b.seq <= ${seq}
      order by b.seq desc limit 1) b on true`
  return `with recursive ranges(low, high, parent, place) as (
    select coalesce(b.seq, ${beforeAll}), o.seq, b.parent_seq, 1
    from (select ${from} as seq) o ${start('o.seq')} where o.seq is not null
    union all
    select coalesce(b.seq, ${beforeAll}), r.parent, b.parent_seq, r.place + 1
    from ranges r ${start('r.parent')}
    where r.parent is not null ${most === undefined ? '' : `and r.place < ${most}`}
  )`
}

/** The seq of a message of a session; both are expressions. */
export function seqOf(message: string, session: string): string {
  return `(select m.seq from messages m where m.id = ${message} and m.session_id = ${session})`
}

/** The newest message below one of a session, itself included; null when there is no such message. */
export async function findLeafBelow(
  database: Statements,
  { sessionId, messageId }: { sessionId: string; messageId: string },
): Promise<string | null> {
  const [row] = await database.query<{ id: string }>(leafStatement, [sessionId, messageId])
  return row?.id ?? null
}

/** Where the range of seqs ends in which a seq of the session $1 stands. */
function endAfter(seq: string): string {
  return `coalesce((select min(e.seq) from branches e where e.session_id = $1 and e.seq > ${seq}),
    ${Number.MAX_SAFE_INTEGER})`
}

// All that was ever said below a message, as ranges of seqs. One that nobody wrote in is empty.
const leafStatement = `
with recursive below(low, high) as (
  select m.seq, ${endAfter('m.seq')} from messages m where m.id = $2 and m.session_id = $1
  union all
  select b.seq, ${endAfter('b.seq')} from below d
  join branches b on b.session_id = $1 and b.parent_seq >= d.low and b.parent_seq < d.high
)
select m.id from below d cross join lateral (
  select m.id, m.seq from messages m
  where m.session_id = $1 and m.seq >= d.low and m.seq < d.high order by m.seq desc limit 1) m
order by m.seq desc limit 1`

/**
 * The last message of the exchange that a message is in, where that is itself or a result of its
 * tool calls: a call is never parted from its results. null when there is no such message.
 */
export async function findExchangeEnd(
  database: Statements,
  { sessionId, messageId }: { sessionId: string; messageId: string },
): Promise<{ id: string; seq: number } | null> {
  const [row] = await database.query<{ id: string; seq: number }>(exchangeStatement, [
    sessionId,
    messageId,
  ])
  return row ?? null
}

const exchangeStatement = `
with named as (
  select m.seq from messages m where m.id = $2 and m.session_id = $1
), next as (
  select m.seq from named n join messages m on m.session_id = $1
  where m.seq > n.seq and m.role <> 'tool' order by m.seq limit 1
)
select m.id, m.seq from named n join messages m on m.session_id = $1
where m.seq >= n.seq and m.seq < ${endAfter('n.seq')}
  and m.seq < coalesce((select seq from next), ${Number.MAX_SAFE_INTEGER})
order by m.seq desc limit 1`
