import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Database, Statements } from '#store/database.ts'
import { readBounds, readEvents } from '#store/events.ts'
import { createIds } from '#store/ids.ts'
import type { LogEntry } from '#store/log.ts'
import { encodeCursor } from '#store/page.ts'
import type { NewRun } from '#store/run-start.ts'
import { bindRunStatements } from '#store/run-statements.ts'
import { createStore } from '#store/store.ts'
import { fillStatements, longSession } from '../../bench/fill-sessions.ts'
import { openTestDatabase, type TestDatabase } from '../support/database.ts'

/** Enough that a scan of any of these tables costs many times what an index does. */
const count = 20_000
const tables = ['sessions', 'runs', 'messages', 'events', 'tool_calls', 'approvals']

let opened: TestDatabase
const seen: Seen[] = []
beforeAll(async () => {
  opened = await openTestDatabase()
  for (const statement of fillStatements({ count, messages: 10_000 })) {
    await opened.database.query(statement, [])
  }
  await opened.database.query(waitingRuns, [])
  await opened.database.query('analyze runs', [])
}, 120_000)
afterAll(() => opened.close())

const mine = { tenant: 'default', owner: 'local' }
const everybody = { tenant: 'default', owner: null }
const page = { limit: 50, cursor: null, order: 'desc' } as const
const session = longSession(10_000)
const long = longSession(count)
const middle = encodeCursor([new Date(Date.now() - 10_000_000).toISOString(), session])

type Floor = ReturnType<typeof openFloor>
type Reading = (floor: Floor) => Promise<unknown>

/** What a request or a look reads, in blocks of 8 KiB at most. */
const readings: [name: string, blocks: number, read: Reading][] = [
  ['a session', 100, ({ store }) => store.sessions.get(mine, session)],
  ['all of a session', 300, ({ store }) => store.sessions.detail(mine, session, newest)],
  ['all of a long session', 300, ({ store }) => store.sessions.detail(mine, long, newest)],
  ['sessions', 300, ({ store }) => store.sessions.list(mine, page, {})],
  ['sessions of everybody', 300, ({ store }) => store.sessions.list(everybody, page, {})],
  [
    'sessions in the middle',
    300,
    ({ store }) => store.sessions.list(mine, { ...page, cursor: middle }, {}),
  ],
  ['an agent’s sessions', 300, ({ store }) => store.sessions.list(mine, page, byAgent)],
  ['idle sessions', 3000, ({ store }) => store.sessions.list(mine, page, { status: 'idle' })],
  ['waiting sessions', 3000, ({ store }) => store.sessions.list(mine, page, { status: 'waiting' })],
  [
    'sessions by metadata',
    300,
    ({ store }) => store.sessions.list(mine, page, { metadata: { ticket: 501 } }),
  ],
  ['a search', 12_000, ({ store }) => store.sessions.list(mine, page, { q: 'nowhere' })],
  ['runs', 100, ({ store }) => store.runs.list(mine, session, page)],
  ['the latest run', 100, ({ store }) => store.runs.latest(mine, session)],
  ['messages', 100, ({ store }) => store.messages.list(mine, long, page)],
  ['approvals', 300, ({ store }) => store.approvals.list(mine, page, { status: 'pending' })],
  ['counts', 8000, ({ store }) => store.stats.count(mine)],
  ['counts of everybody', 8000, ({ store }) => store.stats.count(everybody)],
  ['approvals of a session', 300, ({ store }) => store.approvals.list(mine, page, { session })],
  ['decided approvals', 500, ({ store }) => store.approvals.list(mine, page, {})],
  ['health', 300, ({ store }) => store.operator.activeSessions()],
  ['runs for the metrics', 3000, ({ store }) => store.operator.runLoad()],
  ['the ends of a log', 100, ({ database }) => readBounds(database, mine, long)],
  ['a page of a log', 4000, ({ database }) => readEvents(database, events(5000))],
  ['the end of a log', 100, ({ database }) => readEvents(database, events(10_000))],
  ['what a start needs', 100, ({ run }) => run.queue.find(mine, long)],
  ['history', 200, ({ run }) => run.queue.history(history)],
  ['the start of a run', 300, ({ run }) => run.queue.start([newRun])],
  ['a commit', 300, ({ run }) => run.log.commit([entry])],
  ['runs to claim', 300, ({ run }) => run.queue.claim(claiming)],
  ['runs that waited', 300, ({ run }) => run.queue.takeQueued(queued)],
  ['heads', 100, ({ run }) => run.cluster.heads([session, long])],
  ['runs to compact', 300, ({ run }) => run.compact({ olderThan: 60, limit: 50 })],
  ['events to expire', 300, ({ run }) => run.housekeeping.expireEvents(expiry)],
  ['sessions to expire', 300, ({ run }) => run.housekeeping.expireSessions(timeout)],
  ['keys to delete', 300, ({ run }) => run.housekeeping.removeExpiredKeys({ limit: 500 })],
]

const newest = { messageLimit: 100 }
const byAgent = { agent: 'agent_3' }
const events = (after: number) => ({ sessionId: long, after, limit: 500 })
const history = {
  sessionId: long,
  limit: 200,
  leaf: null,
  branched: false,
  before: null,
  after: 0,
}
const event = { runId: 'run_n', sessionId: long, agent: 'root', type: 'warning', data: '{}' }
const newRun: NewRun = {
  scope: mine,
  session: { type: 'existing', id: long, leaf: null },
  runId: 'run_n',
  agent: 'bench',
  agentName: 'root',
  agentVersion: 'v1',
  model: 'm',
  options: {},
  iterationLimit: 5,
  budget: { limits: {}, portions: {} },
  metadata: {},
  trace: null,
  instance: 'i',
  events: [event],
  key: null,
}
const entry: LogEntry = {
  sessionId: long,
  token: null,
  events: [event],
  calls: [],
  runs: [],
  begun: [],
  spent: [],
  sessions: [],
  subRuns: [],
  approvals: [],
  elicitations: [],
  contexts: [],
  consumed: [],
  expired: [],
  closed: [],
  taken: [],
}
const claiming = { instance: 'i', limit: 8, orphans: false, held: [], doubted: [] }
const queued = { instance: 'i', sessions: null, limit: 8 }
const expiry = { olderThan: 40 * 24 * 60 * 60, limit: 50 }
const timeout = { idleFor: 40 * 24 * 60 * 60, limit: 50 }

test.each(readings)(
  'among many sessions %s are found by an index, in %i blocks',
  async (_, blocks, read) => {
    seen.length = 0
    await read(openFloor(opened.database))
    expect(seen.flatMap(({ scanned }) => scanned)).toEqual([])
    expect(seen.length).toBeGreaterThan(0)
    expect(seen.reduce((sum, each) => sum + each.blocks, 0)).toBeLessThan(blocks)
  },
)

test('a scan would be seen', async () => {
  seen.length = 0
  const text = `select count(*) from sessions s join messages m on m.session_id = s.id
    where s.title ilike '%nowhere%'`
  await openFloor(opened.database).database.query(text, [])
  expect(seen).toMatchObject([{ scanned: ['sessions'] }])
  expect(seen[0]?.blocks).toBeGreaterThan(300)
})

// They wait for years: none of them is due.
const waitingRuns = `insert into runs (id, tenant, session_id, root_session_id, status, agent,
    agent_name, agent_version, iteration_limit, first_seq, started_at, wake_at)
  select 'run_w' || n, 'default', 'ses_' || lpad(n::text, 26, '0'), 'ses_' || lpad(n::text, 26, '0'),
    'waiting', 'bench', 'root', 'v1', 50, 6, now(), now() + interval '9 years'
  from generate_series(1, 500) n`

type Seen = { scanned: string[]; blocks: number }

/** The store on a database that explains each statement before it runs. */
function openFloor(real: Database) {
  const database = { ...real, ...explained(real), transaction: inTransaction }
  function inTransaction<T>(work: (tx: Statements) => Promise<T>): Promise<T> {
    return real.transaction((tx) => work({ ...tx, ...explained(tx) }))
  }
  const ids = createIds({ now: Date.now, random: (size) => new Uint8Array(size) })
  return { database, store: createStore({ database, ids }), run: bindRunStatements(database) }
}

function explained(statements: Statements): Pick<Statements, 'query'> {
  return {
    async query<Row>(text: string, parameters: readonly unknown[]) {
      if (!text.startsWith('explain')) seen.push(await explain(statements, text, parameters))
      return statements.query<Row>(text, parameters)
    },
  }
}

async function explain(
  statements: Statements,
  text: string,
  parameters: readonly unknown[],
): Promise<Seen> {
  // What writes would do so twice.
  const isReading = !/\b(insert|update|delete)\b/.test(text)
  const [row] = await statements.query<{ 'QUERY PLAN': { Plan: Plan }[] }>(
    `explain (${isReading ? 'analyze, buffers, ' : ''}format json) ${text}`,
    parameters,
  )
  const plan = row?.['QUERY PLAN'][0]?.Plan
  if (!plan) throw new Error(`There is no plan of ${text}`)
  const blocks = (plan['Shared Hit Blocks'] ?? 0) + (plan['Shared Read Blocks'] ?? 0)
  return { scanned: scannedTables(plan), blocks }
}

type Plan = {
  'Node Type': string
  'Relation Name'?: string
  'Shared Hit Blocks'?: number
  'Shared Read Blocks'?: number
  Plans?: Plan[]
}

function scannedTables(plan: Plan): string[] {
  const { 'Node Type': type, 'Relation Name': table = '', Plans: below = [] } = plan
  const own = type === 'Seq Scan' && tables.includes(table) ? [table] : []
  return [...own, ...below.flatMap(scannedTables)]
}
