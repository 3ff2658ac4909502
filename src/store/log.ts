import type { RunBudget } from '#contract/budget.ts'
import type { Message } from '#contract/message.ts'
import type { RunError, RunStatus, StopReason, WaitingFor } from '#contract/run.ts'
import type { FinalToolCallState, Permissions, ToolCallState } from '#contract/tool.ts'
import type { Usage } from '#contract/usage.ts'
import type { Statements } from './database.ts'

/** An event before it has a seq. A `message` in it is stored as a row of its session, too. */
export type NewEvent = {
  runId: string
  /** The session that the event is about. */
  sessionId: string
  agent: string
  type: string
  /** The fields of the type, as one line of JSON. */
  data: string
  /** With its JSON text, so that it is made once. */
  message?: { message: Message; body: string }
}

/** A tool call as it stands after the commit. */
export type CallRow = {
  id: string
  sessionId: string
  runId: string
  messageId: string
  ordinal: number
  callId: string
  tool: string
  arguments: string
  argsHash: string
  /** JSON text of the ToolDefinition, or null for a tool that does not exist. */
  definition: string | null
  executor: 'server' | 'client'
  effect: string
  state: ToolCallState | FinalToolCallState
  /** JSON text of the ToolResult. */
  result: string | null
}

/** `text` is empty where a plan was tried in vain. */
export type RunPlan = { text: string; iterations: number }

/** A run as it stands after the commit: every field that its loop may change. */
export type RunChange = {
  id: string
  status: RunStatus
  agentName: string
  model: string | null
  iterations: number
  iterationLimit: number
  plan: RunPlan | null
  stopReason: StopReason | null
  completed: boolean
  waitingFor: WaitingFor | null
  error: RunError | null
  /** When a waiting run goes on although nobody decided. */
  wakeAt: string | null
} & Spending

/** What a run has spent so far, the runs of its sub-agents included. */
export type Spending = {
  usage: Usage
  toolCalls: number
  /** Milliseconds that it was in the hands of a process. */
  activeMs: number
}

/** What a commit adds to a session: tokens, and settings that a run may change. */
export type SessionChange = {
  id: string
  usage: Usage
  agentName: string | null
  title: string | null
  /** The model that its agent changed to; null: back to its own. */
  picked?: { model: string | null }
  /** Stands for the messages up to `messageId` in prompts. */
  summary?: { text: string; messageId: string; createdAt: string }
}

/** A run that waited behind others begins: with the first events of the entry. */
export type BegunRun = {
  id: string
  /** The agent source, which the session remembers. */
  agent: string
  /** Where the messages begin that its own take the place of. */
  replacedSeq: number | null
}

/** What was said up to the message of `seq`; `seq` is there when it was read. */
export type SessionSummary = { text: string; createdAt: string; seq?: number }

export type NewSubRun = {
  sessionId: string
  parentSessionId: string
  rootSessionId: string
  title: string
  run: RunChange
  budget: RunBudget
  agent: string
  agentVersion: string
  options: string
  parentRunId: string
  parentCallId: string
}

export type NewApproval = {
  id: string
  sessionId: string
  runId: string
  toolCallId: string
  argsHash: string
  expiresAt: string
}

/** What the hooks of an agent gave for its prompt in a session; the first to write it decides. */
export type NewSessionContext = { sessionId: string; agentName: string; text: string }

export type NewElicitation = {
  id: string
  sessionId: string
  runId: string
  toolCallId: string
  message: string
  mode: string
  schema: string | null
  url: string | null
  held: boolean
  expiresAt: string
}

/** All that one session commits at once. */
export type LogEntry = {
  /** The root session: whose log, whose lock, whose fence. */
  sessionId: string
  /** The fence: nothing of the entry is written unless the session's token is this one. null: no fence. */
  token: number | null
  events: NewEvent[]
  calls: CallRow[]
  runs: RunChange[]
  begun: BegunRun[]
  /** Of runs whose sub-agents spent something; none of them is in `runs`. */
  spent: ({ id: string } & Spending)[]
  sessions: SessionChange[]
  subRuns: NewSubRun[]
  approvals: NewApproval[]
  elicitations: NewElicitation[]
  contexts: NewSessionContext[]
  /** Approvals that are used up by calls that start. */
  consumed: string[]
  /** Tool calls whose questions nobody answered in time. */
  expired: string[]
  /** Runs whose pending questions are withdrawn. */
  closed: string[]
  /** Messages that waited for a run and are among the events now. */
  taken: string[]
}

/** The settings of a session that a run obeys at once, read under the row's lock. */
export type SessionSettings = {
  permissions: Permissions
  toolsApproved: boolean
  allowedTools: string[]
  thinking: boolean
}

export type Committed = {
  /** The seq before the entry's first event. */
  base: number
  /** Milliseconds since the epoch on the database's clock: the time of all its events. */
  time: number
  settings: SessionSettings
}

/**
 * Commits the entries of many sessions in one statement. The answer stands at the entry's index;
 * null where the fence refused it and nothing was written. With `archived` each turn that ends is
 * queued for the archive in the same commit.
 */
export async function commitEntries(
  database: Statements,
  entries: LogEntry[],
  { archived = false }: { archived?: boolean } = {},
): Promise<(Committed | null)[]> {
  const parameters: string[] = [JSON.stringify(entries.map(toHeadRow))]
  const present: Part[] = []
  for (const part of archived ? [...parts, archivedTurns] : parts) {
    const rows = entries.flatMap((entry, index) => part.rows(entry, index))
    if (rows.length === 0) continue
    present.push(part)
    parameters.push(JSON.stringify(rows))
  }
  const answers = await database.query<HeadRow>(statementOf(present), parameters)
  const committed: (Committed | null)[] = entries.map(() => null)
  for (const row of answers) committed[row.entry] = toCommitted(row)
  return committed
}

const statements = new Map<string, string>()

/** The statement with just these parts; there are a few dozen in practice, each made once. */
function statementOf(present: Part[]): string {
  const key = present.map((part) => part.name).join()
  const known = statements.get(key)
  if (known) return known
  const texts = present.map(({ name, sql }, index) => {
    return `, ${name} as (${sql.replaceAll('$rows', `$${index + 2}::text::json`)})`
  })
  const text = `${headPart}${texts.join('')} ${selectPart}`
  statements.set(key, text)
  return text
}

type HeadRow = {
  entry: number
  base: number
  time: number
  permissions: Permissions
  tools_approved: boolean
  allowed_tools: string[]
  thinking: boolean
}

function toCommitted(row: HeadRow): Committed {
  return {
    base: row.base,
    time: row.time,
    settings: {
      permissions: row.permissions,
      toolsApproved: row.tools_approved,
      allowedTools: row.allowed_tools,
      thinking: row.thinking,
    },
  }
}

function toHeadRow(entry: LogEntry, index: number) {
  const change = entry.sessions.find((session) => session.id === entry.sessionId)
  return {
    entry: index,
    id: entry.sessionId,
    token: entry.token,
    count: entry.events.length,
    leaf: lastMessageOf(entry, entry.sessionId),
    touched: entry.runs.length > 0 || entry.sessions.length > 0,
    begun_agent: entry.begun[0]?.agent ?? null,
    branches: entry.begun.some(({ replacedSeq }) => replacedSeq !== null),
    ...toChangeRow(change),
    title: change?.title ?? null,
  }
}

function lastMessageOf(entry: LogEntry, sessionId: string): string | null {
  const last = entry.events.findLast((event) => event.message && event.sessionId === sessionId)
  return last?.message?.message.id ?? null
}

function toChangeRow(change: SessionChange | undefined) {
  return {
    ...toUsageRow(change?.usage),
    agent_name: change?.agentName ?? null,
    picks: change?.picked !== undefined,
    picked: change?.picked?.model ?? null,
  }
}

function toUsageRow(usage: Usage | undefined) {
  return {
    input: usage?.input_tokens ?? 0,
    output: usage?.output_tokens ?? 0,
    cached: usage?.cached_input_tokens ?? 0,
    reasoning: usage?.reasoning_tokens ?? 0,
    cost: usage?.cost ?? null,
  }
}

function toSpendingRow({ usage, toolCalls, activeMs }: Spending) {
  return { ...toUsageRow(usage), tool_calls: toolCalls, active_ms: activeMs }
}

const usageColumns =
  'input bigint, output bigint, cached bigint, reasoning bigint, cost double precision'

const spendingColumns = `${usageColumns}, tool_calls int, active_ms bigint`

const changeColumns = `${usageColumns}, agent_name text, picks boolean, picked text`

const addChange = `
  input_tokens = s.input_tokens + e.input, output_tokens = s.output_tokens + e.output,
  cached_input_tokens = s.cached_input_tokens + e.cached,
  reasoning_tokens = s.reasoning_tokens + e.reasoning,
  cost = case when e.cost is null then s.cost else coalesce(s.cost, 0) + e.cost end,
  leaf_id = coalesce(e.leaf, s.leaf_id), agent_name = coalesce(e.agent_name, s.agent_name),
  model_override = case when e.picks then e.picked else s.model_override end`

// Takes each session's row lock, checks its fence and takes its seqs. `updated_at` is indexed, so
// it moves only with a change of state: an append of deltas stays a heap-only update.
const headPart = `
with entry as materialized (
  select * from json_to_recordset($1::text::json) as e(entry int, id text, token bigint, count int,
    leaf text, touched boolean, begun_agent text, branches boolean, ${changeColumns}, title text)
), head as (
  update sessions s set last_seq = s.last_seq + e.count, ${addChange},
    title = coalesce(s.title, e.title), agent = coalesce(e.begun_agent, s.agent),
    branched = s.branched or e.branches,
    updated_at = case when e.touched then now() else s.updated_at end
  from entry e where s.id = e.id and (e.token is null or s.run_token = e.token)
  returning e.entry, s.id, s.tenant, s.owner, s.last_seq - e.count as base, s.permissions,
    s.tools_approved, s.allowed_tools, s.thinking, s.agent
)`

const selectPart = `
select entry, base, permissions, tools_approved, allowed_tools, thinking,
  floor(extract(epoch from now()) * 1000)::double precision as time
from head`

type Part = {
  name: string
  rows(entry: LogEntry, index: number): unknown[]
  /** `$rows` stands for the JSON array of the rows. */
  sql: string
}

// In the order in which they read; Postgres runs them all against one snapshot.
const parts: Part[] = [
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
    name: 'new_sub_runs',
    rows: (entry, index) =>
      entry.subRuns.map((sub) => ({
        entry: index,
        id: sub.run.id,
        session: sub.sessionId,
        status: sub.run.status,
        agent: sub.agent,
        agent_name: sub.run.agentName,
        version: sub.agentVersion,
        model: sub.run.model,
        options: sub.options,
        iteration_limit: sub.run.iterationLimit,
        budget: sub.budget,
        parent_run: sub.parentRunId,
        parent_call: sub.parentCallId,
      })),
    sql: `insert into runs (id, tenant, session_id, root_session_id, status, agent, agent_name,
        agent_version, model, options, iteration_limit, budget, first_seq, parent_run_id, parent_call_id,
        started_at)
      select n.id, h.tenant, n.session, h.id, n.status, n.agent, n.agent_name, n.version, n.model,
        n.options::jsonb, n.iteration_limit, n.budget, h.base + 1, n.parent_run, n.parent_call, now()
      from json_to_recordset($rows) as n(entry int, id text, session text, status text, agent text,
        agent_name text, version text, model text, options text, iteration_limit int, budget jsonb,
        parent_run text, parent_call text)
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
    name: 'changed_runs',
    rows: (entry, index) =>
      entry.runs.map((run) => ({
        entry: index,
        id: run.id,
        status: run.status,
        agent_name: run.agentName,
        model: run.model,
        iterations: run.iterations,
        iteration_limit: run.iterationLimit,
        plan: run.plan,
        stop_reason: run.stopReason,
        completed: run.completed,
        waiting_for: run.waitingFor,
        error: run.error,
        wake_at: run.wakeAt,
        ...toSpendingRow(run),
      })),
    sql: `update runs r set status = c.status, agent_name = c.agent_name, model = c.model,
        iterations = c.iterations, iteration_limit = c.iteration_limit, plan = c.plan,
        stop_reason = c.stop_reason, completed = c.completed, waiting_for = c.waiting_for,
        error = c.error, wake_at = c.wake_at, input_tokens = c.input, output_tokens = c.output,
        cached_input_tokens = c.cached, reasoning_tokens = c.reasoning, cost = c.cost,
        tool_call_count = c.tool_calls, active_ms = c.active_ms,
        lease_owner = case when c.status = 'running' then r.lease_owner end,
        lease_expires_at = case when c.status = 'running' then r.lease_expires_at end,
        last_seq = case when c.status in ('completed', 'failed', 'cancelled') then h.base + e.count end,
        finished_at = case when c.status in ('completed', 'failed', 'cancelled') then now() end
      from json_to_recordset($rows) as c(entry int, id text, status text, agent_name text,
        model text, iterations int, iteration_limit int, plan jsonb, stop_reason text, completed boolean,
        waiting_for jsonb, error jsonb, wake_at timestamptz, ${spendingColumns})
      join head h on h.entry = c.entry join entry e on e.entry = c.entry
      where r.id = c.id and r.status not in ('completed', 'failed', 'cancelled')
      returning r.id, r.tenant, r.session_id, r.parent_run_id`,
  },
  {
    name: 'begun_runs',
    rows: (entry, index) => entry.begun.map(({ id }) => ({ entry: index, id })),
    sql: `update runs r set started_at = now(), first_seq = h.base + 1
      from json_to_recordset($rows) as b(entry int, id text) join head h on h.entry = b.entry
      where r.id = b.id and r.started_at is null`,
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
    name: 'taken_messages',
    rows: (entry, index) => entry.taken.map((id) => ({ entry: index, id })),
    sql: `delete from steered_messages m
      using json_to_recordset($rows) as t(entry int, id text) join head h on h.entry = t.entry
      where m.id = t.id and m.session_id = h.id`,
  },
  {
    name: 'spent_runs',
    rows: (entry, index) =>
      entry.spent.map((run) => ({ entry: index, id: run.id, ...toSpendingRow(run) })),
    sql: `update runs r set input_tokens = c.input, output_tokens = c.output,
        cached_input_tokens = c.cached, reasoning_tokens = c.reasoning, cost = c.cost,
        tool_call_count = c.tool_calls, active_ms = c.active_ms
      from json_to_recordset($rows) as c(entry int, id text, ${spendingColumns})
      join head h on h.entry = c.entry
      where r.id = c.id and r.status not in ('completed', 'failed', 'cancelled')`,
  },
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
        message, mode, schema, url, held, expires_at)
      select q.id, h.tenant, q."sessionId", h.id, q."runId", q."toolCallId", q.message, q.mode,
        q.schema::jsonb, q.url, q.held, q."expiresAt"
      from json_to_recordset($rows) as q(entry int, id text, "sessionId" text, "runId" text,
        "toolCallId" text, message text, mode text, schema text, url text, held boolean,
        "expiresAt" timestamptz)
      join head h on h.entry = q.entry`,
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
    name: 'consumed_approvals',
    rows: (entry, index) => entry.consumed.map((id) => ({ entry: index, id })),
    sql: `update approvals a set consumed_at = now()
      from json_to_recordset($rows) as u(entry int, id text) join head h on h.entry = u.entry
      where a.id = u.id and a.consumed_at is null`,
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

/** A sub-agent's run is part of its root run's turn. A run ends once, so its id names the turn. */
const archivedTurns: Part = {
  name: 'archived_turns',
  rows: (entry) => endedRuns(entry).map(({ id }) => ({ id })),
  sql: `insert into webhook_deliveries (id, tenant, session_id, run_id)
    select 'dlv_' || substr(c.id, 5), c.tenant, c.session_id, c.id
    from json_to_recordset($rows) as a(id text) join changed_runs c on c.id = a.id
    where c.parent_run_id is null on conflict do nothing`,
}

/** The runs that are over after the commit. */
export function endedRuns({ runs }: Pick<LogEntry, 'runs'>): RunChange[] {
  return runs.filter(({ status }) => isOver.has(status))
}

const isOver = new Set<RunStatus>(['completed', 'failed', 'cancelled'])

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
