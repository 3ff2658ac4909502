import { expect, test } from 'vitest'
import { createSamples, median } from '../../bench/statistics.ts'

test('quantiles are values that were measured, whatever the order they came in', () => {
  const samples = createSamples()
  for (let value = 3000; value > 0; value--) samples.add(value)
  expect(samples.summary()).toEqual({ count: 3000, p50: 1500.5, p95: 2850, p99: 2970, max: 3000 })
})

test('the median of three rounds is the middle one', () => {
  expect(median([9, 1, 4])).toBe(4)
})

test('nothing measured is not a number', () => {
  expect(createSamples().summary().p50).toBeNaN()
})
