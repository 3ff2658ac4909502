/** `npm run bench:dialects`: what each wire costs beside the native one, live and read again. */
import { parseArgs } from 'node:util'
import { type Bench, type MeasuredServer, openBench } from './bench.ts'
import type { Exchange } from './load-commands.ts'
import { cpuDuring, withMeasured } from './measurement.ts'
import { type Script, toInstruction } from './script.ts'
import { median } from './statistics.ts'
import { type Wire, wires } from './wires.ts'

const USAGE = `Usage: npm run bench:dialects -- [options]
  --only ra,kawai   only these wires, beside the native one
  --rounds 3        rounds of each measurement; the least disturbed one counts
  --streams 15      streams at once
  --tokens 4000     tokens of each answer
  --bound 1.5       CPU that a token may cost at most, in times of the native wire's`

type Options = NonNullable<ReturnType<typeof readOptions>>
/** Of one load: how long it took, and the CPU of the server, both for 1,000 tokens. */
type Figures = { milliseconds: number; cpu: number; frames: number }
type Row = { wire: string; load: 'live' | 'stored'; figures: Figures[]; natives: Figures[] }

async function main(): Promise<void> {
  const options = readOptions()
  if (options === null) {
    console.log(USAGE)
    return
  }
  const bench = await openBench({
    rounds: options.rounds,
    quick: false,
    database: 'postgres',
    databaseUrl: null,
  })
  process.once('SIGINT', () => void bench.close().then(() => process.exit(130)))
  try {
    // What was joined meanwhile would be another log.
    const server = bench.startServer({ flags: ['--compact-after', '86400'] })
    const rows = await withMeasured(bench, server, (measured) => measure(bench, measured, options))
    report(bench, rows, options)
  } finally {
    await bench.close()
  }
}

function readOptions() {
  const { values } = parseArgs({
    options: {
      only: { type: 'string' },
      rounds: { type: 'string', default: '3' },
      streams: { type: 'string', default: '15' },
      tokens: { type: 'string', default: '4000' },
      bound: { type: 'string', default: '1.5' },
      help: { type: 'boolean', short: 'h', default: false },
    },
  })
  if (values.help) return null
  const only = values.only?.split(',')
  const chosen = wires.filter(({ name }) => !only || name === 'native' || only.includes(name))
  return {
    wires: chosen,
    rounds: Number(values.rounds),
    streams: Number(values.streams),
    tokens: Number(values.tokens),
    bound: Number(values.bound),
  }
}

/** In each round every wire is measured right behind the native one, so that both see the same machine. */
async function measure(bench: Bench, server: MeasuredServer, options: Options): Promise<Row[]> {
  const rows = new Map<string, Row>()
  for (let round = -1; round < options.rounds; round++) {
    for (const wire of options.wires) {
      for (const load of ['live', 'stored'] as const) {
        if (load === 'stored' && !wire.again) continue
        const native = await one(bench, server, { wire: nativeWire(), load, options })
        const figures = await one(bench, server, { wire, load, options })
        // The first round compiles the code.
        if (round < 0) continue
        const key = `${wire.name} ${load}`
        const row = rows.get(key) ?? { wire: wire.name, load, figures: [], natives: [] }
        row.figures.push(figures)
        row.natives.push(native)
        rows.set(key, row)
      }
    }
  }
  return [...rows.values()]
}

function nativeWire(): Wire {
  const [native] = wires
  if (native === undefined) throw new Error('There is no wire')
  return native
}

async function one(
  bench: Bench,
  server: MeasuredServer,
  { wire, load, options }: { wire: Wire; load: Row['load']; options: Options },
): Promise<Figures> {
  const { streams, tokens } = options
  const exchanges =
    load === 'live'
      ? await liveExchanges(bench, server, { wire, options })
      : await storedExchanges(server, { wire, options })
  const { cpu, result } = await cpuDuring(server, () =>
    bench.load('exchanges', { exchanges, tokens }),
  )
  if (result.exact < streams)
    throw new Error(`${wire.name}, ${load}: ${result.problems.join('; ')}`)
  const thousands = (streams * tokens) / 1000
  return {
    milliseconds: result.elapsed / thousands,
    cpu: cpu / thousands,
    frames: (result.frames * 1000) / result.elapsed,
  }
}

async function liveExchanges(
  bench: Bench,
  { target }: MeasuredServer,
  { wire, options }: { wire: Wire; options: Options },
): Promise<Exchange[]> {
  const { sessions } = await bench.load('sessions', { target, count: options.streams })
  const message = toInstruction(scriptOf(options))
  return sessions.map((session) => wire.run({ url: target.url, message, session }))
}

/** Each reads a run of its own, begun as a response so that every wire knows it. */
async function storedExchanges(
  { target: { url } }: MeasuredServer,
  { wire, options }: { wire: Wire; options: Options },
): Promise<Exchange[]> {
  stored ??= Promise.all(Array.from({ length: options.streams }, () => respond(url, options)))
  const runs = await stored
  return runs.flatMap((run) => wire.again?.({ url, run }) ?? [])
}

let stored: Promise<string[]> | undefined

/** Slow enough that each token is a frame of its own: of a quick answer several are joined. */
async function respond(url: string, options: Options): Promise<string> {
  const input = toInstruction({ ...scriptOf(options), every: 4 })
  const response = await fetch(`${url}/v1/responses`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ model: 'bench', input }),
  })
  const { id } = await response.json()
  return id.replace('resp_', 'run_')
}

function scriptOf({ tokens }: Options): Script {
  return { tokens, every: 0, first: 0, tool: false, text: 'counted' }
}

function report({ layout, checked }: Bench, rows: Row[], { bound }: Options): void {
  console.log(`${layout}\n`)
  console.log('| wire | load | time | CPU | frames/s | native frames/s |')
  console.log('| --- | --- | --- | --- | --- | --- |')
  for (const { wire, load, figures, natives } of rows) {
    // Whatever else the machine does only adds to a round, so the least disturbed ones are compared.
    const least = (all: Figures[], of: 'milliseconds' | 'cpu') =>
      Math.min(...all.map((each) => each[of]))
    const ratio = (of: 'milliseconds' | 'cpu') => least(figures, of) / least(natives, of)
    const frames = (all: Figures[]) => Math.round(median(all.map((each) => each.frames)))
    const [time, cpu] = [ratio('milliseconds'), ratio('cpu')]
    // Time is the machine's too; a core that is full gives as many frames as the CPU for one allows.
    const isOver = cpu > bound
    if (isOver) process.exitCode = 1
    const cells = [`${time.toFixed(2)} ×`, `${cpu.toFixed(2)} ×`, frames(figures), frames(natives)]
    console.log(`| ${[wire, load, ...cells].join(' | ')} |${isOver ? ' over the bound' : ''}`)
  }
  console.log(`\n${checked.exact} of ${checked.streams} answers came whole`)
}

await main().catch((error: unknown) => {
  console.error(`bench: ${error instanceof Error ? error.message : String(error)}`)
  process.exitCode = 2
})
