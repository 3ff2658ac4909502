import { seqOf } from './branch.ts'
import type { Part } from './commit-part.ts'

/** The log, and the messages that its events tell of. */
export const messageParts: Part[] = [
  {
    name: 'new_events',
    rows: (entry, index) =>
      entry.events.map((event, ordinal) => ({
        e: index,
        i: ordinal + 1,
        r: event.runId,
        s: event.sessionId === entry.sessionId ? null : event.sessionId,
        a: event.agent,
        t: event.type,
        // The message has a row of its own; what is read again is put together from it.
        d: event.message ? null : event.data,
      })),
    sql: `insert into events (session_id, seq, tenant, run_id, subject_id, agent, type, data)
      select h.id, h.base + e.i, h.tenant, e.r, e.s, e.a, e.t, e.d
      from json_to_recordset($rows) as e(e int, i int, r text, s text, a text, t text, d text)
      join head h on h.entry = e.e`,
  },
  {
    name: 'new_messages',
    rows: (entry, index) =>
      entry.events.flatMap(({ message: stored, sessionId }, ordinal) => {
        if (!stored) return []
        const { message, body } = stored
        return [
          {
            entry: index,
            ordinal: ordinal + 1,
            session: sessionId,
            id: message.id,
            parent: message.parent_id,
            role: message.role,
            agent: message.agent_name,
            status: message.status,
            created: message.created_at,
            body,
          },
        ]
      }),
    sql: `insert into messages
        (id, tenant, session_id, parent_id, role, agent_name, status, seq, body, created_at)
      select m.id, h.tenant, m.session, m.parent, m.role, m.agent, m.status, h.base + m.ordinal,
        m.body::json, m.created
      from json_to_recordset($rows) as m(entry int, ordinal int, session text, id text, parent text,
        role text, agent text, status text, created timestamptz, body text)
      join head h on h.entry = m.entry`,
  },
  {
    // A run that takes the place of another leaves where the first of its messages hangs.
    name: 'new_branches',
    rows: (entry, index) => {
      const first = entry.events.find((event) => event.message)?.message?.message
      return entry.begun.flatMap(({ replacedSeq, branch }) => {
        if (branch) return [{ entry: index, parent: branch.leaf }]
        return first && replacedSeq !== null ? [{ entry: index, parent: first.parent_id }] : []
      })
    },
    sql: `insert into branches (session_id, seq, tenant, parent_seq)
      select h.id, h.base + 1, h.tenant, ${seqOf('n.parent', 'h.id')}
      from json_to_recordset($rows) as n(entry int, parent text) join head h on h.entry = n.entry
      on conflict (session_id, seq) do update set parent_seq = excluded.parent_seq`,
  },
  {
    name: 'taken_messages',
    rows: (entry, index) => entry.taken.map((id) => ({ entry: index, id })),
    sql: `delete from steered_messages m
      using json_to_recordset($rows) as t(entry int, id text) join head h on h.entry = t.entry
      where m.id = t.id and m.session_id = h.id`,
  },
]
