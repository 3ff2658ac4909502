/**
 * Statements that store `count` conversations as runs leave them, each with a run, two messages and
 * five events, and one in ten with an approval; after them one conversation of `messages` messages
 * whose id is `longSession(count)`. They are spread over the last twenty days.
 */
export function fillStatements({ count, messages }: { count: number; messages: number }): string[] {
  const statements: string[] = []
  for (let first = 1; first <= count; first += batch) {
    statements.push(...conversations(first, Math.min(count, first + batch - 1)))
  }
  return [...statements, ...longConversation(longSession(count), messages), 'analyze']
}

export function longSession(count: number): string {
  return `ses_${String(count + 1).padStart(26, '0')}`
}

/** Conversations that one statement stores. */
const batch = 100_000

const id = (prefix: string) => `'${prefix}_' || lpad(n::text, 26, '0')`
const ago = `now() - n % 1728000 * interval '1 s'`

// One in fifty belongs to other people of the tenant, one in fifty carries metadata.
function conversations(first: number, last: number): string[] {
  const numbers = `generate_series(${first}, ${last}) n`
  return [
    `insert into sessions (id, tenant, owner, title, agent, agent_name, metadata, last_seq, run_token,
       leaf_id, created_at, updated_at)
     select ${id('ses')}, 'default', case when n % 50 = 0 then 'owner_' || n % 1000 else 'local' end,
       'Conversation ' || n, 'agent_' || n % 20, 'root',
       case when n % 50 = 1 then jsonb_build_object('ticket', n) else '{}' end, 5, 1,
       ${id('msg_b')}, ${ago}, ${ago}
     from ${numbers}`,
    `insert into runs (id, tenant, session_id, root_session_id, status, agent, agent_name,
       agent_version, iteration_limit, iterations, completed, stop_reason, first_seq, last_seq, token,
       created_at, started_at, finished_at, compacted)
     select ${id('run')}, 'default', ${id('ses')}, ${id('ses')}, 'completed', 'agent_' || n % 20,
       'root', 'v1', 50, 1, true, 'stop', 1, 5, 1, ${ago}, ${ago}, ${ago}, true
     from ${numbers}`,
    messageRows(numbers, { prefix: 'msg_a', parent: 'null', role: 'user', seq: 1 }),
    messageRows(numbers, { prefix: 'msg_b', parent: id('msg_a'), role: 'assistant', seq: 4 }),
    `insert into events (session_id, seq, tenant, run_id, agent, type, data, created_at)
     select ${id('ses')}, e.seq, 'default', ${id('run')}, 'root', e.type, e.data, ${ago}
     from ${numbers} cross join (values (1, 'user_message', null), (2, 'stream_started', '{}'),
       (3, 'step_started', '{"step":1}'), (4, 'message_added', null),
       (5, 'stream_stopped', '{"reason":"completed","completed":true}')) e (seq, type, data)`,
    `insert into tool_calls (id, tenant, session_id, run_id, message_id, ordinal, call_id, tool,
       arguments, args_hash, executor, effect, state, created_at)
     select ${id('call')}, 'default', ${id('ses')}, ${id('run')}, ${id('msg_b')}, 0, 'call_1',
       'write_file', '{}', 'hash', 'server', 'once', 'succeeded', ${ago}
     from ${numbers} where n % 10 = 0`,
    `insert into approvals (id, tenant, owner, session_id, root_session_id, run_id, tool_call_id,
       args_hash, status, expires_at, created_at)
     select ${id('apr')}, 'default', 'local', ${id('ses')}, ${id('ses')}, ${id('run')}, ${id('call')},
       'hash', 'approved', ${ago}, ${ago}
     from ${numbers} where n % 10 = 0`,
  ]
}

function messageRows(
  numbers: string,
  { prefix, parent, role, seq }: { prefix: string; parent: string; role: string; seq: number },
): string {
  return `insert into messages (id, tenant, session_id, parent_id, role, agent_name, seq, body,
      created_at)
    select ${id(prefix)}, 'default', ${id('ses')}, ${parent}, '${role}', 'root', ${seq},
      json_build_object('id', ${id(prefix)}, 'parent_id', ${parent}, 'role', '${role}',
        'agent_name', 'root', 'status', 'complete', 'content', 'Words about subject ' || n,
        'created_at', '2026-01-01T00:00:00.000Z'), ${ago}
    from ${numbers}`
}

// Each message is an event of its own, at the same seq.
function longConversation(session: string, messages: number): string[] {
  const numbers = `generate_series(1, ${messages}) n`
  const message = `'msg_c${session.slice(-8)}' || lpad(n::text, 16, '0')`
  const parent = `case when n > 1 then 'msg_c${session.slice(-8)}' || lpad((n - 1)::text, 16, '0') end`
  const role = `case when n % 2 = 1 then 'user' else 'assistant' end`
  return [
    `insert into sessions (id, tenant, owner, title, agent, agent_name, last_seq, run_token, leaf_id,
       updated_at)
     select '${session}', 'default', 'local', 'A long conversation', 'bench', 'root', ${messages}, 1,
       ${message}, now() - interval '21 days' from generate_series(${messages}, ${messages}) n`,
    `insert into messages (id, tenant, session_id, parent_id, role, agent_name, seq, body)
     select ${message}, 'default', '${session}', ${parent}, ${role}, 'root', n,
       json_build_object('id', ${message}, 'parent_id', ${parent}, 'role', ${role}, 'agent_name',
         'root', 'status', 'complete', 'content', 'Words about subject ' || n, 'created_at',
         '2026-01-01T00:00:00.000Z')
     from ${numbers}`,
    `insert into events (session_id, seq, tenant, run_id, agent, type)
     select '${session}', n, 'default', 'run_long', 'root',
       case when n % 2 = 1 then 'user_message' else 'message_added' end from ${numbers}`,
  ]
}
