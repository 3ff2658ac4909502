import { setTimeout as pause } from 'node:timers/promises'
import type { Bench, Measured, MeasuredServer } from './bench.ts'
import { cpuTime, residentMemory } from './process-figures.ts'
import type { Script } from './script.ts'
import { COLLECTABLE } from './server-under-test.ts'
import { median } from './statistics.ts'

/** One line of the report: the figure of each round against a bound of the performance table. */
export type Measurement = {
  bound: string
  what: string
  unit: string
  better: 'lower' | 'higher'
  gate: number
  aim: number | null
  rounds: number[]
  /** What else was seen, for the results file. */
  detail: Record<string, unknown>
}

export type Scenario = {
  bounds: readonly string[]
  /** Whether it says something about the embedded database too. */
  embedded: boolean
  run(bench: Bench): Promise<Measurement[]>
}

/** One short answer, sent at once. */
export const SHORT_ANSWER: Script = { tokens: 8, every: 0, first: 0, tool: false, text: 'words' }
/** One call of a read-only tool, then the short answer. */
export const TOOL_ROUND: Script = { ...SHORT_ANSWER, tool: true }

/** Measures the relay and the server in turn, in every round, in the same two processes. */
export async function besideRelay<Figures>(
  bench: Bench,
  measure: (measured: Measured) => Promise<Figures>,
): Promise<{ relay: Figures; server: Figures }[]> {
  const relay = await bench.startRelay()
  const server = await bench.startServer()
  try {
    await warmUp(bench, relay)
    await warmUp(bench, server)
    const rounds = []
    for (let round = 0; round < bench.rounds; round++) {
      rounds.push({ relay: await measure(relay), server: await measure(server) })
    }
    return rounds
  } finally {
    await Promise.all([relay.stop(), server.stop()])
  }
}

/** The same with new processes for each round, whose garbage can be collected. */
export async function besideFreshRelay<Figures>(
  bench: Bench,
  measure: (measured: Measured) => Promise<Figures>,
): Promise<{ relay: Figures; server: Figures }[]> {
  const rounds = []
  for (let round = 0; round < bench.rounds; round++) {
    const relay = await withMeasured(bench, bench.startRelay(COLLECTABLE), measure)
    rounds.push({ relay, server: await withMeasured(bench, collectable(bench), measure) })
  }
  return rounds
}

/** A server whose garbage can be collected. */
export function collectable(bench: Bench): Promise<MeasuredServer> {
  return bench.startServer({ nodeFlags: COLLECTABLE })
}

export async function onServer<Result>(
  bench: Bench,
  use: (server: MeasuredServer) => Promise<Result>,
): Promise<Result> {
  return withMeasured(bench, bench.startServer(), use)
}

export async function withMeasured<Kind extends Measured, Result>(
  bench: Bench,
  starting: Promise<Kind>,
  use: (measured: Kind) => Promise<Result>,
): Promise<Result> {
  const measured = await starting
  try {
    await warmUp(bench, measured)
    return await use(measured)
  } finally {
    await measured.stop()
  }
}

/** Until the hot functions are compiled. */
export async function warmUp(bench: Bench, { target }: Measured): Promise<void> {
  const duration = bench.quick ? 1000 : 2500
  await bench.load('loop', { target, script: SHORT_ANSWER, concurrency: 8, duration })
  await bench.load('streams', {
    target,
    script: { tokens: 100, every: 5, first: 0, tool: false, text: 'stamped' },
    count: 20,
    stagger: 0,
  })
}

/** Milliseconds of CPU that the process uses while `work` happens, and shortly after. */
export async function cpuDuring<Result>(
  { pid }: Measured,
  work: () => Promise<Result>,
): Promise<{ cpu: number; result: Result }> {
  const before = cpuTime(pid)
  const result = await work()
  await pause(300)
  return { cpu: cpuTime(pid) - before, result }
}

/** Drops what earlier loads left behind; for processes started as `COLLECTABLE`. */
export async function collectGarbage({ pid }: Measured): Promise<void> {
  await pause(1000)
  process.kill(pid, 'SIGUSR2')
  await pause(1500)
}

/** KiB resident, the median of samples over `duration` ms. */
export async function steadyMemory({ pid }: Measured, duration: number): Promise<number> {
  const samples: number[] = []
  for (let waited = 0; waited < duration; waited += 250) {
    samples.push(residentMemory(pid))
    await pause(250)
  }
  return median(samples)
}
