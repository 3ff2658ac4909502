import { afterAll, expect, test } from 'vitest'
import { type Bench, openBench } from '../../bench/bench.ts'
import type { Script } from '../../bench/script.ts'

const opened: Bench[] = []
afterAll(() => Promise.all(opened.map((bench) => bench.close())))

test('every kind of answer comes whole through the relay, and its figures are measured', async () => {
  const bench = await openBench({ rounds: 1, quick: true, database: 'embedded', databaseUrl: null })
  opened.push(bench)
  const { target } = await bench.startRelay()
  const script: Script = { tokens: 50, every: 1, first: 2, tool: false, text: 'stamped' }
  for (const text of ['stamped', 'counted', 'words', 'mixed'] as const) {
    await bench.load('streams', { target, script: { ...script, text }, count: 5, stagger: 0 })
  }
  await bench.load('streams', {
    target,
    script: { ...script, tokens: 3000, every: 0, text: 'counted' },
    count: 3,
    stagger: 0,
  })
  const loop = await bench.load('loop', { target, script, concurrency: 2, duration: 100 })
  expect(bench.checked).toEqual({
    streams: 23 + loop.streams,
    exact: 23 + loop.exact,
    problems: [],
  })
  expect(loop.firstAdded.count).toBe(loop.exact)
  expect(loop.firstAdded.p50).toBeGreaterThan(0)
})

test('a server that refuses is a problem of the streams, not the end of the bench', async () => {
  const bench = await openBench({ rounds: 1, quick: true, database: 'embedded', databaseUrl: null })
  opened.push(bench)
  const { target } = await bench.startRelay()
  const script: Script = { tokens: 1, every: 0, first: 0, tool: false, text: 'words' }
  const wrong = { ...target, wire: 'parley' as const }
  const result = await bench.load('loop', {
    target: wrong,
    script,
    concurrency: 1,
    duration: 10_000,
  })
  expect(result).toMatchObject({ streams: 20, exact: 0 })
  expect(result.problems[0]).toMatch(/chat answered 404/)
})
