import type { Instruments, ReadGauge } from './instruments.ts'

/** Runs that are not over, of all instances and tenants. */
export type RunLoad = {
  status: 'queued' | 'enqueued' | 'running' | 'waiting'
  count: number
  /** Of the oldest one. */
  ageSeconds: number
}[]

export type MetricSources = {
  runLoad(): Promise<RunLoad>
  runsHeld(): number
  streams(): number
  followers(): { sessions: number; followers: number }
  pool(): { inUse: number; waiting: number }
}

/** For so many milliseconds an answer of the database is good enough for whoever asks. */
const freshness = 5000

/** Gauges of what is now; the database is asked when somebody asks for the metrics, and not often. */
export function addStateMetrics({ gauge }: Instruments): {
  watch(sources: MetricSources): void
  refresh(): Promise<void>
} {
  let sources: MetricSources | undefined
  let load: RunLoad | null = null
  let asked = Number.NEGATIVE_INFINITY
  let asking: Promise<void> | undefined

  const now = (read: (from: MetricSources) => number): ReadGauge => {
    return () => (sources ? [[read(sources)]] : [])
  }
  gauge({
    name: 'parley_runs',
    help: 'Runs that are not over, on all instances; enqueued ones wait behind another.',
    labels: ['status'],
    read: () => statuses.flatMap((status) => (load ? [[countOf(load, status), status]] : [])),
  })
  gauge({
    name: 'parley_oldest_queued_run_seconds',
    help: 'Age of the oldest run that no instance has taken; 0 when there is none.',
    read: () => (load ? [[load.find(({ status }) => status === 'queued')?.ageSeconds ?? 0]] : []),
  })
  gauge({
    name: 'parley_database_up',
    help: 'Whether the database answered when it was last asked.',
    read: () => (sources ? [[load ? 1 : 0]] : []),
  })
  gauge({
    name: 'parley_runs_held',
    help: 'Runs in the hands of this instance.',
    read: now((from) => from.runsHeld()),
  })
  gauge({
    name: 'parley_streams_open',
    help: 'Event streams that clients have open here.',
    read: now((from) => from.streams()),
  })
  gauge({
    name: 'parley_sessions_followed',
    help: 'Sessions that are followed or written to here.',
    read: now((from) => from.followers().sessions),
  })
  gauge({
    name: 'parley_followers',
    help: 'Followers of sessions here: streams, and answers that wait for a run.',
    read: now((from) => from.followers().followers),
  })
  gauge({
    name: 'parley_database_connections_in_use',
    help: 'Connections that a statement or a transaction has now.',
    read: now((from) => from.pool().inUse),
  })
  gauge({
    name: 'parley_database_statements_waiting',
    help: 'Statements and transactions that wait for a connection.',
    read: now((from) => from.pool().waiting),
  })

  async function ask(from: MetricSources): Promise<void> {
    load = await from.runLoad().catch(() => null)
    asked = performance.now()
  }

  return {
    watch(from) {
      sources = from
    },
    async refresh() {
      if (!sources || performance.now() - asked < freshness) return
      asking ??= ask(sources).finally(() => {
        asking = undefined
      })
      await asking
    },
  }
}

const statuses = ['queued', 'enqueued', 'running', 'waiting'] as const

function countOf(load: RunLoad, wanted: string): number {
  return load.find(({ status }) => status === wanted)?.count ?? 0
}
