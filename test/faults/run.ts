import { createHash } from 'node:crypto'
import { createRandom } from '../support/random.ts'
import { type Options, readOptions, usage } from './options.ts'
import { openPostgresServer, type PostgresServer } from './postgres-server.ts'
import { printReport, type TrialResult, toRows, writeReport } from './report.ts'
import type { Trial } from './trial.ts'
import { trials } from './trials.ts'

/** Makes trials until all are made; answers what came of each. */
async function runTrials(options: Options): Promise<TrialResult[]> {
  const chosen = choose(options)
  const lanes = await Promise.all([
    runLane(
      chosen.filter(({ database }) => database === 'embedded'),
      options,
      undefined,
    ),
    ...postgresLanes(chosen.filter(({ database }) => database === 'postgres')).map(async (lane) => {
      const postgres = await openPostgresServer()
      try {
        return await runLane(lane, options, postgres)
      } finally {
        await postgres?.close()
      }
    }),
  ])
  return lanes.flat()
}

function choose({ only }: Options): Trial[] {
  if (only.length === 0) return [...trials]
  for (const name of only) {
    if (!trials.some((trial) => isMeant(trial, name))) {
      const names = trials.map((trial) => trial.name).join(', ')
      throw new Error(`No trial is called ${name} or holds it; there are ${names}`)
    }
  }
  return trials.filter((trial) => only.some((name) => isMeant(trial, name)))
}

function isMeant({ name, promises }: Trial, wanted: string): boolean {
  return name === wanted || promises.some((promise) => promise === wanted)
}

/** Trials that mostly wait for leases are made beside each other, each lane on a server of its own. */
function postgresLanes(chosen: Trial[]): Trial[][] {
  return Array.from({ length: laneCount }, (_, lane) =>
    chosen.filter((_, index) => index % laneCount === lane),
  ).filter((lane) => lane.length > 0)
}

const laneCount = 2

/** Milliseconds after which the quick tier begins no second trial of a kind. */
const quickTime = 240_000

/** One trial of each kind, then the second of each, and so on: whatever the time, each was tried. */
async function runLane(
  lane: Trial[],
  options: Options,
  postgres: PostgresServer | undefined,
): Promise<TrialResult[]> {
  const results: TrialResult[] = []
  const able: Trial[] = []
  for (const trial of lane) {
    const reason = await whyNot(trial, postgres)
    if (reason === undefined) {
      able.push(trial)
      continue
    }
    console.log(`- ${trial.name}: skipped, ${reason}`)
    results.push({ type: 'skipped', trial, reason })
  }
  for (const { trial, index } of inRounds(able, options)) {
    const isOptional = index > 0 && options.trials === undefined && !options.long
    if (isOptional && performance.now() > quickTime) break
    results.push(await runConfirmed({ trial, seed: options.seed + index, postgres }, options))
  }
  return results
}

function inRounds(lane: Trial[], { trials, long }: Options): { trial: Trial; index: number }[] {
  const planned = lane.flatMap((trial) => {
    const count = trials ?? (long ? trial.long : trial.quick)
    return Array.from({ length: count }, (_, index) => ({ trial, index }))
  })
  return planned.toSorted((a, b) => a.index - b.index)
}

async function whyNot(trial: Trial, postgres: PostgresServer | undefined) {
  if (trial.database === 'postgres' && !postgres) return 'no Postgres server is installed'
  return trial.unable?.()
}

async function runConfirmed(
  attempt: Parameters<typeof runOne>[0],
  { confirm }: Options,
): Promise<TrialResult> {
  const first = await runOne(attempt)
  if (!confirm || first.failures.length === 0) return first
  const second = await runOne(attempt)
  if (second.failures.length > 0) return second
  console.log('    it did not fail again; that it once did is worth a look')
  return second
}

async function runOne({
  trial,
  seed,
  postgres,
}: {
  trial: Trial
  seed: number
  postgres: PostgresServer | undefined
}): Promise<Made> {
  const began = performance.now()
  const result = await attempt(trial, { seed, postgres })
  const seconds = ((performance.now() - began) / 1000).toFixed(1)
  const late = result.figures.filter(({ value, limit }) => value > limit)
  const failed = result.failures.length + late.length > 0
  console.log(
    `${failed ? '✗' : '✓'} ${trial.name} seed ${seed}: ${result.fired} faults, ${seconds} s`,
  )
  for (const { promise, what } of result.failures.slice(0, 10)) {
    console.log(`    ${promise} ${what.slice(0, 600)}`)
  }
  for (const { promise, name, value, limit, unit } of late) {
    console.log(
      `    ${promise} ${name} was ${Math.round(value)} ${unit}, more than ${limit} ${unit}`,
    )
  }
  if (failed) {
    console.log(`    again: npm run faults -- --only ${trial.name} --seed ${seed} --trials 1`)
  }
  return result
}

type Made = Extract<TrialResult, { type: 'made' }>

async function attempt(
  trial: Trial,
  { seed, postgres }: { seed: number; postgres: PostgresServer | undefined },
): Promise<Made> {
  const [promise = 'R0'] = trial.promises
  try {
    // A seed means other numbers for each kind of trial.
    const random = createRandom(hashOf(`${trial.name} ${seed}`))
    const { violations, fired, figures } = await trial.run({ random, seed, postgres })
    const failures = [...violations]
    if (fired === 0) failures.push({ promise, what: 'the fault did not act' })
    return { type: 'made', trial, seed, fired, failures, figures }
  } catch (error) {
    const what = error instanceof Error ? (error.stack ?? error.message) : String(error)
    return { type: 'made', trial, seed, fired: 0, failures: [{ promise, what }], figures: [] }
  }
}

function hashOf(text: string): number {
  return createHash('sha256').update(text).digest().readUInt32BE()
}

if (process.argv.includes('--help')) {
  console.log(usage)
} else {
  const options = readOptions(process.argv.slice(2))
  console.log(`seed ${options.seed}`)
  for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => process.exit(130))
  const results = await runTrials(options)
  printReport(results)
  if (options.report !== undefined) await writeReport(options.report, results, options.seed)
  const bad = options.strict ? ['BROKEN', 'SLOW'] : ['BROKEN']
  if (toRows(results).some(({ verdict }) => bad.includes(verdict))) {
    process.exitCode = 1
  }
}
