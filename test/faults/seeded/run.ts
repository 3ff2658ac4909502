import { parseArgs } from 'node:util'
import { openPostgresServer } from '../postgres-server.ts'
import type { BugTrial } from './bug-trial.ts'
import { type Hunt, hunt, type Verdict } from './hunt.ts'
import { bugTrials } from './trials.ts'

type Report = { trial: BugTrial; verdict: Verdict; seconds: number }

/** Trials that go on beside each other. */
const lanes = 2

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
