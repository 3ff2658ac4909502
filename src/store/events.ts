import type { Statements } from './database.ts'
import type { Committed, LogEntry } from './log.ts'
import { readSettings } from './run-loading.ts'
import type { Scope } from './scope.ts'

/** A row of the log with its position and time. */
export type EventRow = {
  seq: number
  /** The first seq, where the row stands for a range. */
  seqFrom: number | null
  runId: string
  /** The session that the event is about. */
  sessionId: string
  agent: string
  type: string
  data: string
  /** Milliseconds since the epoch. */
  time: number
}

// A scalar subquery, so that only the events of messages look for one.
const fromMessage = `
    from messages m
    where m.session_id = coalesce(e.subject_id, e.session_id) and m.seq = e.seq`
const dataColumn = `coalesce(e.data, (
    select '{"message_id":' || to_json(m.id)::text || ',"message":' || m.body::text || '}'
    ${fromMessage}))`

const columns = `e.seq, e.run_id as "runId", coalesce(e.subject_id, e.session_id) as "sessionId",
  e.agent, e.type, e.seq_from as "seqFrom", ${dataColumn} as data, floor(extract(epoch from e.created_at) * 1000)::double precision as time`

/** Bytes of data on a page, whatever its limit; an event that is larger is alone on its page. */
const pageSize = 64 * 1024

/**
 * The events after a seq, in order. `more`: the page ended before the log did. `lost`: the next ones
 * were older than is kept, and are gone. Where the page ends is found from the sizes alone, which
 * Postgres knows without reading long values.
 */
export async function readEvents(
  database: Statements,
  { sessionId, after, limit }: { sessionId: string; after: number; limit: number },
): Promise<{ rows: EventRow[]; more: boolean; lost: boolean }> {
  const rows = await database.query<EventRow & { found: number }>(
    `with sized as materialized (
       select e.seq, coalesce(octet_length(e.data), (select pg_column_size(m.body) ${fromMessage}), 0)
         as size
       from events e where e.session_id = $1 and e.seq > $2 order by e.seq limit $3
     ), page as (
       select max(seq) as last from (
         select seq, size, sum(size) over (order by seq) as total from sized
       ) s where total <= ${pageSize} or total = size
     )
     select ${columns}, (select count(*) from sized) as found
     from events e where e.session_id = $1 and e.seq > $2 and e.seq <= (select last from page)
     order by e.seq`,
    [sessionId, after, limit],
  )
  const [first] = rows
  if (!first) return { rows, more: false, lost: await isAhead(database, sessionId, after) }
  const lost = (first.seqFrom ?? first.seq) > after + 1
  return { rows, more: first.found === limit || rows.length < first.found, lost }
}

/** Whether the log has got beyond a seq and nothing of that is left. */
async function isAhead(database: Statements, sessionId: string, after: number): Promise<boolean> {
  const rows = await database.query(
    `select s.id from sessions s where s.id = $1 and s.last_seq > $2
       and not exists (select 1 from events e where e.session_id = $1 and e.seq > $2)`,
    [sessionId, after],
  )
  return rows.length > 0
}

/** Where a log begins and ends, for a caller who may read it. `oldest` is head + 1 when it is empty. */
export async function readBounds(
  database: Statements,
  scope: Scope,
  idOrExternalId: string,
): Promise<{ sessionId: string; oldest: number; head: number } | null> {
  const [row] = await database.query<{ sessionId: string; oldest: number; head: number }>(
    `select s.id as "sessionId", s.last_seq as head,
       coalesce((select coalesce(e.seq_from, e.seq) from events e where e.session_id = s.id
         order by e.seq limit 1), s.last_seq + 1) as oldest
     from sessions s where s.tenant = $1 and ($2::text is null or s.owner = $2)
       and (s.id = $3 or s.external_id = $3)
     order by s.id = $3 desc limit 1`,
    [scope.tenant, scope.owner, idOrExternalId],
  )
  return row ?? null
}

/** How far the logs of some sessions go. */
export function readHeads(
  database: Statements,
  sessionIds: string[],
): Promise<{ sessionId: string; head: number }[]> {
  return database.query(
    'select id as "sessionId", last_seq as head from sessions where id = any($1::text[])',
    [sessionIds],
  )
}

/** `begun` tells whether `after` is final: a run that waits behind others begins somewhere later. */
type RunBounds = { sessionId: string; after: number; last: number | null; begun: boolean }

/** Where the events of a run begin and, once it is over, end. */
export async function readRunBounds(
  database: Statements,
  scope: Scope,
  runId: string,
): Promise<RunBounds | null> {
  const [row] = await database.query<RunBounds>(
    `select r.root_session_id as "sessionId", r.first_seq - 1 as after, r.last_seq as last,
       r.started_at is not null as begun
     from runs r join sessions s on s.id = r.session_id
     where r.id = $3 and r.tenant = $1 and ($2::text is null or s.owner = $2)`,
    [scope.tenant, scope.owner, runId],
  )
  return row ?? null
}

async function readAllEvents(
  database: Statements,
  { sessionId, after }: { sessionId: string; after: number },
): Promise<EventRow[]> {
  const all: EventRow[] = []
  for (;;) {
    const from = all.at(-1)?.seq ?? after
    const { rows, more } = await readEvents(database, { sessionId, after: from, limit: 500 })
    all.push(...rows)
    if (!more) return all
  }
}

/**
 * Whether an entry whose commit was cut off stands in the log after all: its events follow each
 * other there with the same bytes.
 */
export async function findCommitted(
  database: Statements,
  entry: LogEntry,
  after: number,
): Promise<Committed | null> {
  const [first] = entry.events
  if (!first) return null
  const rows = await readAllEvents(database, { sessionId: entry.sessionId, after })
  const start = rows.findIndex((_, index) =>
    entry.events.every((event, ordinal) => {
      const row = rows[index + ordinal]
      return row?.type === event.type && row.data === event.data && row.runId === event.runId
    }),
  )
  const row = rows[start]
  if (!row) return null
  const settings = await readSettings(database, entry.sessionId)
  return settings ? { base: row.seq - 1, time: row.time, settings } : null
}
