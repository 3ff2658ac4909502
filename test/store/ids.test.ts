import { randomBytes } from 'node:crypto'
import { expect, test } from 'vitest'
import { createIds } from '#store/ids.ts'

const random = (size: number) => new Uint8Array(size)

test('an id is a prefix and a ULID in small letters', () => {
  const ids = createIds({ now: () => 1_469_918_176_385, random })
  expect(ids.next('ses')).toBe('ses_01aryz6s410000000000000000')
})

test('ids of one millisecond, and of a clock that goes back, still sort by creation', () => {
  const times = [5000, 5000, 5000, 4000, 5001, 5000]
  const ids = createIds({ now: () => times.shift() ?? 9000, random: randomBytes })
  const made = Array.from({ length: 50 }, () => ids.next('msg'))
  expect(made.toSorted()).toEqual(made)
  expect(new Set(made).size).toBe(50)
})

test('random bits that are all set carry into the time, not out of the id', () => {
  const ids = createIds({ now: () => 31, random: (size) => new Uint8Array(size).fill(255) })
  expect([ids.next('run'), ids.next('run')]).toEqual([
    'run_000000000zzzzzzzzzzzzzzzzz',
    'run_00000000100000000000000000',
  ])
})
