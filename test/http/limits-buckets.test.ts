import { expect, test } from 'vitest'
import { createBuckets } from '#http/limits-buckets.ts'

function openBuckets(most?: number) {
  const clock = { time: 0 }
  const rate = { perMinute: 60, burst: 3 }
  const buckets = createBuckets({ rate, now: () => clock.time, ...(most && { most }) })
  return { clock, buckets }
}

test('the burst is granted, and one past it is not', () => {
  const { buckets } = openBuckets()
  const taken = [1, 2, 3, 4].map(() => buckets.take('a'))
  expect(taken).toEqual([
    { granted: true, remaining: 2, wait: 0 },
    { granted: true, remaining: 1, wait: 0 },
    { granted: true, remaining: 0, wait: 1 },
    { granted: false, remaining: 0, wait: 1 },
  ])
})

test('who waits as long as was said is granted one, and no more', () => {
  const { clock, buckets } = openBuckets()
  for (const _ of [1, 2, 3]) buckets.take('a')
  clock.time = 999
  expect(buckets.take('a').granted).toBe(false)
  clock.time = 1000
  expect(buckets.take('a').granted).toBe(true)
  expect(buckets.take('a').granted).toBe(false)
})

test('being refused does not make the wait longer', () => {
  const { clock, buckets } = openBuckets()
  for (const _ of Array(100).keys()) buckets.take('a')
  clock.time = 1000
  expect(buckets.take('a').granted).toBe(true)
})

test('a pause gives the burst back, and not more', () => {
  const { clock, buckets } = openBuckets()
  for (const _ of [1, 2, 3]) buckets.take('a')
  clock.time = 3_600_000
  expect([1, 2, 3, 4].map(() => buckets.take('a').granted)).toEqual([true, true, true, false])
})

test('callers do not share', () => {
  const { buckets } = openBuckets()
  for (const _ of [1, 2, 3]) buckets.take('a')
  expect(buckets.take('b').granted).toBe(true)
})

test('a million addresses take no more room than the most that are kept', () => {
  const { buckets } = openBuckets(1000)
  for (let index = 0; index < 1_000_000; index += 1) buckets.take(`address ${index}`)
  expect(buckets.size()).toBe(1000)
})

test('one who keeps calling is not forgotten for those who call once', () => {
  const { buckets } = openBuckets(10)
  for (let index = 0; index < 100; index += 1) {
    buckets.take('busy')
    buckets.take(`address ${index}`)
  }
  expect(buckets.take('busy').granted).toBe(false)
})

test('buckets that had the time to fill are forgotten', () => {
  const { clock, buckets } = openBuckets()
  for (const caller of ['a', 'b', 'c']) buckets.take(caller)
  clock.time = 3000
  buckets.take('d')
  expect(buckets.size()).toBe(1)
})
