import { addChange, changeColumns, lastMessageOf, type Part, toChangeRow } from './commit-part.ts'
import type { LogEntry } from './log.ts'

/** Sub-agents' sessions, and what prompts of a session begin with: contexts and summaries. */
export const sessionParts: Part[] = [
  {
    name: 'new_sub_sessions',
    rows: (entry, index) =>
      entry.subRuns.map((sub) => ({
        entry: index,
        id: sub.sessionId,
        parent: sub.parentSessionId,
        title: sub.title,
        agent: sub.agent,
        agent_name: sub.run.agentName,
        leaf: lastMessageOf(entry, sub.sessionId),
      })),
    sql: `insert into sessions (id, tenant, owner, root_id, parent_id, title, agent, agent_name,
        permissions, leaf_id)
      select n.id, h.tenant, h.owner, h.id, n.parent, n.title, n.agent, n.agent_name, h.permissions,
        n.leaf
      from json_to_recordset($rows) as n(entry int, id text, parent text, title text, agent text,
        agent_name text, leaf text)
      join head h on h.entry = n.entry`,
  },
  {
    name: 'changed_sub_sessions',
    rows: (entry, index) => subSessionsOf(entry).map((row) => ({ entry: index, ...row })),
    sql: `update sessions s set ${addChange}, updated_at = now()
      from json_to_recordset($rows) as e(entry int, id text, leaf text, ${changeColumns})
      join head h on h.entry = e.entry where s.id = e.id and s.root_id = h.id`,
  },
  {
    name: 'new_contexts',
    rows: (entry, index) => entry.contexts.map((context) => ({ entry: index, ...context })),
    sql: `insert into session_contexts (session_id, agent_name, tenant, text)
      select c."sessionId", c."agentName", h.tenant, c.text
      from json_to_recordset($rows) as c(entry int, "sessionId" text, "agentName" text, text text)
      join head h on h.entry = c.entry
      on conflict do nothing`,
  },
  {
    name: 'left_summaries',
    rows: (entry, index) =>
      entry.begun.flatMap(({ replacedSeq }) =>
        replacedSeq === null ? [] : [{ entry: index, seq: replacedSeq }],
      ),
    sql: `delete from summaries m
      using json_to_recordset($rows) as l(entry int, seq bigint) join head h on h.entry = l.entry
      where m.session_id = h.id and m.seq >= l.seq`,
  },
  {
    name: 'new_summaries',
    rows: (entry, index) =>
      entry.sessions.flatMap(({ id, summary }) =>
        summary ? [{ entry: index, session: id, ...summary }] : [],
      ),
    sql: `insert into summaries (session_id, seq, tenant, text, created_at)
      select m.session_id, m.seq, h.tenant, n.text, n."createdAt"
      from json_to_recordset($rows) as n(entry int, session text, text text, "messageId" text,
        "createdAt" timestamptz)
      join head h on h.entry = n.entry
      join messages m on m.id = n."messageId" and m.session_id = n.session
      on conflict (session_id, seq) do update set text = excluded.text,
        created_at = excluded.created_at`,
  },
]

/** Sub-sessions that get messages or tokens from the entry; a new one already has its leaf. */
function subSessionsOf(entry: LogEntry) {
  const created = new Set(entry.subRuns.map((sub) => sub.sessionId))
  const ids = new Set([
    ...entry.events.filter((event) => event.message).map((event) => event.sessionId),
    ...entry.sessions.map((session) => session.id),
  ])
  return [...ids]
    .filter((id) => id !== entry.sessionId && !created.has(id))
    .map((id) => {
      const change = entry.sessions.find((session) => session.id === id)
      return {
        id,
        leaf: lastMessageOf(entry, id),
        ...toChangeRow(change),
      }
    })
}
