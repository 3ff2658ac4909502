import type { FinishedTurn } from '#contract/finished-turn.ts'
import type { Message } from '#contract/message.ts'
import type { Statements } from './database.ts'
import type { Delivery } from './deliveries.ts'
import { type RunRow, runColumns, toRun } from './runs.ts'
import { type SessionRow, sessionColumns, toSession, withActiveRun } from './session-row.ts'

/** A finished turn as the archive receives it; null when its session was deleted. */
export async function readFinishedTurn(
  database: Statements,
  { id, tenant, sessionId, runId }: Pick<Delivery, 'id' | 'tenant' | 'sessionId' | 'runId'>,
): Promise<FinishedTurn | null> {
  const [session] = await database.query<SessionRow & { owner: string }>(
    `select ${sessionColumns}, s.owner from sessions s ${withActiveRun}
     where s.tenant = $1 and s.id = $2`,
    [tenant, sessionId],
  )
  const [row] = await database.query<TurnRow>(
    `select ${runColumns}, r.first_seq, r.last_seq from runs r where r.tenant = $1 and r.id = $2`,
    [tenant, runId],
  )
  if (!session || !row || row.finished_at === null) return null
  const said = await database.query<SaidRow>(saidStatement, [
    tenant,
    sessionId,
    row.first_seq,
    row.last_seq,
  ])
  const run = toRun(row)
  return {
    id,
    type: 'turn.finished',
    time: row.finished_at,
    tenant,
    owner: session.owner,
    session: toSession(session),
    run,
    messages: said.filter((each) => each.session_id === sessionId).map(({ body }) => body),
    sub_sessions: bySubSession(said.filter((each) => each.session_id !== sessionId)),
    usage: run.usage,
  }
}

type TurnRow = RunRow & { first_seq: number; last_seq: number | null }

type SaidRow = {
  session_id: string
  parent_id: string | null
  title: string | null
  agent_name: string | null
  body: Message
}

// A message has the seq of its event, and a run's events stand together in the log.
const saidStatement = `
select m.session_id, s.parent_id, s.title, s.agent_name, m.body
from sessions s join messages m on m.session_id = s.id
where s.tenant = $1 and (s.id = $2 or s.root_id = $2) and m.tenant = $1
  and m.seq between $3 and $4
order by m.seq`

function bySubSession(said: SaidRow[]): FinishedTurn['sub_sessions'] {
  const parts = new Map<string, FinishedTurn['sub_sessions'][number]>()
  for (const { session_id: id, parent_id, title, agent_name, body } of said) {
    const part = parts.get(id) ?? { id, parent_id, title, agent_name, messages: [] }
    part.messages.push(body)
    parts.set(id, part)
  }
  return [...parts.values()]
}
