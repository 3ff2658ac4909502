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
