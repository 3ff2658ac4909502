import type { Part } from './commit-part.ts'

/** Tool calls, and the questions that they ask. */
export const callParts: Part[] = [
  {
    name: 'changed_calls',
    rows: (entry, index) => entry.calls.map((call) => ({ entry: index, ...call })),
    sql: `insert into tool_calls (id, tenant, session_id, run_id, message_id, ordinal, call_id, tool,
        arguments, args_hash, definition, executor, effect, state, result, started_at, finished_at)
      select c.id, h.tenant, c."sessionId", c."runId", c."messageId", c.ordinal, c."callId", c.tool,
        c.arguments, c."argsHash", c.definition::json, c.executor, c.effect, c.state, c.result::json,
        case when c.state = 'started' then now() end, case when c.result is not null then now() end
      from json_to_recordset($rows) as c(entry int, id text, "sessionId" text, "runId" text,
        "messageId" text, ordinal int, "callId" text, tool text, arguments text, "argsHash" text,
        definition text, executor text, effect text, state text, result text)
      join head h on h.entry = c.entry
      on conflict (id) do update set arguments = excluded.arguments, args_hash = excluded.args_hash,
        state = excluded.state, result = excluded.result,
        started_at = coalesce(tool_calls.started_at, excluded.started_at),
        finished_at = excluded.finished_at
      where tool_calls.state not in
        ('succeeded', 'failed', 'timed_out', 'denied', 'expired', 'cancelled', 'unknown')`,
  },
  {
    name: 'new_approvals',
    rows: (entry, index) => entry.approvals.map((approval) => ({ entry: index, ...approval })),
    sql: `insert into approvals (id, tenant, owner, session_id, root_session_id, run_id, tool_call_id,
        args_hash, expires_at)
      select a.id, h.tenant, h.owner, a."sessionId", h.id, a."runId", a."toolCallId", a."argsHash",
        a."expiresAt"
      from json_to_recordset($rows) as a(entry int, id text, "sessionId" text, "runId" text,
        "toolCallId" text, "argsHash" text, "expiresAt" timestamptz)
      join head h on h.entry = a.entry`,
  },
  {
    name: 'new_elicitations',
    rows: (entry, index) => entry.elicitations.map((asked) => ({ entry: index, ...asked })),
    sql: `insert into elicitations (id, tenant, session_id, root_session_id, run_id, tool_call_id,
        message, mode, schema, url, held, about, expires_at)
      select q.id, h.tenant, q."sessionId", h.id, q."runId", q."toolCallId", q.message, q.mode,
        q.schema::jsonb, q.url, q.held, q.about, q."expiresAt"
      from json_to_recordset($rows) as q(entry int, id text, "sessionId" text, "runId" text,
        "toolCallId" text, message text, mode text, schema text, url text, held boolean,
        about text, "expiresAt" timestamptz)
      join head h on h.entry = q.entry`,
  },
  {
    name: 'consumed_approvals',
    rows: (entry, index) => entry.consumed.map((id) => ({ entry: index, id })),
    sql: `update approvals a set consumed_at = now()
      from json_to_recordset($rows) as u(entry int, id text) join head h on h.entry = u.entry
      where a.id = u.id and a.consumed_at is null`,
  },
  {
    name: 'consumed_elicitations',
    rows: (entry, index) => entry.consumed.map((id) => ({ entry: index, id })),
    sql: `update elicitations q set status = 'consumed'
      from json_to_recordset($rows) as u(entry int, id text) join head h on h.entry = u.entry
      where q.id = u.id and q.status = 'answered'`,
  },
  {
    name: 'expired_approvals',
    rows: (entry, index) => entry.expired.map((call) => ({ entry: index, call })),
    sql: `update approvals a set status = 'expired'
      from json_to_recordset($rows) as x(entry int, call text) join head h on h.entry = x.entry
      where a.tool_call_id = x.call and a.status = 'pending'`,
  },
  {
    name: 'expired_elicitations',
    rows: (entry, index) => entry.expired.map((call) => ({ entry: index, call })),
    sql: `update elicitations q set status = 'expired'
      from json_to_recordset($rows) as x(entry int, call text) join head h on h.entry = x.entry
      where q.tool_call_id = x.call and q.status = 'pending'`,
  },
  {
    name: 'withdrawn_approvals',
    rows: (entry, index) => entry.closed.map((run) => ({ entry: index, run })),
    sql: `update approvals a set status = 'cancelled', decided_at = now()
      from json_to_recordset($rows) as w(entry int, run text) join head h on h.entry = w.entry
      where a.run_id = w.run and a.root_session_id = h.id and a.status = 'pending'`,
  },
  {
    name: 'withdrawn_elicitations',
    rows: (entry, index) => entry.closed.map((run) => ({ entry: index, run })),
    sql: `update elicitations q set status = 'cancelled'
      from json_to_recordset($rows) as w(entry int, run text) join head h on h.entry = w.entry
      where q.run_id = w.run and q.root_session_id = h.id and q.status = 'pending'`,
  },
]
