import type { Session, SessionStatus } from '#contract/session.ts'
import type { Statements } from './database.ts'
import { decodeCursor, encodeCursor, notACursor, toPage } from './page.ts'
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

type ListRequest = {
  database: Statements
  scope: Scope
  page: PageRequest
  filter: SessionFilter
}

/** The sessions that a page with `q` looks into at most: no index tells where a text is. */
const searched = 1000

/**
 * Sessions by their activity. A page with `q` may hold fewer than its limit, or none, although there
 * is a next one: each looks into so many sessions, however many there are.
 */
export async function listSessions(request: ListRequest): Promise<Page<Session>> {
  const { database, page, filter } = request
  const edge = filter.q === undefined ? null : await findEdge(request)
  const { conditions, parameters, bind } = createConditions(request)
  if (filter.q !== undefined) conditions.push(holdsText(bind, filter.q))
  if (edge) conditions.push(beyond(bind, edge, page.order === 'desc' ? '>=' : '<='))
  const rows = await database.query<SessionRow>(
    `select ${sessionColumns} ${fromSessions(conditions)} ${inOrder(page)}
     limit ${bind(page.limit + 1)}`,
    parameters,
  )
  const keyOf = (row: SessionRow) => [row.activity, row.id]
  const { data, next_cursor } = toPage({ rows, limit: page.limit, keyOf, toItem: toSession })
  return { data, next_cursor: next_cursor ?? (edge && encodeCursor(edge)) }
}

type Key = [activity: string, id: string]

/** Where a search ends that looks into no more sessions than it may; null when there are fewer. */
async function findEdge(request: ListRequest): Promise<Key | null> {
  const { conditions, parameters, bind } = createConditions(request)
  const [row] = await request.database.query<Pick<SessionRow, 'activity' | 'id'>>(
    `select s.updated_at::text as activity, s.id ${fromSessions(conditions)} ${inOrder(request.page)}
     offset ${bind(searched - 1)} limit 1`,
    parameters,
  )
  return row ? [row.activity, row.id] : null
}

function fromSessions(conditions: string[]): string {
  return `from sessions s ${withActiveRun} where ${conditions.join(' and ')}`
}

function inOrder({ order }: PageRequest): string {
  return `order by s.updated_at ${order}, s.id ${order}`
}

type Bind = (value: unknown) => string

/** Everything that an index serves; each list has its own parameters. */
function createConditions({ scope, page, filter }: ListRequest) {
  const parameters: unknown[] = []
  const bind: Bind = (value) => `$${parameters.push(value)}`
  const conditions = [`s.tenant = ${bind(scope.tenant)}`, 's.root_id is null']
  if (scope.owner !== null) conditions.push(`s.owner = ${bind(scope.owner)}`)
  addFilter({ conditions, bind, filter })
  const key = cursorKey(page)
  if (key) conditions.push(beyond(bind, key, page.order === 'desc' ? '<' : '>'))
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
  // Of the columns of the join this one is known to be null only where there is no row.
  if (filter.status === 'idle') conditions.push('r.session_id is null')
  else if (filter.status !== undefined) conditions.push(`r.status = ${bind(filter.status)}`)
  // Every session contains the empty object, and the index leaves those out that are empty.
  if (filter.metadata !== undefined && Object.keys(filter.metadata).length > 0) {
    const metadata = bind(JSON.stringify(filter.metadata))
    conditions.push(`s.metadata @> ${metadata}::text::jsonb and s.metadata <> '{}'`)
  }
}

// As a value, so that the messages of each session are looked up, and never all messages read.
function holdsText(bind: Bind, text: string): string {
  const pattern = bind(`%${text.replaceAll(/[\\%_]/g, '\\$&')}%`)
  return `(s.title ilike ${pattern} or (select true from messages m
    where m.session_id = s.id and m.body->>'content' ilike ${pattern} limit 1))`
}

function cursorKey(page: PageRequest): Key | null {
  const key = decodeCursor(page, 2)
  if (key === null) return null
  const [activity = '', id = ''] = key
  if (Number.isNaN(Date.parse(activity))) throw notACursor()
  return [activity, id]
}

function beyond(bind: Bind, [activity, id]: Key, operator: '<' | '>' | '<=' | '>='): string {
  return `(s.updated_at, s.id) ${operator} (${bind(activity)}::timestamptz, ${bind(id)})`
}
