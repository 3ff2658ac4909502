import { expect, test } from 'vitest'
import { createTurns } from '#http/turns.ts'

/** Turns by a clock that only work moves: `work` takes longer than a slice. */
function startTurns() {
  let now = 0
  const turns = createTurns({ now: () => now })
  return { ...turns, work: () => (now += 3), pass: () => (now += 1) }
}

/** What is done when the loop has gone round once more. */
const turn = () => new Promise((resolve) => setImmediate(resolve))

test('what there is time for is done at once', () => {
  const { soon, later } = startTurns()
  const done: string[] = []
  soon(() => done.push('news'))
  later(() => done.push('more'))
  expect(done).toEqual(['news', 'more'])
})

test('what there is no time for waits in order, and lets the loop go round', async () => {
  const { soon, later, work } = startTurns()
  const done: number[] = []
  soon(work)
  for (let job = 1; job <= 3; job += 1) {
    const add = job === 2 ? later : soon
    add(() => {
      work()
      done.push(job)
    })
  }
  expect(done).toEqual([])
  for (let turns = 1; turns <= 3; turns += 1) {
    await turn()
    expect(done).toEqual([1, 2, 3].slice(0, turns))
  }
})

test('news that come after a pause need not wait for those who are behind', async () => {
  const { soon, later, work, pass } = startTurns()
  const done: string[] = []
  soon(work)
  soon(() => done.push('behind'))
  pass()
  soon(() => done.push('news'))
  later(() => done.push('more'))
  expect(done).toEqual(['news'])
  await turn()
  expect(done).toEqual(['news', 'behind', 'more'])
})
