import { setTimeout as pause } from 'node:timers/promises'
import type { Bench, MeasuredServer } from '../bench.ts'
import {
  type Measurement,
  onServer,
  type Scenario,
  TOOL_ROUND,
  withMeasured,
} from '../measurement.ts'
import type { PostgresServer } from '../postgres-server.ts'
import type { Script } from '../script.ts'

/** P13: what a token leaves behind in all tables and indexes together. */
export const storedBytes: Scenario = {
  bounds: ['P13'],
  embedded: false,
  async run(bench) {
    const short = await bytesPerToken(bench, 100, bench.quick ? 2 : 10)
    const long = await bytesPerToken(bench, bench.quick ? 500 : 2000, 1)
    const row = { bound: 'P13', unit: 'bytes', better: 'lower' as const }
    return [
      { ...row, what: 'stored bytes a token, answers of 100 tokens', gate: 60, aim: 40, ...short },
      {
        ...row,
        what: `stored bytes a token, answers of ${bench.quick ? 500 : 2000} tokens`,
        gate: 35,
        aim: 26,
        ...long,
      },
    ]
  },
}

/** P15: transactions, counted by the database. */
export const transactions: Scenario = {
  bounds: ['P15'],
  embedded: false,
  async run(bench) {
    return onServer(bench, async (server) => {
      const postgres = postgresOf(bench)
      const name = databaseName(server)
      const idle = await countIdle(postgres, name, bench.quick ? 10_000 : 30_000)
      const before = await flushedCount(postgres, name)
      const loop = await bench.load('loop', {
        target: server.target,
        script: TOOL_ROUND,
        concurrency: 64,
        duration: bench.quick ? 3000 : 8000,
      })
      const after = await flushedCount(postgres, name)
      const idleShare = idle.perSecond * ((loop.elapsed + FLUSHED_AFTER) / 1000)
      const perRun: Measurement = {
        bound: 'P15',
        what: 'transactions a run, one tool round, 64 at a time',
        unit: '',
        better: 'lower',
        gate: 0.5,
        aim: 0.2,
        rounds: [(after - before - idleShare) / loop.exact],
        detail: { runs: loop.exact, transactions: after - before, idlePerSecond: idle.perSecond },
      }
      if (idle.statements === null) return [perRun]
      const other = idle.statements.filter((statement) => !EXPECTED_WHILE_IDLE.test(statement))
      return [
        perRun,
        {
          bound: 'P15',
          what: `idle: statements other than lease and heartbeat (${idle.perSecond.toFixed(2)} transactions/s)`,
          unit: '',
          better: 'lower',
          gate: 0,
          aim: null,
          rounds: [other.length],
          detail: { other, statements: idle.statements },
        },
      ]
    })
  },
}

/** Claiming, renewing and reaping touch `runs`; the heartbeat is a notification to oneself. */
const EXPECTED_WHILE_IDLE = /\bruns\b|pg_notify|^notify\b|^listen\b|^select 1$|^begin|^commit/i
/** A backend that became idle reports its counts within ten seconds. */
const FLUSHED_AFTER = 11_000
const SETTLED_AFTER = 5000
const SETTLED_WITHIN = 60_000

async function bytesPerToken(
  bench: Bench,
  tokens: number,
  waves: number,
): Promise<Pick<Measurement, 'rounds' | 'detail'>> {
  const script: Script = { tokens, every: 20, first: 0, tool: false, text: 'words' }
  const postgres = postgresOf(bench)
  // What a run leaves for good: its deltas are joined some time after its end.
  const starting = bench.startServer({ flags: ['--compact-after', '1'] })
  return withMeasured(bench, starting, async ({ target, databaseUrl }) => {
    const url = databaseUrl ?? ''
    await settled(postgres, url)
    const before = await storedSize(postgres, url)
    let written = 0
    for (let wave = 0; wave < waves; wave++) {
      const result = await bench.load('streams', { target, script, count: 100, stagger: 0.2 })
      written += result.tokens
    }
    const rowsAtFirst = await eventRows(postgres, url)
    await settled(postgres, url)
    const rows = await eventRows(postgres, url)
    const after = await storedSize(postgres, url)
    const bytes = (after.total - before.total) / written
    return { rounds: [bytes], detail: { written, before, after, rowsAtFirst, rows } }
  })
}

/** Until nothing changes any more: a server may compact what a run has left. */
async function settled(postgres: PostgresServer, url: string): Promise<void> {
  let rows = await eventRows(postgres, url)
  for (let waited = 0; waited < SETTLED_WITHIN; waited += SETTLED_AFTER) {
    await pause(SETTLED_AFTER)
    const now = await eventRows(postgres, url)
    if (now === rows) return
    rows = now
  }
}

async function eventRows(postgres: PostgresServer, url: string): Promise<number> {
  const [row] = await postgres.query('select count(*)::int as rows from events', url)
  return Number(row?.rows)
}

async function storedSize(
  postgres: PostgresServer,
  url: string,
): Promise<{ total: number; tables: Record<string, number> }> {
  await postgres.query('vacuum full', url)
  const rows = await postgres.query(
    `select relname as name, pg_total_relation_size(relid)::float8 as bytes
     from pg_stat_user_tables order by bytes desc`,
    url,
  )
  const tables = Object.fromEntries(rows.map((row) => [String(row.name), Number(row.bytes)]))
  return { total: Object.values(tables).reduce((sum, bytes) => sum + bytes, 0), tables }
}

async function countIdle(
  postgres: PostgresServer,
  name: string,
  duration: number,
): Promise<{ perSecond: number; statements: string[] | null }> {
  const before = await flushedCount(postgres, name)
  const startedAt = performance.now()
  const from = postgres.log().length
  await postgres.traceStatements?.(true)
  await pause(duration)
  const statements = postgres.traceStatements && statementsIn(postgres.log().slice(from))
  await postgres.traceStatements?.(false)
  const after = await flushedCount(postgres, name)
  return { perSecond: ((after - before) * 1000) / (performance.now() - startedAt), statements }
}

/** The distinct statements of the log, but for the bench's own. */
function statementsIn(log: string): string[] {
  const found = new Set<string>()
  for (const match of log.matchAll(/LOG: {2}(?:statement|execute [^:]*): (.*(?:\n\t.*)*)/g)) {
    const statement = (match[1] ?? '').replace(/\s+/g, ' ').trim()
    if (!/^(alter system|select pg_reload_conf)/i.test(statement)) found.add(statement)
  }
  return [...found]
}

async function flushedCount(postgres: PostgresServer, name: string): Promise<number> {
  await pause(FLUSHED_AFTER)
  const [row] = await postgres.query(
    `select (xact_commit + xact_rollback)::float8 as transactions
     from pg_stat_database where datname = '${name}'`,
  )
  return Number(row?.transactions)
}

export function postgresOf({ postgres }: Bench): PostgresServer {
  if (!postgres) throw new Error('This is measured on Postgres only')
  return postgres
}

function databaseName({ databaseUrl }: MeasuredServer): string {
  return new URL(databaseUrl ?? '').pathname.slice(1)
}
