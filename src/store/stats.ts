import type { Statements } from './database.ts'
import type { Scope } from './scope.ts'

export type StoreStats = {
  session_count: number
  run_count: number
  running: number
  /** Some count is an estimate. */
  estimated: boolean
}

/** Counted one by one up to here; how many there are beyond must not matter to who asks. */
const countedSessions = 1000
const countedRuns = 10_000

/** Counts of sessions and runs. Larger ones are the estimates that the database plans with. */
export function createStats({ database }: { database: Statements }) {
  return {
    async count(scope: Scope): Promise<StoreStats> {
      const { owner, parameters } = scopeOf(scope)
      const sessions = `from sessions s where s.tenant = $1 and s.root_id is null ${owner}`
      const runs = `from runs r join sessions s on s.id = r.session_id
        where r.tenant = $1 and r.parent_run_id is null ${owner}`
      const newest = `${sessions} order by s.updated_at desc limit ${countedSessions + 1}`
      const [sessionCount, runCount, running] = await Promise.all([
        countUpTo(database, `from (select 1 ${newest}) s`, parameters, countedSessions),
        countUpTo(database, runsOf(newest), parameters, countedRuns),
        countUpTo(database, activeRuns(owner), parameters, countedRuns),
      ])
      const manySessions = sessionCount > countedSessions
      const manyRuns = manySessions || runCount > countedRuns
      const estimates = await Promise.all([
        manySessions ? estimateRows(database, sessions, parameters) : 0,
        manyRuns ? estimateRows(database, runs, parameters) : 0,
      ])
      return {
        session_count: Math.max(sessionCount, estimates[0]),
        run_count: Math.max(runCount, estimates[1]),
        running: Math.min(running, countedRuns),
        estimated: manyRuns,
      }
    },
  }
}

/** Sessions with a run that is not over, of all tenants: it says how busy the server is. */
export async function countActiveSessions(database: Statements): Promise<number> {
  const from = `from runs r where ${active} and r.parent_run_id is null`
  return Math.min(await countUpTo(database, from, [], countedRuns), countedRuns)
}

/** Runs that are not over, of all tenants, by where they stand; enqueued ones wait behind another. */
export async function readRunLoad(
  database: Statements,
): Promise<{ status: RunPlace; count: number; ageSeconds: number }[]> {
  return database.query(
    // Two parts, as there are two indexes: one over both conditions would read every run there ever was.
    `select status, count(*) as count,
       greatest(0, extract(epoch from now() - min(created_at)))::double precision as "ageSeconds"
     from (
       select r.status, r.created_at from runs r where ${active} and r.parent_run_id is null
       union all
       select 'enqueued', r.created_at from runs r where r.enqueued
     ) r group by 1`,
    [],
  )
}

type RunPlace = 'queued' | 'enqueued' | 'running' | 'waiting'

// Not `$2 is null or …`: a prepared plan for both would know nothing of the owner's index.
function scopeOf({ tenant, owner }: Scope): { owner: string; parameters: unknown[] } {
  return owner === null
    ? { owner: '', parameters: [tenant] }
    : { owner: 'and s.owner = $2', parameters: [tenant, owner] }
}

// The limits inside make the database look up what belongs to each row instead of joining tables.
function runsOf(sessions: string): string {
  return `from (select s.id ${sessions}) s cross join lateral (select 1 from runs r
    where r.session_id = s.id and r.parent_run_id is null limit ${countedRuns + 1}) r`
}

function activeRuns(owner: string): string {
  return `from runs r cross join lateral (select 1 from sessions s
      where s.id = r.session_id ${owner} limit 1) s
    where r.tenant = $1 and r.parent_run_id is null and ${active}`
}

/** One more than `most` stands for any larger count. */
async function countUpTo(
  database: Statements,
  from: string,
  parameters: unknown[],
  most: number,
): Promise<number> {
  const [row] = await database.query<{ count: number }>(
    `select count(*) as count from (select 1 ${from} limit ${most + 1}) counted`,
    parameters,
  )
  return row?.count ?? 0
}

type Plan = { 'QUERY PLAN': { Plan: { 'Plan Rows': number } }[] }

async function estimateRows(
  database: Statements,
  from: string,
  parameters: unknown[],
): Promise<number> {
  const [row] = await database.query<Plan>(`explain (format json) select 1 ${from}`, parameters)
  return row?.['QUERY PLAN'][0]?.Plan['Plan Rows'] ?? 0
}

const active = `r.status in ('queued', 'running', 'waiting') and not r.enqueued`
