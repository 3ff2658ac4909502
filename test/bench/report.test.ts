import { expect, test } from 'vitest'
import type { Measurement } from '../../bench/measurement.ts'
import { toTable, verdictOf } from '../../bench/report.ts'

const latency: Measurement = {
  bound: 'P2',
  what: 'added time to first token',
  unit: 'ms',
  better: 'lower',
  gate: 1.5,
  aim: 0.8,
  rounds: [2, 1.2, 1],
  detail: {},
}

test.each([
  ['aim', [0.7]],
  ['pass', [2, 1.2, 1]],
  ['FAIL', [2, 1.6, 1]],
  ['FAIL', [Number.NaN]],
])('lower is better: %s for %j', (verdict, rounds) => {
  expect(verdictOf({ ...latency, rounds })).toBe(verdict)
})

test('higher is better where the bound says so', () => {
  const rate: Measurement = { ...latency, better: 'higher', gate: 800, aim: 1300 }
  expect(verdictOf({ ...rate, rounds: [1000] })).toBe('pass')
  expect(verdictOf({ ...rate, rounds: [700] })).toBe('FAIL')
})

test('the table shows the bound, the median and the verdict', () => {
  expect(toTable([latency]).split('\n')[1]).toBe(
    'P2  added time to first token  ≤ 1.5  ≤ 0.8  1.2 ms    2 1.2 1  pass',
  )
})
