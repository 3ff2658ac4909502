import { writeFile } from 'node:fs/promises'
import { availableParallelism, loadavg } from 'node:os'
import type { PromiseId, Violation } from './evidence.ts'
import { promises } from './promises.ts'
import type { Figure, Trial } from './trial.ts'

export type TrialResult =
  | {
      type: 'made'
      trial: Trial
      seed: number
      fired: number
      failures: Violation[]
      figures: Figure[]
    }
  | { type: 'skipped'; trial: Trial; reason: string }

type Row = {
  promise: string
  text: string
  trials: number
  faults: number
  /** The largest that was measured, and its limit. */
  figures: string[]
  failures: number
  /** SLOW: nothing was broken, and a figure was above its limit. */
  verdict: 'held' | 'BROKEN' | 'SLOW' | 'not tried' | 'skipped'
}

export function printReport(results: readonly TrialResult[]): void {
  const load = loadavg()[0] ?? 0
  console.log(`\n${toMarkdown(toRows(results))}`)
  console.log(
    `\nload of the last minute ${load.toFixed(1)} on ${availableParallelism()} processors`,
  )
}

/** The same as `PATH.md`, and with what failed as `PATH.json`. */
export async function writeReport(
  path: string,
  results: readonly TrialResult[],
  seed: number,
): Promise<void> {
  const rows = toRows(results)
  const made = results.map((result) => ({ ...result, trial: result.trial.name }))
  await writeFile(`${path}.json`, `${JSON.stringify({ seed, rows, trials: made }, null, 2)}\n`)
  await writeFile(`${path}.md`, `seed ${seed}\n\n${toMarkdown(rows)}\n`)
}

export function toRows(results: readonly TrialResult[]): Row[] {
  return Object.entries(promises).map(([id, text]) => {
    // Object.entries forgets the type of keys.
    const promise = id as PromiseId
    const meant = results.filter(
      (result) =>
        result.trial.promises.includes(promise) ||
        (result.type === 'made' && result.failures.some((each) => each.promise === promise)),
    )
    const made = meant.filter((result) => result.type === 'made')
    const failures = made.filter((result) =>
      result.failures.some((failure) => failure.promise === promise),
    ).length
    const figures = made.flatMap((result) => result.figures.filter((each) => each.promise === id))
    const isLate = figures.some(({ value, limit }) => value > limit)
    return {
      promise,
      text,
      trials: made.length,
      faults: made.reduce((sum, { fired }) => sum + fired, 0),
      figures: largest(figures),
      failures,
      verdict: verdictOf({ failures, isLate, made: made.length, meant: meant.length }),
    }
  })
}

function verdictOf({
  failures,
  isLate,
  made,
  meant,
}: {
  failures: number
  isLate: boolean
  made: number
  meant: number
}): Row['verdict'] {
  if (failures > 0) return 'BROKEN'
  if (isLate) return 'SLOW'
  if (made > 0) return 'held'
  return meant > 0 ? 'skipped' : 'not tried'
}

function largest(figures: Figure[]): string[] {
  const byName = new Map<string, Figure>()
  for (const figure of figures) {
    const key = `${figure.name} ${figure.limit}`
    const known = byName.get(key)
    if (!known || known.value < figure.value) byName.set(key, figure)
  }
  return [...byName.values()].map(({ name, value, limit, unit }) =>
    `${name} ${Math.round(value)} ≤ ${limit} ${unit}`.trimEnd(),
  )
}

function toMarkdown(rows: readonly Row[]): string {
  const lines = rows.map(({ promise, text, trials, faults, figures, failures, verdict }) => {
    const what = failures > 0 ? `${verdict} in ${failures}` : verdict
    return `| ${promise} | ${text} | ${trials} | ${faults} | ${figures.join('; ') || '—'} | ${what} |`
  })
  return [
    '| # | promise | trials | faults | largest measured | verdict |',
    '| --- | --- | --: | --: | --- | --- |',
    ...lines,
  ].join('\n')
}
