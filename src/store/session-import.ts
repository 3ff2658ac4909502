import { type FieldError, Problem } from '#contract/problem.ts'
import type { SessionExport } from '#contract/session-copy.ts'
import { insertBranches, insertMessages, withSeqs } from './copied-messages.ts'
import type { Database, Statements } from './database.ts'
import type { Ids } from './ids.ts'
import { type MessageTree, readMessageTree } from './message-tree.ts'

/** Makes a session of a document. Answers its id. */
export async function importSession({
  database,
  ids,
  tenant,
  owner,
  externalId = null,
  document,
}: {
  database: Database
  ids: Ids
  tenant: string
  owner: string
  /** Throws `conflict` when another session has it. */
  externalId?: string | null
  document: SessionExport
}): Promise<string> {
  const tree = readMessageTree({
    messages: document.messages,
    leaf: document.leaf_message_id,
    nextId: () => ids.next('msg'),
  })
  checkReferences(document, tree)
  const runIds = new Map(document.runs.map(({ id }) => [id, ids.next('run')]))
  const place = { tenant, sessionId: ids.next('ses') }
  const rows = withSeqs(tree.messages)
  const seqs = new Map(rows.map(({ seq, message }) => [message.id, seq]))
  const branches = rows.flatMap(({ seq, message }, index) => {
    const before = rows[index - 1]?.message.id ?? null
    if (message.parent_id === before) return []
    return [{ seq, parentSeq: seqs.get(message.parent_id ?? '') ?? null }]
  })
  const newest = rows.at(-1)?.message.id ?? null
  // What is said next follows the active leaf.
  if (tree.leaf !== newest) branches.push({ seq: 1, parentSeq: seqs.get(tree.leaf ?? '') ?? null })
  await database.transaction(async (tx) => {
    const named = { ...place, owner, externalId, document, leaf: tree.leaf }
    await insertSession(tx, named, branches.length > 0)
    await insertMessages(tx, place, rows)
    await insertBranches(tx, place, branches)
    const summaries = document.summaries.map((summary) => ({
      ...summary,
      seq: seqs.get(tree.ids.get(summary.message_id) ?? ''),
    }))
    await tx.query(summaryStatement, [tenant, place.sessionId, JSON.stringify(summaries)])
    const runs = document.runs.map((run) => ({ ...run, id: runIds.get(run.id) }))
    await tx.query(runStatement, [tenant, place.sessionId, JSON.stringify(runs)])
    const calls = document.tool_calls.map((call) => ({
      ...call,
      id: ids.next('call'),
      run_id: runIds.get(call.run_id),
      message_id: tree.ids.get(call.message_id),
    }))
    await tx.query(callStatement, [tenant, place.sessionId, JSON.stringify(calls)])
  })
  return place.sessionId
}

function checkReferences(document: SessionExport, { ids }: MessageTree): void {
  const errors: FieldError[] = []
  const runs = new Set<string>()
  for (const [index, { id }] of document.runs.entries()) {
    if (runs.has(id)) errors.push({ path: `runs.${index}.id`, message: `${id} was there before` })
    runs.add(id)
  }
  const summarised = new Set<string>()
  for (const [index, { message_id: id }] of document.summaries.entries()) {
    const path = `summaries.${index}.message_id`
    if (!ids.has(id)) errors.push({ path, message: `no message has the id ${id}` })
    if (summarised.has(id)) errors.push({ path, message: `${id} has a summary already` })
    summarised.add(id)
  }
  for (const [index, call] of document.tool_calls.entries()) {
    const path = `tool_calls.${index}`
    if (!ids.has(call.message_id)) {
      errors.push({
        path: `${path}.message_id`,
        message: `no message has the id ${call.message_id}`,
      })
    }
    if (!runs.has(call.run_id)) {
      errors.push({ path: `${path}.run_id`, message: `no run has the id ${call.run_id}` })
    }
  }
  if (errors.length === 0) return
  throw new Problem('validation_failed', 'The document names what is not in it', { errors })
}

async function insertSession(
  tx: Statements,
  {
    tenant,
    sessionId,
    owner,
    externalId,
    document: { session },
    leaf,
  }: {
    tenant: string
    sessionId: string
    owner: string
    externalId: string | null
    document: SessionExport
    leaf: string | null
  },
  branched: boolean,
): Promise<void> {
  const place = { id: sessionId, tenant, owner, external_id: externalId, leaf, branched }
  const row = { ...session, ...session.usage, ...place }
  const made = await tx.query(sessionStatement, [JSON.stringify(row)])
  if (made.length > 0) return
  throw new Problem('conflict', `There is a session with the external_id ${externalId}`)
}

const usageColumns = `input_tokens bigint, output_tokens bigint, cached_input_tokens bigint,
  reasoning_tokens bigint, cost double precision`

const sessionStatement = `
insert into sessions (id, tenant, owner, external_id, title, agent, agent_name, permissions,
  tools_approved, thinking, working_dir, max_iterations, metadata, input_tokens, output_tokens,
  cached_input_tokens, reasoning_tokens, cost, leaf_id, branched, origin, created_at)
select s.id, s.tenant, s.owner, s.external_id, s.title, s.agent, s.agent_name, s.permissions,
  s.tools_approved, s.thinking, s.working_dir, s.max_iterations, s.metadata, s.input_tokens, s.output_tokens,
  s.cached_input_tokens, s.reasoning_tokens, s.cost, s.leaf, s.branched, 'import', s.created_at
from json_to_record($1::text::json) as s(id text, tenant text, owner text, external_id text,
  title text, agent text, agent_name text, permissions jsonb, tools_approved boolean, thinking boolean, working_dir text,
  max_iterations int, metadata jsonb, ${usageColumns}, leaf text, branched boolean,
  created_at timestamptz)
on conflict (tenant, external_id) where external_id is not null do nothing returning id`

const summaryStatement = `
insert into summaries (session_id, seq, tenant, text, created_at)
select $2, x.seq, $1, x.text, x.created_at
from json_to_recordset($3::text::json) as x(seq bigint, text text, created_at timestamptz)`

// Their events were left behind: the range of their seqs is empty.
const runStatement = `
insert into runs (id, tenant, session_id, root_session_id, status, agent, agent_name, agent_version,
  model, iterations, iteration_limit, stop_reason, completed, error, metadata, input_tokens,
  output_tokens, cached_input_tokens, reasoning_tokens, cost, budget, tool_call_count, first_seq,
  last_seq, created_at, started_at, finished_at, compacted)
select r.id, $1, $2, $2, r.status, r.agent, r.agent_name, 'imported', r.model, r.iterations,
  r.iterations, r.stop_reason, r.completed, case when json_typeof(r.error) <> 'null' then r.error::jsonb end,
  r.metadata, u.input_tokens, u.output_tokens, u.cached_input_tokens, u.reasoning_tokens, u.cost,
  json_build_object('limits', r.budget, 'portions', r.budget), r.tool_calls,
  1, 0, r.created_at, r.started_at, r.finished_at, true
from json_to_recordset($3::text::json) as r(id text, status text, agent text, agent_name text,
  model text, iterations int, stop_reason text, completed boolean, error json, metadata jsonb,
  budget json, tool_calls int, usage json, created_at timestamptz, started_at timestamptz,
  finished_at timestamptz)
cross join lateral json_to_record(r.usage) as u(${usageColumns})`

const callStatement = `
insert into tool_calls (id, tenant, session_id, run_id, message_id, ordinal, call_id, tool,
  arguments, args_hash, executor, effect, state, result, created_at, started_at, finished_at)
select c.id, $1, $2, c.run_id, c.message_id, c.ordinal, c.tool_call_id, c.tool, c.arguments,
  c.args_hash, c.executor, c.effect, c.state,
  case when json_typeof(c.result) <> 'null' then c.result end, c.created_at, c.started_at,
  c.finished_at
from json_to_recordset($3::text::json) as c(id text, run_id text, message_id text, ordinal int,
  tool_call_id text, tool text, arguments text, args_hash text, executor text, effect text,
  state text, result json, created_at timestamptz, started_at timestamptz, finished_at timestamptz)`
