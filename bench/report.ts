import type { Measurement } from './measurement.ts'
import { median } from './statistics.ts'

export type Verdict = 'aim' | 'pass' | 'FAIL'

/** `aim` reaches the aim too; a figure that is not a number fails. */
export function verdictOf(measurement: Measurement): Verdict {
  const { gate, aim } = measurement
  const figure = median(measurement.rounds)
  const reaches = (limit: number) =>
    measurement.better === 'lower' ? figure <= limit : figure >= limit
  if (aim !== null && reaches(aim)) return 'aim'
  return reaches(gate) ? 'pass' : 'FAIL'
}

/** The measurements as one table in plain text. */
export function toTable(measurements: readonly Measurement[]): string {
  const head = ['', 'what', 'gate', 'aim', 'measured', 'rounds', '']
  const rows = measurements.map((measurement) => {
    const { bound, what, unit, better, gate, aim, rounds } = measurement
    const sign = better === 'lower' ? '≤' : '≥'
    return [
      bound,
      what,
      `${sign} ${format(gate)}`,
      aim === null ? '–' : `${sign} ${format(aim)}`,
      `${format(median(rounds))} ${unit}`.trim(),
      rounds.map(format).join(' '),
      verdictOf(measurement),
    ]
  })
  const all = [head, ...rows]
  const widths = head.map((_, column) => Math.max(...all.map((row) => row[column]?.length ?? 0)))
  return all
    .map((row) =>
      row
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .join('\n')
}

function format(value: number): string {
  if (Number.isNaN(value)) return 'n/a'
  if (Math.abs(value) >= 100) return value.toFixed(0)
  return Number(value.toPrecision(3)).toString()
}
