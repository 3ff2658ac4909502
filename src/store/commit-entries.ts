import type { Permissions } from '#contract/tool.ts'
import { callParts } from './commit-calls.ts'
import { messageParts } from './commit-messages.ts'
import { addChange, changeColumns, lastMessageOf, type Part, toChangeRow } from './commit-part.ts'
import { archivedTurns, runParts } from './commit-runs.ts'
import { sessionParts } from './commit-sessions.ts'
import type { Statements } from './database.ts'
import type { Committed, LogEntry } from './log.ts'

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

// Postgres runs them all against one snapshot.
const parts = [...messageParts, ...sessionParts, ...runParts, ...callParts]

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
    leaf: lastMessageOf(entry, entry.sessionId) ?? entry.begun[0]?.branch?.leaf ?? null,
    touched: entry.runs.length > 0 || entry.sessions.length > 0,
    begun_agent: entry.begun[0]?.agent ?? null,
    branches: entry.begun.some(
      ({ replacedSeq, branch }) => replacedSeq !== null || branch !== null,
    ),
    ...toChangeRow(change),
    title: change?.title ?? null,
  }
}

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
