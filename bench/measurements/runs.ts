import { setTimeout as pause } from 'node:timers/promises'
import type { Bench, Measured } from '../bench.ts'
import type { LoopResult } from '../load-commands.ts'
import {
  besideRelay,
  cpuDuring,
  type Measurement,
  onServer,
  type Scenario,
  SHORT_ANSWER,
  TOOL_ROUND,
  withMeasured,
} from '../measurement.ts'
import type { Script } from '../script.ts'

/** P8 and P9: durable runs with one tool round, each in a session of its own. */
export const runRate: Scenario = {
  bounds: ['P8', 'P9'],
  embedded: true,
  async run(bench) {
    const rounds = await besideRelay(bench, (measured) => runLoads(bench, measured))
    const row = { detail: { rounds } }
    const rate = (
      atOnce: 'eight' | 'sixtyFour',
      what: string,
      gate: number,
      aim: number,
    ): Measurement => ({
      ...row,
      bound: 'P8',
      what: `runs a second, one tool round, ${what} at a time`,
      unit: '/s',
      better: 'higher',
      gate,
      aim,
      rounds: rounds.map(({ server }) => server[atOnce].rate),
    })
    return [
      rate('eight', '8', 800, 1300),
      rate('sixtyFour', '64', 1200, 2000),
      {
        ...row,
        bound: 'P9',
        what: "CPU a run over the relay's request, 8 at a time",
        unit: '×',
        better: 'lower',
        gate: 6,
        aim: 4,
        rounds: rounds.map(({ relay, server }) => server.eight.cpuPerRun / relay.eight.cpuPerRun),
      },
      {
        ...row,
        bound: 'P9',
        what: 'latency of one run alone, p50',
        unit: 'ms',
        better: 'lower',
        gate: 4,
        aim: 2.5,
        rounds: rounds.map(({ server }) => server.alone.run.p50),
      },
    ]
  },
}

/** P11: a long history behind a window costs no more than a short one. */
export const longHistory: Scenario = {
  bounds: ['P11'],
  embedded: true,
  async run(bench) {
    const length = bench.quick ? 2000 : 10_000
    const rounds = await onServer(bench, async ({ target }) => {
      const windowed = { ...target, agent: 'window' }
      const { session: long } = await bench.load('history', { target: windowed, messages: length })
      const figures: { long: LoopResult; short: LoopResult }[] = []
      for (let round = 0; round < bench.rounds; round++) {
        const { session: short } = await bench.load('history', { target: windowed, messages: 100 })
        const runs = (session: string) => runInSession(bench, { ...windowed, session })
        figures.push({ short: await runs(short), long: await runs(long) })
      }
      return figures
    })
    const ratio = (what: string, figure: 'run' | 'firstToken'): Measurement => ({
      bound: 'P11',
      what: `${what}, ${length} messages of history over 100`,
      unit: '×',
      better: 'lower',
      gate: 1.3,
      aim: 1.1,
      rounds: rounds.map(({ long, short }) => long[figure].p50 / short[figure].p50),
      detail: { rounds },
    })
    return [ratio('a run', 'run'), ratio('the first token', 'firstToken')]
  },
}

/** P16: the embedded database. */
export const embedded: Scenario = {
  bounds: ['P16'],
  embedded: true,
  async run(bench) {
    const script: Script = { tokens: 200, every: 20, first: 0, tool: false, text: 'stamped' }
    const starting = bench.startServer({ database: 'embedded' })
    const rounds = await withMeasured(bench, starting, async (measured) => {
      const figures = []
      for (let round = 0; round < bench.rounds; round++) {
        const loop = await runLoop(bench, measured, TOOL_ROUND, 8)
        const streams = await bench.load('streams', {
          target: measured.target,
          script,
          count: 20,
          stagger: 1,
        })
        figures.push({ rate: loop.rate, gap: streams.gap, problems: loop.problems })
      }
      return figures
    })
    const row = { bound: 'P16', detail: { rounds } }
    return [
      {
        ...row,
        what: 'embedded: runs a second, one tool round, 8 at a time',
        unit: '/s',
        better: 'higher',
        gate: 250,
        aim: 500,
        rounds: rounds.map(({ rate }) => rate),
      },
      {
        ...row,
        what: 'embedded: gap between tokens of 20 streams at 20 ms, p99',
        unit: 'ms',
        better: 'lower',
        gate: 60,
        aim: null,
        rounds: rounds.map(({ gap }) => gap.p99),
      },
    ]
  },
}

async function runLoads(bench: Bench, measured: Measured) {
  const script = measured.target.wire === 'relay' ? SHORT_ANSWER : TOOL_ROUND
  return {
    eight: await runLoop(bench, measured, script, 8),
    sixtyFour: await runLoop(bench, measured, script, 64),
    alone: await runLoop(bench, measured, script, 1),
  }
}

type RunLoop = LoopResult & { rate: number; cpuPerRun: number }

/** Runs in a closed loop; whole ones a second, and milliseconds of CPU for each. */
export async function runLoop(
  bench: Bench,
  measured: Measured,
  script: Script,
  concurrency: number,
): Promise<RunLoop> {
  const duration = bench.quick ? 2000 : 6000
  const { cpu, result } = await cpuDuring(measured, () =>
    bench.load('loop', { target: measured.target, script, concurrency, duration }),
  )
  return { ...result, rate: (result.exact * 1000) / result.elapsed, cpuPerRun: cpu / result.exact }
}

async function runInSession(bench: Bench, target: Measured['target']): Promise<LoopResult> {
  const loop = { target, script: SHORT_ANSWER, concurrency: 1, duration: 30_000, limit: 50 }
  const result = await bench.load('loop', loop)
  if (result.exact < 50) throw new Error(`Runs in a long history failed: ${result.problems[0]}`)
  await pause(100)
  return result
}
