/** `npm run bench:profile`: where the server's CPU goes under one of the loads. */
import { mkdirSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { type Bench, type Database, type Measured, openBench } from './bench.ts'
import { createClock } from './clock.ts'
import { type CpuProfile, type SelfTime, selfTimes } from './cpu-profile.ts'
import { TOOL_ROUND, warmUp } from './measurement.ts'
import type { Script } from './script.ts'

const USAGE = `Usage: npm run bench:profile -- [options]
  --load streams100    streams100, streams20, streams500, saturated, runs1, runs8 or runs64
  --seconds 8          how long, for the paced loads and the runs
  --top 30             how many functions
  --database postgres  or embedded`

const PACED: Omit<Script, 'tokens'> = { every: 20, first: 0, tool: false, text: 'stamped' }

type Load = (bench: Bench, measured: Measured, seconds: number) => Promise<string>

const LOADS: Record<string, Load> = {
  streams20: (bench, measured, seconds) => pacedStreams(bench, measured, seconds, 20, 20),
  streams100: (bench, measured, seconds) => pacedStreams(bench, measured, seconds, 100, 20),
  streams500: (bench, measured, seconds) => pacedStreams(bench, measured, seconds, 500, 100),
  saturated,
  runs1: (bench, measured, seconds) => runs(bench, measured, seconds, 1),
  runs8: (bench, measured, seconds) => runs(bench, measured, seconds, 8),
  runs64: (bench, measured, seconds) => runs(bench, measured, seconds, 64),
}

async function main(): Promise<void> {
  const options = readOptions()
  if (options === null) {
    console.log(USAGE)
    return
  }
  const bench = await openBench({ ...options, rounds: 1, quick: true, databaseUrl: null })
  try {
    await profile(bench, options)
  } finally {
    await bench.close()
  }
}

type Options = { load: Load; seconds: number; top: number; database: Database }

function readOptions(): Options | null {
  const { values } = parseArgs({
    options: {
      load: { type: 'string', default: 'streams100' },
      seconds: { type: 'string', default: '8' },
      top: { type: 'string', default: '30' },
      database: { type: 'string', default: 'postgres' },
      help: { type: 'boolean', short: 'h', default: false },
    },
  })
  const load = LOADS[values.load]
  if (values.help) return null
  if (!load) throw new Error(`--load ${values.load}: not one of ${Object.keys(LOADS).join(', ')}`)
  const database = values.database === 'embedded' ? 'embedded' : 'postgres'
  return { load, seconds: Number(values.seconds), top: Number(values.top), database }
}

async function profile(bench: Bench, { load, seconds, top }: Options): Promise<void> {
  const directory = join(bench.directory, 'profile')
  mkdirSync(directory)
  const nodeFlags = ['--cpu-prof', `--cpu-prof-dir=${directory}`]
  const measured = await bench.startServer({ nodeFlags })
  const clock = createClock()
  await warmUp(bench, measured)
  const from = clock()
  const result = await load(bench, measured, seconds)
  const to = clock()
  await measured.stop()

  const { functions, files, busy } = selfTimes(readProfile(directory), { from, to })
  console.log(`${result}; busy for ${busy.toFixed(0)} of ${(to - from).toFixed(0)} ms`)
  console.log(`\nBy function\n${toLines(functions.slice(0, top), busy)}`)
  console.log(`\nBy file\n${toLines(files.slice(0, top), busy)}`)
}

function readProfile(directory: string): CpuProfile {
  const [name] = readdirSync(directory).filter((file) => file.endsWith('.cpuprofile'))
  if (name === undefined) throw new Error('The server wrote no profile: it did not end by itself')
  return JSON.parse(readFileSync(join(directory, name), 'utf8'))
}

function toLines(times: readonly SelfTime[], busy: number): string {
  return times
    .map(({ name, time }) => {
      const share = ((time / busy) * 100).toFixed(1)
      return `${share.padStart(5)} %  ${time.toFixed(0).padStart(6)} ms  ${name}`
    })
    .join('\n')
}

async function pacedStreams(
  bench: Bench,
  { target }: Measured,
  seconds: number,
  count: number,
  every: number,
): Promise<string> {
  const script = { ...PACED, every, tokens: Math.ceil((seconds * 1000) / every) }
  const result = await bench.load('streams', { target, script, count, stagger: every / count })
  return `${result.tokens} tokens in ${result.exact} whole answers of ${count}`
}

async function saturated(bench: Bench, { target }: Measured): Promise<string> {
  const script: Script = { ...PACED, every: 0, tokens: 4000, text: 'counted' }
  const result = await bench.load('streams', { target, script, count: 100, stagger: 0 })
  return `${result.tokens} tokens in ${result.exact} whole answers of 100`
}

async function runs(
  bench: Bench,
  { target }: Measured,
  seconds: number,
  concurrency: number,
): Promise<string> {
  const loop = { target, script: TOOL_ROUND, concurrency, duration: seconds * 1000 }
  const result = await bench.load('loop', loop)
  return `${result.exact} whole runs, ${((result.exact * 1000) / result.elapsed).toFixed(0)} a second`
}

await main().catch((error: unknown) => {
  console.error(`bench: ${error instanceof Error ? error.message : String(error)}`)
  process.exitCode = 2
})
