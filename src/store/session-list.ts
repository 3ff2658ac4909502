import type { Session, SessionStatus } from '#contract/session.ts'
import type { Statements } from './database.ts'
import { decodeCursor, notACursor, toPage } from './page.ts'
import type { Page, PageRequest, Scope } from './scope.ts'
import { type SessionRow, sessionColumns, toSession, withActiveRun } from './session-row.ts'

export type SessionFilter = {
  agent?: string
  status?: SessionStatus
  /** Text that the title or a message holds. */
  q?: string
  /** What the session's metadata must contain. */
  metadata?: Record<string, unknown>
}

export async function listSessions({
  database,
  scope,
  page,
  filter,
}: {
  database: Statements
  scope: Scope
  page: PageRequest
  filter: SessionFilter
}): Promise<Page<Session>> {
  const { conditions, parameters, bind } = createConditions(scope)
  addFilter({ conditions, bind, filter })
  addCursor({ conditions, bind, page })
  const rows = await database.query<SessionRow>(
    `select ${sessionColumns} from sessions s ${withActiveRun} where ${conditions.join(' and ')}
     order by s.updated_at ${page.order}, s.id ${page.order} limit ${bind(page.limit + 1)}`,
    parameters,
  )
  const keyOf = (row: SessionRow) => [row.activity, row.id]
  return toPage({ rows, limit: page.limit, keyOf, toItem: toSession })
}

type Bind = (value: unknown) => string

function createConditions(scope: Scope) {
  const parameters: unknown[] = []
  const bind: Bind = (value) => `$${parameters.push(value)}`
  const conditions = [`s.tenant = ${bind(scope.tenant)}`, 's.root_id is null']
  if (scope.owner !== null) conditions.push(`s.owner = ${bind(scope.owner)}`)
  return { conditions, parameters, bind }
}

function addFilter({
  conditions,
  bind,
  filter,
}: {
  conditions: string[]
  bind: Bind
  filter: SessionFilter
}) {
  if (filter.agent !== undefined) conditions.push(`s.agent = ${bind(filter.agent)}`)
  if (filter.status === 'idle') conditions.push('r.id is null')
  else if (filter.status !== undefined) conditions.push(`r.status = ${bind(filter.status)}`)
  if (filter.metadata !== undefined) {
    conditions.push(`s.metadata @> ${bind(JSON.stringify(filter.metadata))}::text::jsonb`)
  }
  if (filter.q !== undefined) {
    const pattern = bind(`%${filter.q.replaceAll(/[\\%_]/g, '\\$&')}%`)
    conditions.push(`(s.title ilike ${pattern} or exists (select 1 from messages m
      where m.session_id = s.id and m.body->>'content' ilike ${pattern}))`)
  }
}

function addCursor({
  conditions,
  bind,
  page,
}: {
  conditions: string[]
  bind: Bind
  page: PageRequest
}) {
  const key = decodeCursor(page, 2)
  if (key === null) return
  const [activity, id] = key
  if (activity === undefined || Number.isNaN(Date.parse(activity))) throw notACursor()
  const after = page.order === 'desc' ? '<' : '>'
  conditions.push(`(s.updated_at, s.id) ${after} (${bind(activity)}::timestamptz, ${bind(id)})`)
}
