import type { SessionExport } from '#contract/session-copy.ts'
import type { Database } from './database.ts'
import { type RunRow, runColumns, toRun } from './runs.ts'
import type { Scope } from './scope.ts'
import { namedSession } from './session-row.ts'
import { toUsage, type UsageColumns } from './usage.ts'

/** A session as one document; null when there is none. */
export function exportSession({
  database,
  scope,
  session,
}: {
  database: Database
  scope: Scope
  session: string
}): Promise<SessionExport | null> {
  return database.transaction(async (tx) => {
    // A removal waits until all is read.
    const [row] = await tx.query<SettingsRow>(
      `select s.id, s.leaf_id, s.title, s.agent, s.agent_name, s.permissions, s.tools_approved,
         s.thinking, s.max_iterations, s.working_dir, s.metadata, s.input_tokens, s.output_tokens,
         s.cached_input_tokens, s.reasoning_tokens, s.cost, s.created_at, now() as exported_at
       from sessions s where ${namedSession} and s.root_id is null
       order by s.id = $3 desc limit 1 for key share`,
      [scope.tenant, scope.owner, session],
    )
    if (!row) return null
    const runs = await tx.query<RunRow>(
      `select ${runColumns} from runs r where r.session_id = $1 and r.finished_at is not null
       order by r.id`,
      [row.id],
    )
    const calls = await tx.query<SessionExport['tool_calls'][number]>(callStatement, [
      row.id,
      runs.map(({ id }) => id),
    ])
    // After the runs, so that the messages of all of them are there.
    const messages = await tx.query<{ body: SessionExport['messages'][number] }>(
      'select body from messages where session_id = $1 order by seq',
      [row.id],
    )
    const summaries = await tx.query<SessionExport['summaries'][number]>(
      `select m.id as message_id, x.text, x.created_at from summaries x
       join messages m on m.session_id = x.session_id and m.seq = x.seq
       where x.session_id = $1 order by x.seq`,
      [row.id],
    )
    return {
      format: 'parley.session',
      version: 1,
      exported_at: row.exported_at,
      session: toSettings(row),
      leaf_message_id: row.leaf_id,
      messages: messages.map(({ body }) => body),
      summaries,
      runs: runs.map(toExportedRun),
      tool_calls: calls,
    }
  })
}

type Settings = SessionExport['session']
type SettingsRow = Omit<Settings, 'usage'> &
  UsageColumns & { id: string; leaf_id: string | null; exported_at: string }

function toSettings(row: SettingsRow): Settings {
  return {
    title: row.title,
    agent: row.agent,
    agent_name: row.agent_name,
    permissions: row.permissions,
    tools_approved: row.tools_approved,
    thinking: row.thinking,
    max_iterations: row.max_iterations,
    working_dir: row.working_dir,
    metadata: row.metadata,
    usage: toUsage(row),
    created_at: row.created_at,
  }
}

function toExportedRun(row: RunRow): SessionExport['runs'][number] {
  const { session_id: _, waiting_for: __, ...run } = toRun(row)
  // Only runs that are over were read.
  return run as SessionExport['runs'][number]
}

const callStatement = `
select c.id, c.run_id, c.message_id, c.ordinal, c.call_id as tool_call_id, c.tool, c.arguments,
  c.args_hash, c.executor, c.effect, c.state, c.result, c.created_at, c.started_at, c.finished_at
from tool_calls c where c.session_id = $1 and c.run_id = any($2::text[])
  and c.state in ('succeeded', 'failed', 'timed_out', 'denied', 'expired', 'cancelled', 'unknown')
  and exists (select 1 from messages m where m.id = c.message_id and m.session_id = $1)
order by c.id`
