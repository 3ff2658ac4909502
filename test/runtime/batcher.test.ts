import { expect, test } from 'vitest'
import { Problem } from '#contract/problem.ts'
import { createBatcher } from '#runtime/batcher.ts'

test('what is asked while a batch is on its way is the next batch', async () => {
  const batches: number[][] = []
  const double = createBatcher(async (items: number[]) => {
    batches.push(items)
    await new Promise(setImmediate)
    return items.map((item) => 2 * item)
  })
  const first = double(1)
  await new Promise(setImmediate)
  expect(await Promise.all([first, double(2), double(3)])).toEqual([2, 4, 6])
  expect(batches).toEqual([[1], [2, 3]])
})

test('one item that is refused takes no other with it', async () => {
  const check = createBatcher(async (items: number[]) => {
    if (items.includes(2)) throw new Error('refused')
    return items
  })
  const results = await Promise.allSettled([check(1), check(2), check(3)])
  expect(results.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled'])
})

test('a database that is away is not asked for each item of a batch', async () => {
  let asked = 0
  const read = createBatcher(async (): Promise<number[]> => {
    asked += 1
    throw new Problem('unavailable', 'The database is away')
  })
  const results = await Promise.allSettled([read(1), read(2), read(3)])
  expect(results.every(({ status }) => status === 'rejected')).toBe(true)
  expect(asked).toBe(1)
})
