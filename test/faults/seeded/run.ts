import { parseArgs } from 'node:util'
import { createRandom } from '../../support/random.ts'
import type { Violation } from '../evidence.ts'
import { openPostgresServer, type PostgresServer } from '../postgres-server.ts'
import type { BugTrial, BugWorld } from './bug-trial.ts'
import { bugTrials } from './trials.ts'

type Verdict =
  /** `check` is the rule that found it. */
  | { type: 'caught'; check: string; trials: number; seed: number }
  /** `other`: what the trials found instead. */
  | { type: 'survived'; trials: number; seed: number; other: string | undefined }
  /** The trial fails with servers that have no bug, or could not be made. */
  | { type: 'broken'; seed: number; withBug: boolean; reason: string }

type Hunt = { seed: number; most: number; postgres: PostgresServer; signal: AbortSignal }

type Report = { trial: BugTrial; verdict: Verdict; seconds: number }

/** Trials that go on beside each other. */
const lanes = 2

/** Makes each trial without its bug and with it, until the bug is caught or `most` were made. */
async function hunt(trial: BugTrial, { seed, most, ...world }: Hunt): Promise<Verdict> {
  let other: string | undefined
  for (let index = 0; index < most; index += 1) {
    const own = seed + index
    for (const bug of [undefined, trial.bug]) {
      const found = await attempt(trial, { ...world, bug, random: createRandom(own) })
      if (found instanceof Error) {
        return { type: 'broken', seed: own, withBug: bug !== undefined, reason: found.message }
      }
      if (bug === undefined && found[0]) {
        return { type: 'broken', seed: own, withBug: false, reason: toLine(found[0]) }
      }
      const proof = found.find(({ promise }) => promise === trial.promise)
      if (proof) return { type: 'caught', check: checkOf(proof), trials: index + 1, seed: own }
      if (found[0]) other = toLine(found[0])
    }
  }
  return { type: 'survived', trials: most, seed, other }
}

async function attempt(trial: BugTrial, world: BugWorld): Promise<Violation[] | Error> {
  try {
    return await trial.run(world)
  } catch (error) {
    return error instanceof Error ? error : new Error(String(error))
  }
}

async function huntAll(chosen: readonly BugTrial[], options: Hunt): Promise<Report[]> {
  const waiting = [...chosen]
  const reports: Report[] = []
  const lane = async () => {
    for (let trial = waiting.shift(); trial; trial = waiting.shift()) {
      if (options.signal.aborted) return
      const began = performance.now()
      const verdict = await hunt(trial, options)
      const report = { trial, verdict, seconds: (performance.now() - began) / 1000 }
      console.log(
        `${verdict.type === 'caught' ? '✓' : '✗'} ${trial.bug}: ${toCells(verdict).join(', ')}`,
      )
      if (verdict.type !== 'caught') {
        console.log(`  again: npm run faults:seeded -- --only ${trial.bug} --seed ${verdict.seed}`)
      }
      reports.push(report)
    }
  }
  await Promise.all(Array.from({ length: lanes }, lane))
  return chosen.flatMap((trial) => reports.find((report) => report.trial === trial) ?? [])
}

function toTable(reports: readonly Report[]): string {
  const rows = reports.map(({ trial, verdict, seconds }) => [
    trial.bug,
    trial.promise,
    ...toCells(verdict),
    seconds.toFixed(0),
  ])
  return [
    '| bug | promise | verdict | caught by | trials | seed | seconds |',
    '| --- | --- | --- | --- | --: | --: | --: |',
    ...rows.map((cells) => `| ${cells.join(' | ')} |`),
  ].join('\n')
}

function toCells(verdict: Verdict): string[] {
  switch (verdict.type) {
    case 'caught':
      return ['caught', verdict.check, String(verdict.trials), String(verdict.seed)]
    case 'survived':
      return [
        'SURVIVED',
        verdict.other?.slice(0, 200) ?? '—',
        String(verdict.trials),
        String(verdict.seed),
      ]
    case 'broken': {
      const what = verdict.withBug ? 'COULD NOT BE MADE' : 'FAILS WITHOUT ITS BUG'
      return [what, verdict.reason.slice(0, 200), '—', String(verdict.seed)]
    }
  }
}

/** The rule's name, which begins what it found. */
function checkOf({ what }: Violation): string {
  return what.split(':')[0] ?? what
}

function toLine({ promise, what }: Violation): string {
  return `${promise} ${what}`
}

function readOptions() {
  const { values } = parseArgs({
    options: {
      only: { type: 'string', multiple: true, default: [] },
      seed: { type: 'string', default: String(Date.now() % 1_000_000) },
      trials: { type: 'string', default: '5' },
    },
  })
  const chosen = bugTrials.filter(
    ({ bug }) => values.only.length === 0 || values.only.includes(bug),
  )
  const unknown = values.only.find((name) => !bugTrials.some(({ bug }) => bug === name))
  if (unknown !== undefined) {
    const names = bugTrials.map(({ bug }) => bug).join(', ')
    throw new Error(`There is no seeded bug ${unknown}; there are: ${names}`)
  }
  return { chosen, seed: toCount('--seed', values.seed), most: toCount('--trials', values.trials) }
}

function toCount(name: string, text: string): number {
  if (/^\d{1,9}$/.test(text)) return Number(text)
  throw new Error(`${name} takes a whole number, not ${JSON.stringify(text)}`)
}

async function main(): Promise<void> {
  const { chosen, seed, most } = readOptions()
  const postgres = await openPostgresServer()
  if (!postgres) throw new Error('Install a Postgres server, or set POSTGRES_BINARIES')
  const ending = new AbortController()
  const { signal } = ending
  for (const name of ['SIGINT', 'SIGTERM']) process.once(name, () => ending.abort(name))
  console.log(`seed ${seed}`)
  try {
    const reports = await huntAll(chosen, { seed, most, postgres, signal })
    console.log(`\n${toTable(reports)}`)
    const caught = reports.filter(({ verdict }) => verdict.type === 'caught').length
    console.log(`\n${caught} of ${chosen.length} caught`)
    if (caught < chosen.length) process.exitCode = 1
  } finally {
    await postgres.close()
  }
}

await main()
