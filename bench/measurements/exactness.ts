import type { Bench } from '../bench.ts'
import type { Checked } from '../load-commands.ts'
import { onServer, type Scenario } from '../measurement.ts'
import type { Script } from '../script.ts'

/** P1: every token once and in order, in every mode that a client can read in. */
export const exactness: Scenario = {
  bounds: ['P1'],
  embedded: true,
  async run(bench) {
    const modes = await onServer(bench, ({ target }) => runModes(bench, target))
    return Object.entries(modes).map(([mode, checked]) => ({
      bound: 'P1',
      what: `streams with every token once and in order, ${mode}`,
      unit: '%',
      better: 'higher' as const,
      gate: 100,
      aim: null,
      rounds: [(checked.exact / checked.streams) * 100],
      detail: { ...checked },
    }))
  },
}

async function runModes(
  bench: Bench,
  target: { wire: 'parley' | 'relay'; url: string },
): Promise<Record<string, Checked>> {
  const count = bench.quick ? 20 : 100
  const paced: Script = { tokens: 200, every: 5, first: 0, tool: false, text: 'stamped' }
  const saturated: Script = { tokens: 3000, every: 0, first: 0, tool: false, text: 'counted' }
  const mixed: Script = { tokens: 300, every: 2, first: 0, tool: false, text: 'mixed' }
  const all = { target, count, stagger: 0, reread: true }
  return {
    'paced, and read again': await bench.load('streams', { ...all, script: paced }),
    'saturated, and read again': await bench.load('streams', { ...all, script: saturated }),
    'every kind of text, and read again': await bench.load('streams', { ...all, script: mixed }),
    'after a tool round': await bench.load('streams', { ...all, script: { ...paced, tool: true } }),
    'connection cut and resumed': await bench.load('streams', {
      ...all,
      reread: false,
      script: paced,
      cutWithin: paced.tokens * paced.every,
    }),
    'as one JSON answer': await bench.load('waits', { target, script: mixed, count }),
  }
}
