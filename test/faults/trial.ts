import type { Random } from '../support/random.ts'
import type { PromiseId, Violation } from './evidence.ts'
import type { PostgresServer } from './postgres-server.ts'

/** One kind of trial: what it breaks, which promises it holds, and how often it is made. */
export type Trial = {
  name: string
  promises: readonly PromiseId[]
  /** With `postgres` it is made with several instances, with `embedded` with one. */
  database: 'postgres' | 'embedded'
  /** Trials in minutes, and in the long tier. */
  quick: number
  long: number
  /** Why it cannot be made here; undefined when it can. */
  unable?(): Promise<string | undefined>
  run(world: World): Promise<Outcome>
}

export type World = {
  random: Random
  seed: number
  /** The rig's own server; trials with `postgres` only. */
  postgres: PostgresServer | undefined
}

export type Outcome = {
  violations: Violation[]
  /** How many faults have acted. */
  fired: number
  figures: Figure[]
}

/** Something that was measured and must not be larger than its limit. */
export type Figure = {
  promise: PromiseId
  name: string
  value: number
  limit: number
  unit: 'ms' | 'MB' | ''
}

/** The server that a trial needs. */
export function postgresOf({ postgres }: World): PostgresServer {
  if (!postgres) throw new Error('This trial needs a Postgres server')
  return postgres
}

/** The value below which so many of a hundred lie; 0 of none. */
export function percentile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.floor((sorted.length * share) / 100))] ?? 0
}
