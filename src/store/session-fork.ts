import type { Message } from '#contract/message.ts'
import { Problem } from '#contract/problem.ts'
import type { SessionFork } from '#contract/session-copy.ts'
import { branchRanges, findExchangeEnd } from './branch.ts'
import type { Database, Statements } from './database.ts'
import type { Ids } from './ids.ts'
import { missingResult, openCalls } from './missing-results.ts'
import type { Scope } from './scope.ts'
import { namedSession } from './session-row.ts'

/** Makes a session of a branch of another. Answers its id; null when there is no such session. */
export function forkSession({
  database,
  ids,
  scope,
  session,
  fork,
}: {
  database: Database
  ids: Ids
  scope: Scope
  session: string
  fork: SessionFork
}): Promise<string | null> {
  return database.transaction(async (tx) => {
    // A removal waits until all is copied; the run that is active does not.
    const [source] = await tx.query<{ id: string; leaf: string | null }>(
      `select s.id, s.leaf_id as leaf from sessions s
       where ${namedSession} and s.root_id is null order by s.id = $3 desc limit 1 for key share`,
      [scope.tenant, scope.owner, session],
    )
    if (!source) return null
    const end = await findEnd(tx, source, fork.message_id)
    const copies = end === null ? [] : await planCopies({ tx, ids, sessionId: source.id, end })
    const id = ids.next('ses')
    const leaf = copies.at(-1)?.new ?? null
    await tx.query(sessionStatement, [id, source.id, fork.title ?? null, leaf])
    await tx.query(messageStatement, [id, JSON.stringify(copies)])
    await tx.query(summaryStatement, [id, source.id, JSON.stringify(copies)])
    return id
  })
}

async function findEnd(
  tx: Statements,
  { id: sessionId, leaf }: { id: string; leaf: string | null },
  messageId: string | undefined,
): Promise<number | null> {
  if (messageId === undefined && leaf === null) return null
  const named = messageId ?? leaf ?? ''
  const end = await findExchangeEnd(tx, { sessionId, messageId: named })
  if (end) return end.seq
  const message = `There is no message ${named} in session ${sessionId}; listMessages names them`
  throw new Problem('validation_failed', message, { errors: [{ path: 'message_id', message }] })
}

/** A copy of a stored message, or with `body` one that none is copied from. */
type Copy = { old: string | null; new: string; parent: string | null; seq: number; body?: Message }

async function planCopies({
  tx,
  ids,
  sessionId,
  end,
}: {
  tx: Statements
  ids: Ids
  sessionId: string
  end: number
}): Promise<Copy[]> {
  const stored = await tx.query<{ id: string; role: Message['role'] }>(
    `${branchRanges({ session: '$1', from: '$2::bigint' })}
     select m.id, m.role from ranges r join messages m on m.session_id = $1
       and m.seq between r.low and r.high order by m.seq`,
    [sessionId, end],
  )
  const copies = stored.map(({ id }) => ({ old: id, new: ids.next('msg') }))
  const lastAnswer = stored.findLastIndex(({ role }) => role !== 'tool')
  const exchange = await readBodies(
    tx,
    stored.slice(Math.max(0, lastAnswer)).map(({ id }) => id),
  )
  const [answer, ...results] = exchange
  const added: { old: null; new: string; body?: Message }[] = []
  for (const callId of openCalls(answer, results)) {
    const id = ids.next('msg')
    const parent = exchange.at(-1)
    if (parent) added.push({ old: null, new: id, body: missingResult(parent, { id, callId }) })
  }
  const all = [...copies, ...added]
  return all.map((copy, index) => ({
    ...copy,
    parent: all[index - 1]?.new ?? null,
    seq: index - all.length + 1,
  }))
}

async function readBodies(tx: Statements, messageIds: string[]): Promise<Message[]> {
  const rows = await tx.query<{ body: Message }>(
    'select body from messages where id = any($1::text[]) order by seq',
    [messageIds],
  )
  return rows.map(({ body }) => body)
}

// What was allowed for the rest of a session is not allowed in another one.
const sessionStatement = `
insert into sessions (id, tenant, owner, title, agent, agent_name, permissions, tools_approved,
  thinking, model_override, working_dir, max_iterations, metadata, parent_id, origin, leaf_id)
select $1, s.tenant, s.owner, coalesce($3, s.title), s.agent, s.agent_name, s.permissions,
  s.tools_approved, s.thinking, s.model_override, s.working_dir, s.max_iterations, s.metadata, s.id,
  'fork', $4
from sessions s where s.id = $2`

const copyColumns = 'old text, new text, parent text, seq bigint, body json'

const messageStatement = `
insert into messages
  (id, tenant, session_id, parent_id, role, agent_name, status, seq, body, created_at)
select c.new, s.tenant, s.id, c.parent, coalesce(m.role, c.body->>'role'),
  coalesce(m.agent_name, c.body->>'agent_name'), coalesce(m.status, c.body->>'status'), c.seq,
  (coalesce(m.body, c.body)::jsonb || jsonb_build_object('id', c.new, 'parent_id', c.parent))::json,
  coalesce(m.created_at, (c.body->>'created_at')::timestamptz)
from json_to_recordset($2::text::json) as c(${copyColumns})
join sessions s on s.id = $1 left join messages m on m.id = c.old`

const summaryStatement = `
insert into summaries (session_id, seq, tenant, text, created_at)
select $1, c.seq, x.tenant, x.text, x.created_at
from json_to_recordset($3::text::json) as c(${copyColumns})
join messages m on m.id = c.old join summaries x on x.session_id = $2 and x.seq = m.seq`
