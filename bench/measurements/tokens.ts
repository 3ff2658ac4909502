import type { Bench, Measured } from '../bench.ts'
import type { StreamsResult } from '../load-commands.ts'
import {
  besideRelay,
  cpuDuring,
  type Measurement,
  onServer,
  type Scenario,
} from '../measurement.ts'
import type { Script } from '../script.ts'
import { median } from '../statistics.ts'

/** P2: what comes between a lone client and the first token. */
export const firstToken: Scenario = {
  bounds: ['P2'],
  embedded: true,
  async run(bench) {
    const script: Script = { tokens: 4, every: 5, first: 5, tool: false, text: 'stamped' }
    const duration = bench.quick ? 3000 : 12_000
    const rounds = await besideRelay(bench, ({ target }) =>
      bench.load('loop', { target, script, concurrency: 1, duration }),
    )
    const detail = {
      relay: rounds.map(({ relay }) => relay.firstAdded),
      server: rounds.map(({ server }) => server.firstAdded),
      oneWay: rounds.map(({ server }) => server.latency),
    }
    const added = (quantile: 'p50' | 'p99', gate: number, aim: number): Measurement => ({
      bound: 'P2',
      what: `added time to first token, one client, ${quantile}`,
      unit: 'ms',
      better: 'lower',
      gate,
      aim,
      rounds: rounds.map(({ server }) => server.firstAdded[quantile]),
      detail,
    })
    return [added('p50', 1.5, 0.8), added('p99', 8, 4)]
  },
}

/** P3 and P4: what a token costs, in time and in CPU. */
export const tokenCost: Scenario = {
  bounds: ['P3', 'P4'],
  embedded: true,
  async run(bench) {
    const tokens = bench.quick ? 150 : 500
    const paced: Script = { tokens, every: 20, first: 0, tool: false, text: 'stamped' }
    const saturated: Script = {
      tokens: bench.quick ? 500 : 2000,
      every: 0,
      first: 0,
      tool: false,
      text: 'counted',
    }
    const rounds = await besideRelay(bench, async (measured) => ({
      many: await tokenLoad(bench, measured, paced, 100),
      few: await tokenLoad(bench, measured, paced, 20),
      saturated: await tokenLoad(bench, measured, saturated, 100),
    }))
    const latency = (quantile: 'p50' | 'p95', gate: number, aim: number): Measurement => ({
      bound: 'P3',
      what: `added latency of a token, 100 streams, ${quantile}`,
      unit: 'ms',
      better: 'lower',
      gate,
      aim,
      rounds: rounds.map(({ server }) => server.many.latency[quantile]),
      detail: { relay: rounds.map(({ relay }) => relay.many.latency) },
    })
    const cpu = (
      load: 'many' | 'few' | 'saturated',
      what: string,
      gate: number,
      aim: number,
    ): Measurement => ({
      bound: 'P4',
      what: `CPU a token over the relay's, ${what}`,
      unit: '×',
      better: 'lower',
      gate,
      aim,
      rounds: rounds.map(({ relay, server }) => server[load].cpuPerToken / relay[load].cpuPerToken),
      detail: {
        relay: rounds.map(({ relay }) => relay[load]),
        server: rounds.map(({ server }) => server[load]),
      },
    })
    return [
      latency('p50', 12, 8),
      latency('p95', 40, 20),
      cpu('many', '100 streams at 20 ms', 1.5, 1.25),
      cpu('few', '20 streams at 20 ms', 2, 1.5),
      cpu('saturated', '100 streams saturated', 2, 1.2),
    ]
  },
}

/** P5: 500 streams on one core keep their pace. */
export const manyStreams: Scenario = {
  bounds: ['P5'],
  embedded: true,
  async run(bench) {
    const script: Script = {
      tokens: bench.quick ? 50 : 150,
      every: 100,
      first: 0,
      tool: false,
      text: 'stamped',
    }
    const due = (script.tokens - 1) * script.every
    const rounds = await besideRelay(bench, async ({ target }) => {
      const result = await bench.load('streams', { target, script, count: 500, stagger: 0 })
      return { ...result, overDue: result.elapsed / due }
    })
    const relay = median(rounds.map((round) => round.relay.overDue))
    const detail = {
      relay: rounds.map((round) => round.relay),
      server: rounds.map(({ server }) => server),
    }
    return [
      {
        bound: 'P5',
        what: `500 streams at 100 ms, time taken over time due (relay ${relay.toFixed(3)})`,
        unit: '×',
        better: 'lower',
        gate: 1.25,
        aim: relay * 1.05,
        rounds: rounds.map(({ server }) => server.overDue),
        detail,
      },
      {
        bound: 'P5',
        what: '500 streams at 100 ms, first token p50',
        unit: 'ms',
        better: 'lower',
        gate: 500,
        aim: null,
        rounds: rounds.map(({ server }) => server.firstToken.p50),
        detail,
      },
    ]
  },
}

/** P10: a token late in a long answer costs what an early one does. */
export const longAnswers: Scenario = {
  bounds: ['P10'],
  embedded: true,
  async run(bench) {
    const shortest = bench.quick ? 1000 : 5000
    const waves = 4
    const script = (tokens: number): Script => ({
      tokens,
      every: 1,
      first: 0,
      tool: false,
      text: 'counted',
    })
    const rounds = await onServer(bench, async (measured) => {
      const figures: { long: TokenLoad; short: TokenLoad[]; ratio: number }[] = []
      for (let round = 0; round < bench.rounds; round++) {
        const long = await tokenLoad(bench, measured, script(shortest * waves), 8)
        const short: TokenLoad[] = []
        for (let wave = 0; wave < waves; wave++) {
          short.push(await tokenLoad(bench, measured, script(shortest), 8))
        }
        const shortCost = median(short.map(({ cpuPerToken }) => cpuPerToken))
        figures.push({ long, short, ratio: long.cpuPerToken / shortCost })
      }
      return figures
    })
    return [
      {
        bound: 'P10',
        what: `CPU a token in an answer of ${shortest * waves} over one of ${shortest}`,
        unit: '×',
        better: 'lower',
        gate: 1.1,
        aim: 1,
        rounds: rounds.map(({ ratio }) => ratio),
        detail: { rounds },
      },
    ]
  },
}

type TokenLoad = StreamsResult & { cpuPerToken: number }

/** Streams beside each other, spread over one interval; CPU in microseconds a token. */
export async function tokenLoad(
  bench: Bench,
  measured: Measured,
  script: Script,
  count: number,
): Promise<TokenLoad> {
  const { cpu, result } = await cpuDuring(measured, () =>
    bench.load('streams', {
      target: measured.target,
      script,
      count,
      stagger: script.every / count,
    }),
  )
  return { ...result, cpuPerToken: (cpu * 1000) / result.tokens }
}
