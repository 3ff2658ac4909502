/** `npm run bench`: measures the bounds of docs/performance.md and says which hold. */
import { mkdirSync, writeFileSync } from 'node:fs'
import { cpus } from 'node:os'
import { parseArgs } from 'node:util'
import { type Bench, openBench } from './bench.ts'
import type { Measurement, Scenario } from './measurement.ts'
import { exactness } from './measurements/exactness.ts'
import { growth } from './measurements/growth.ts'
import { readiness, stalledClients, streamMemory } from './measurements/memory.ts'
import { embedded, longHistory, runRate } from './measurements/runs.ts'
import { storedBytes, transactions } from './measurements/storage.ts'
import { firstToken, longAnswers, manyStreams, tokenCost } from './measurements/tokens.ts'
import { toTable, verdictOf } from './report.ts'

const USAGE = `Usage: npm run bench -- [options]
  --only P2,P4         only these bounds
  --rounds 3           rounds of each measurement; the median counts
  --quick              shorter loads, for a first look; the figures are rougher
  --database postgres  or embedded
  --database-url URL   a Postgres to make databases on, instead of one that the bench starts`

const SCENARIOS: readonly Scenario[] = [
  exactness,
  firstToken,
  tokenCost,
  manyStreams,
  streamMemory,
  readiness,
  runRate,
  longAnswers,
  longHistory,
  growth,
  storedBytes,
  stalledClients,
  transactions,
  embedded,
]

async function main(): Promise<void> {
  const options = readOptions()
  if (options === null) {
    console.log(USAGE)
    return
  }
  const bench = await openBench(options)
  const interrupted = closeOnSignal(bench)
  const measurements: Measurement[] = []
  const failures: string[] = []
  try {
    console.log(`${bench.layout}; ${options.rounds} rounds; ${databaseLine(bench)}`)
    for (const scenario of chosen(options)) {
      if (interrupted()) return
      await runScenario(bench, scenario, options.only, measurements, failures)
    }
  } finally {
    await bench.close()
  }
  if (interrupted()) return
  report(bench, measurements, failures)
}

type Options = NonNullable<ReturnType<typeof readOptions>>

function readOptions() {
  const { values } = parseArgs({
    options: {
      only: { type: 'string' },
      rounds: { type: 'string', default: '3' },
      quick: { type: 'boolean', default: false },
      database: { type: 'string', default: 'postgres' },
      'database-url': { type: 'string' },
      help: { type: 'boolean', short: 'h', default: false },
    },
  })
  const { database, help, quick, only } = values
  if (help) return null
  if (database !== 'postgres' && database !== 'embedded') {
    throw new Error(`--database is postgres or embedded, not ${database}`)
  }
  const rounds = Number(values.rounds)
  if (!Number.isInteger(rounds) || rounds < 1) throw new Error('--rounds is a whole number from 1')
  return {
    quick,
    rounds,
    database: database as Bench['database'],
    databaseUrl: values['database-url'] ?? null,
    only: only === undefined ? null : boundsOf(only),
  }
}

function boundsOf(list: string): string[] {
  const known = SCENARIOS.flatMap(({ bounds }) => bounds)
  const bounds = list.split(',').map((bound) => bound.trim().toUpperCase())
  const unknown = bounds.find((bound) => !known.includes(bound))
  if (unknown !== undefined) throw new Error(`--only ${unknown}: not one of ${known.join(', ')}`)
  return bounds
}

function chosen({ only, database }: Options): Scenario[] {
  const scenarios = SCENARIOS.filter(({ embedded }) => embedded || database === 'postgres')
  return only === null
    ? scenarios
    : scenarios.filter(({ bounds }) => bounds.some((bound) => only.includes(bound)))
}

/** A scenario that breaks is reported and doesn't take the others with it. */
async function runScenario(
  bench: Bench,
  scenario: Scenario,
  only: readonly string[] | null,
  measurements: Measurement[],
  failures: string[],
): Promise<void> {
  const name = scenario.bounds.join(', ')
  const startedAt = performance.now()
  try {
    const found = await scenario.run(bench)
    measurements.push(...found.filter(({ bound }) => only === null || only.includes(bound)))
  } catch (error) {
    failures.push(`${name}: ${error instanceof Error ? error.message : String(error)}`)
  }
  console.log(`${name} took ${((performance.now() - startedAt) / 1000).toFixed(0)} s`)
}

function report(
  bench: Bench,
  measurements: readonly Measurement[],
  failures: readonly string[],
): void {
  const { checked } = bench
  console.log(`\n${toTable(measurements)}\n`)
  console.log(
    `${checked.exact} of ${checked.streams} answers in all measurements came whole and in order`,
  )
  for (const line of [...checked.problems, ...failures]) console.log(line)
  const failed = measurements.some((measurement) => verdictOf(measurement) === 'FAIL')
  if (failed || failures.length > 0 || checked.exact < checked.streams) process.exitCode = 1
  console.log(`\n${writeResults(bench, measurements, failures)}`)
}

function writeResults(
  { layout, rounds, quick, database, checked, postgres }: Bench,
  measurements: readonly Measurement[],
  failures: readonly string[],
): string {
  const directory = new URL('results/', import.meta.url)
  mkdirSync(directory, { recursive: true })
  const measuredAt = new Date().toISOString()
  const name = `${measuredAt.replace(/[:.]/g, '-')}.json`
  const machine = {
    node: process.version,
    cores: cpus().length,
    processor: cpus()[0]?.model,
    postgres: postgres?.version,
  }
  const results = { measuredAt, machine, layout, rounds, quick, database, checked, failures }
  const verdicts = measurements.map((measurement) => ({
    ...measurement,
    verdict: verdictOf(measurement),
  }))
  writeFileSync(
    new URL(name, directory),
    JSON.stringify({ ...results, measurements: verdicts }, null, 2),
  )
  return `bench/results/${name}`
}

function databaseLine({ database, postgres }: Bench): string {
  return database === 'postgres' ? `Postgres ${postgres?.version}` : 'the embedded database'
}

/** Ends everything on Ctrl-C; answers whether that has happened. */
function closeOnSignal(bench: Bench): () => boolean {
  let status: number | null = null
  const close = async (signalStatus: number) => {
    if (status !== null) return
    status = signalStatus
    process.exitCode = status
    await bench.close().catch(() => {})
    process.exit(status)
  }
  process.on('SIGINT', () => close(130))
  process.on('SIGTERM', () => close(143))
  return () => status !== null
}

await main().catch((error: unknown) => {
  console.error(`bench: ${error instanceof Error ? error.message : String(error)}`)
  process.exitCode = 2
})
