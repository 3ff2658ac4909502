import { RuntimeEvent } from '#contract/event.ts'
import { toFrame } from '#runtime/frame.ts'
import type { Database } from '#store/database.ts'
import { readEvents } from '#store/events.ts'

/** What the database holds when a trial is over. */
export type Contents = {
  sessions: StoredSession[]
  runs: StoredRun[]
  /** By session, in order. */
  logs: Map<string, StoredFrame[]>
  calls: StoredCall[]
  approvals: StoredApproval[]
}

export type StoredSession = { id: string; externalId: string | null; lastSeq: number }
export type StoredRun = {
  id: string
  sessionId: string
  status: string
  enqueued: boolean
  attempt: number
}
/** `data` is the line that is sent for it. */
export type StoredFrame = { seq: number; data: string; event: RuntimeEvent }
export type StoredCall = { id: string; runId: string; tool: string; state: string; effect: string }
export type StoredApproval = { id: string; status: string; toolCallId: string }

export async function readContents(database: Database): Promise<Contents> {
  const sessions = await database.query<StoredSession>(
    'select id, external_id as "externalId", last_seq as "lastSeq" from sessions order by id',
    [],
  )
  const logs = new Map<string, StoredFrame[]>()
  for (const { id } of sessions) logs.set(id, await readLog(database, id))
  return {
    sessions,
    logs,
    runs: await database.query(
      'select id, session_id as "sessionId", status, enqueued, attempt from runs order by id',
      [],
    ),
    calls: await database.query(
      'select id, run_id as "runId", tool, state, effect from tool_calls order by id',
      [],
    ),
    approvals: await database.query(
      'select id, status, tool_call_id as "toolCallId" from approvals order by id',
      [],
    ),
  }
}

async function readLog(database: Database, sessionId: string): Promise<StoredFrame[]> {
  const frames: StoredFrame[] = []
  for (;;) {
    const after = frames.at(-1)?.seq ?? 0
    const { rows, more } = await readEvents(database, { sessionId, after, limit: 500 })
    for (const row of rows) {
      const { seq, seqFrom, time } = row
      const position = { seq, ...(seqFrom !== null && { seqFrom }) }
      const { json } = toFrame(row, { ...position, timestamp: new Date(time).toISOString() })
      frames.push({ seq, data: json, event: RuntimeEvent.parse(JSON.parse(json)) })
    }
    if (!more) return frames
  }
}
