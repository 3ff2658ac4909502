import type { Database, Statements } from './database.ts'
import type { Scope } from './scope.ts'

/** Whose key it is and for what: the same text of another caller or operation is another key. */
export type KeyPlace = { tenant: string; owner: string; operation: string; key: string }

/** A key that this request holds; `lock` tells it from those who hold it later. */
export type HeldKey = KeyPlace & { lock: string }

/** What a finished request left: the run that it began, or its answer. */
export type KeptAnswer =
  | { type: 'run'; runId: string; sessionId: string }
  | { type: 'response'; status: number; headers: Record<string, string>; body: string }

export type KeyClaim =
  /** The request is the first, or the first one died before it did anything. */
  | { type: 'held'; key: HeldKey }
  | { type: 'done'; answer: KeptAnswer }
  | { type: 'in_flight' }
  | { type: 'mismatch' }

/** Seconds after which a holder that neither finished nor said that it goes on is taken for dead. */
const lockSeconds = 6
const lifetimeHours = 24

/** Takes the key for a request, or tells what became of the one that took it before. */
export async function claimKey(
  database: Statements,
  place: KeyPlace,
  requestHash: string,
): Promise<KeyClaim> {
  // A key that is given back between the two statements is tried for once more.
  for (;;) {
    const [taken] = await database.query<{ lock: string }>(takeStatement, [
      ...valuesOf(place),
      requestHash,
    ])
    if (taken) return { type: 'held', key: { ...place, lock: taken.lock } }
    const [row] = await database.query<KeyRow>(readStatement, valuesOf(place))
    if (row) return toClaim(row, requestHash)
  }
}

/** Holds keys for longer whose requests take their time. Answers those that are still to be held. */
export async function extendKeys(
  database: Statements,
  keys: readonly HeldKey[],
): Promise<HeldKey[]> {
  const rows = await database.query<{ place: number }>(
    `update idempotency_keys k set locked_until = clock_timestamp() + interval '${lockSeconds} s'
     from json_to_recordset($1::text::json)
       as h(place int, tenant text, owner text, operation text, key text, lock text)
     where k.tenant = h.tenant and k.owner = h.owner and k.operation = h.operation
       and k.key = h.key and k.status = 'in_flight' and k.created_at::text = h.lock
     returning h.place`,
    [JSON.stringify(keys.map((key, place) => ({ place, ...key })))],
  )
  return rows.flatMap(({ place }) => keys[place] ?? [])
}

/**
 * The run because of which a start in a session is refused, read before anything is written; null
 * when the session is idle or not there, or when the key was used before.
 */
export async function findActiveRun(
  database: Statements,
  scope: Scope,
  { session, place }: { session: string; place: KeyPlace },
): Promise<{ sessionId: string; runId: string } | null> {
  const [row] = await database.query<{ sessionId: string; runId: string }>(
    `select s.id as "sessionId", r.id as "runId" from sessions s cross join lateral (
       select r.id from runs r where r.session_id = s.id
         and r.status in ('queued', 'running', 'waiting') order by r.enqueued, r.id limit 1) r
     where s.tenant = $5 and ($6::text is null or s.owner = $6) and s.root_id is null
       and (s.id = $7 or s.external_id = $7)
       and not exists (select 1 from idempotency_keys where ${atPlace})
     order by s.id = $7 desc limit 1`,
    [...valuesOf(place), scope.tenant, scope.owner, session],
  )
  return row ?? null
}

/** Gives the key back: the request was refused and did nothing. One that is finished stays. */
export async function releaseKey(database: Statements, key: HeldKey): Promise<void> {
  await database.query(
    `delete from idempotency_keys where ${atPlace} and status = 'in_flight'
       and created_at::text = $5`,
    [...valuesOf(key), key.lock],
  )
}

/** Finishes a key with the answer of its request. Answers whether it was still held. */
export async function keepResponse(
  database: Statements,
  key: HeldKey,
  { status, headers, body }: { status: number; headers: Record<string, string>; body: string },
): Promise<boolean> {
  const rows = await database.query(
    `update idempotency_keys set status = 'done', response_status = $6,
       response_headers = $7::text::json, response_body = $8
     where ${atPlace} and status = 'in_flight' and created_at::text = $5 returning key`,
    [...valuesOf(key), key.lock, status, JSON.stringify(headers), body],
  )
  return rows.length > 0
}

/** Finishes a key in the transaction that begins its run. Answers whether it was still held. */
export async function keepRun(
  tx: Statements,
  key: HeldKey,
  { runId, sessionId }: { runId: string; sessionId: string },
): Promise<boolean> {
  const rows = await tx.query(
    `update idempotency_keys set status = 'done', run_id = $6, session_id = $7
     where ${atPlace} and status = 'in_flight' and created_at::text = $5 returning key`,
    [...valuesOf(key), key.lock, runId, sessionId],
  )
  return rows.length > 0
}

/**
 * Frees every key that is in flight: nobody who holds one is alive. For the embedded database, whose
 * directory one process has, before it takes requests.
 */
export async function freeOrphanedKeys(database: Database): Promise<void> {
  await database.query(
    `update idempotency_keys set locked_until = clock_timestamp() - interval '1 s'
     where status = 'in_flight'`,
    [],
  )
}

/** Deletes keys whose day is over, at most `limit`. Answers how many. */
export async function removeExpiredKeys(
  database: Database,
  { limit }: { limit: number },
): Promise<number> {
  const rows = await database.query(
    `delete from idempotency_keys k using (
       select tenant, owner, operation, key from idempotency_keys
       where expires_at < now() order by expires_at limit $1 for update skip locked
     ) old
     where k.tenant = old.tenant and k.owner = old.owner and k.operation = old.operation
       and k.key = old.key returning k.key`,
    [limit],
  )
  return rows.length
}

type KeyRow = {
  hash: string
  runId: string | null
  sessionId: string | null
  responseStatus: number | null
  responseHeaders: Record<string, string> | null
  responseBody: string | null
}

function toClaim(row: KeyRow, requestHash: string): KeyClaim {
  if (row.hash !== requestHash) return { type: 'mismatch' }
  const { runId, sessionId, responseStatus: status, responseBody } = row
  if (runId !== null && sessionId !== null) {
    return { type: 'done', answer: { type: 'run', runId, sessionId } }
  }
  if (status !== null) {
    const headers = row.responseHeaders ?? {}
    return {
      type: 'done',
      answer: { type: 'response', status, headers, body: responseBody ?? '' },
    }
  }
  return { type: 'in_flight' }
}

function valuesOf({ tenant, owner, operation, key }: KeyPlace): string[] {
  return [tenant, owner, operation, key]
}

const atPlace = 'tenant = $1 and owner = $2 and operation = $3 and key = $4'

// What was begun with a key that is in flight was not committed, so another request may have it.
const takeStatement = `
insert into idempotency_keys as k (tenant, owner, operation, key, request_hash, status, locked_until,
  expires_at)
values ($1, $2, $3, $4, $5, 'in_flight', clock_timestamp() + interval '${lockSeconds} s',
  now() + interval '${lifetimeHours} h')
on conflict (tenant, owner, operation, key) do update set request_hash = excluded.request_hash,
  status = 'in_flight', locked_until = excluded.locked_until, expires_at = excluded.expires_at,
  session_id = null, run_id = null, response_status = null, response_headers = null,
  response_body = null, created_at = now()
where k.expires_at < now() or (k.status = 'in_flight' and k.locked_until < now())
returning k.created_at::text as lock`

const readStatement = `
select request_hash as hash, run_id as "runId", session_id as "sessionId",
  response_status as "responseStatus", response_headers as "responseHeaders",
  response_body as "responseBody"
from idempotency_keys where ${atPlace}`
