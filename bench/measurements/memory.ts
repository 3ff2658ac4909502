import { setTimeout as pause } from 'node:timers/promises'
import type { Bench, Measured } from '../bench.ts'
import type { Target } from '../load-client.ts'
import {
  besideFreshRelay,
  collectable,
  collectGarbage,
  type Measurement,
  type Scenario,
  steadyMemory,
  withMeasured,
} from '../measurement.ts'
import { residentMemory } from '../process-figures.ts'
import type { Script } from '../script.ts'

/** P6: resident memory of a stream that is answered, and of a subscription to silence. */
export const streamMemory: Scenario = {
  bounds: ['P6'],
  embedded: true,
  async run(bench) {
    const count = bench.quick ? 300 : 1000
    const rounds = await besideFreshRelay(bench, (measured) =>
      activeStreams(bench, measured, count),
    )
    const silent: number[] = []
    for (let round = 0; round < bench.rounds; round++) {
      silent.push(
        await withMeasured(bench, collectable(bench), (measured) =>
          silentSubscriptions(bench, measured, count),
        ),
      )
    }
    return [
      {
        bound: 'P6',
        what: `resident memory an active stream over the relay's, ${count} streams`,
        unit: '×',
        better: 'lower',
        gate: 1.5,
        aim: 1.15,
        rounds: rounds.map(({ relay, server }) => server / relay),
        detail: {
          relayKiB: rounds.map(({ relay }) => relay),
          serverKiB: rounds.map(({ server }) => server),
        },
      },
      {
        bound: 'P6',
        what: `resident memory a silent subscription, ${count} of them`,
        unit: 'KiB',
        better: 'lower',
        gate: 20,
        aim: 14,
        rounds: silent,
        detail: {},
      },
    ]
  },
}

/** P7: a started server on a migrated database. */
export const readiness: Scenario = {
  bounds: ['P7'],
  embedded: false,
  async run(bench) {
    const first = await bench.startServer()
    await first.stop()
    const times: number[] = []
    const memory: number[] = []
    for (let round = 0; round < bench.rounds; round++) {
      const again = first.databaseUrl === null ? {} : { databaseUrl: first.databaseUrl }
      const started = await bench.startServer(again)
      times.push(started.server.readyAfter)
      const atFirst = residentMemory(started.pid)
      memory.push(Math.max(atFirst, await steadyMemory(started, 1500)) / 1024)
      await started.stop()
    }
    const row = { bound: 'P7', better: 'lower' as const, detail: {} }
    return [
      {
        ...row,
        what: 'resident memory when ready',
        unit: 'MiB',
        gate: 160,
        aim: 110,
        rounds: memory,
      },
      { ...row, what: 'time until ready', unit: 'ms', gate: 700, aim: 400, rounds: times },
    ]
  },
}

/** P14: clients that stop reading cost nothing but what the kernel holds for them. */
export const stalledClients: Scenario = {
  bounds: ['P14'],
  embedded: true,
  async run(bench) {
    const answers = await besideFreshRelay(bench, (measured) => stalledAnswers(bench, measured))
    const logs = await besideFreshRelay(bench, (measured) => stalledLogs(bench, measured))
    const row = { bound: 'P14', better: 'lower' as const }
    const growth = (what: string, rounds: { relay: Growth; server: Growth }[]): Measurement => ({
      ...row,
      what: `memory growth over the relay's, ${what}`,
      unit: '×',
      gate: 1.5,
      aim: 1,
      rounds: rounds.map(({ relay, server }) => server.growth / relay.growth),
      detail: { rounds },
    })
    return [
      growth('clients that read nothing of their answer', answers),
      growth('readers of a long log that stop', logs),
      {
        ...row,
        what: 'runs not ended in the store while their clients stall',
        unit: 'runs',
        gate: 0,
        aim: null,
        rounds: answers.map(({ server }) => server.unfinished),
        detail: {},
      },
    ]
  },
}

/** KiB from one stream more, between a fifth of `count` under way and all of them. */
async function activeStreams(bench: Bench, measured: Measured, count: number): Promise<number> {
  const few = count / 5
  await collectGarbage(measured)
  const first = startStreams(bench, measured, few)
  await pause(8000)
  const before = await steadyMemory(measured, 3000)
  const rest = startStreams(bench, measured, count - few)
  await pause(8000)
  const during = await steadyMemory(measured, 3000)
  const problems = [...(await first).problems, ...(await rest).problems]
  if (problems.length > 0) throw new Error(`Not all streams were answered: ${problems[0]}`)
  return (during - before) / (count - few)
}

/** Half a minute of them, so that they outlast the measurement. */
function startStreams(bench: Bench, { target }: Measured, count: number) {
  const script: Script = { tokens: 30, every: 1000, first: 0, tool: false, text: 'stamped' }
  return bench.load('streams', { target, script, count, stagger: 2 })
}

async function silentSubscriptions(
  bench: Bench,
  measured: Measured,
  count: number,
): Promise<number> {
  const { target } = measured
  const { sessions } = await bench.load('sessions', { target, count: count * 1.2 })
  await subscribe(bench, target, sessions.slice(count))
  await collectGarbage(measured)
  const before = await steadyMemory(measured, 1000)
  await subscribe(bench, target, sessions.slice(0, count))
  await collectGarbage(measured)
  const during = await steadyMemory(measured, 1000)
  await bench.load('release', { read: false })
  return (during - before) / count
}

async function subscribe(bench: Bench, target: Target, sessions: string[]): Promise<void> {
  const { problems } = await bench.load('subscribe', { target, sessions })
  if (problems.length > 0) throw new Error(`Not all sessions could be followed: ${problems[0]}`)
}

/** KiB, the highest while the clients stalled over before; runs that had not ended by then. */
type Growth = { growth: number; unfinished: number }

const STALLED = 100
const STALL_WATCHED = 10_000

async function stalledAnswers(bench: Bench, measured: Measured): Promise<Growth> {
  const script: Script = { tokens: 5000, every: 0, first: 0, tool: false, text: 'counted' }
  const growth = await growthWhile(measured, () =>
    bench.load('stall', { target: measured.target, script, count: STALLED }),
  )
  const unfinished = measured.target.wire === 'relay' ? 0 : await runningRuns(measured)
  const { exact, problems } = await bench.load('release', { read: true })
  if (exact < STALLED) throw new Error(`Read on after a stall, ${exact} were whole: ${problems[0]}`)
  return { growth, unfinished }
}

async function stalledLogs(bench: Bench, measured: Measured): Promise<Growth> {
  const { target } = measured
  const growth =
    target.wire === 'relay'
      ? await growthWhile(measured, () =>
          bench.load('stall', {
            target,
            script: { ...LOG_ANSWER, tokens: 60_000 },
            count: STALLED,
          }),
        )
      : await stalledLogReaders(bench, measured)
  await bench.load('release', { read: false })
  return { growth, unfinished: 0 }
}

const LOG_ANSWER: Script = { tokens: 4000, every: 0, first: 0, tool: false, text: 'words' }
const LOG_RUNS = 250

/** A log of more than ten megabytes, far more than a connection's buffers in the kernel. */
async function stalledLogReaders(bench: Bench, measured: Measured): Promise<number> {
  const { session } = await bench.load('history', { target: measured.target, messages: 1 })
  const target = { ...measured.target, agent: 'window', session }
  const written = await bench.load('loop', {
    target,
    script: LOG_ANSWER,
    concurrency: 1,
    duration: 120_000,
    limit: LOG_RUNS,
  })
  if (written.exact < LOG_RUNS) throw new Error(`The log was not written: ${written.problems[0]}`)
  return growthWhile(measured, () => bench.load('stallLog', { target, session, count: STALLED }))
}

async function growthWhile(
  measured: Measured,
  stall: () => Promise<{ exact: number; problems: string[] }>,
): Promise<number> {
  await collectGarbage(measured)
  const before = await steadyMemory(measured, 1000)
  const stalling = stall()
  let highest = before
  for (let waited = 0; waited < STALL_WATCHED; waited += 100) {
    highest = Math.max(highest, residentMemory(measured.pid))
    await pause(100)
  }
  const { exact, problems } = await stalling
  if (exact < STALLED) throw new Error(`Only ${exact} clients could be stalled: ${problems[0]}`)
  return highest - before
}

async function runningRuns({ target }: Measured): Promise<number> {
  const stats: unknown = await (await fetch(`${target.url}/api/stats`)).json()
  const running = typeof stats === 'object' && stats !== null ? Reflect.get(stats, 'running') : null
  if (typeof running !== 'number') throw new Error('GET /api/stats says nothing about running')
  return running
}
