import type { IncomingMessage } from 'node:http'
import type { Clock } from './clock.ts'
import {
  createLoadClient,
  type LoadClient,
  type OpenStream,
  readToEnd,
  type Target,
} from './load-client.ts'
import type { Checked, LoadCommand, LoadCommands } from './load-commands.ts'
import { runExchanges } from './load-exchanges.ts'
import { answerText, type Script, toInstruction } from './script.ts'
import { createSamples } from './statistics.ts'
import { createTokenReader } from './token-reader.ts'

export type LoadWork = {
  [Name in LoadCommand]: (
    request: LoadCommands[Name]['request'],
  ) => Promise<LoadCommands[Name]['result']>
}

/** What the load process can do. Held connections live here until they are released. */
export function createLoadWork(clock: Clock): LoadWork {
  const client = createLoadClient(clock)
  let held: IncomingMessage[] = []
  let stalled: OpenStream[] = []

  async function hold(
    count: number,
    open: (index: number) => Promise<IncomingMessage>,
  ): Promise<Checked> {
    const check = createCheck()
    await inGroups(count, 50, async (index) => {
      await check.run(async () => {
        held.push(await open(index))
        return null
      })
    })
    return check.result()
  }

  return {
    streams: (request) => runStreams(client, clock, request),
    loop: (request) => runLoop(client, clock, request),
    waits: (request) => runWaits(client, request),
    sessions: async ({ target, count }) => ({
      sessions: await makeSessions(client, target, count),
    }),
    history: (request) => makeHistory(client, request),
    exchanges: (request) => runExchanges(clock, request),
    async subscribe({ target, sessions }) {
      return hold(sessions.length, async (index) => {
        const response = await client.listen(
          `${target.url}/api/sessions/${sessions[index]}/events?after=latest`,
        )
        response.on('error', () => {})
        return response.resume()
      })
    },
    async stall({ target, script, count }) {
      return hold(count, async () => {
        const stream = await client.open(target, script, null)
        stream.response.on('error', () => {})
        stalled.push(stream)
        return stream.response
      })
    },
    async stallLog({ target, session, count }) {
      const url = `${target.url}/api/sessions/${session}/events?after=0`
      return hold(count, async () => {
        const response = await client.listen(url)
        return response.on('error', () => {})
      })
    },
    async release({ read }) {
      const check = createCheck()
      const readable = read ? stalled : []
      await Promise.all(
        readable.map((stream) =>
          check.run(async () => {
            await stream.finish()
            return stream.reader.problem()
          }),
        ),
      )
      for (const response of held) response.destroy()
      held = []
      stalled = []
      return check.result()
    },
  }
}

async function runStreams(
  client: LoadClient,
  clock: Clock,
  { target, script, count, stagger, reread = false, cutWithin }: LoadCommands['streams']['request'],
): Promise<LoadCommands['streams']['result']> {
  const samples = { latency: createSamples(), gap: createSamples(), firstAdded: createSamples() }
  const firstToken = createSamples()
  const check = createCheck()
  const startedAt = clock()
  const cpu = process.cpuUsage()
  let tokens = 0
  let endedAt = startedAt

  async function one(index: number): Promise<string | null> {
    if (stagger > 0) await pause(index * stagger)
    const stream = await client.open(target, script, samples)
    await stream.finish(cutWithin === undefined ? undefined : Math.random() * cutWithin)
    const { reader, requestedAt } = stream
    tokens += reader.tokens
    endedAt = Math.max(endedAt, reader.endedAt)
    if (reader.firstAt !== null) firstToken.add(reader.firstAt - requestedAt)
    return reader.problem() ?? (reread ? readAgain(client, clock, stream, target, script) : null)
  }

  await Promise.all(Array.from({ length: count }, (_, index) => check.run(() => one(index))))
  const elapsed = endedAt - startedAt
  return {
    ...check.result(),
    tokens,
    elapsed,
    firstToken: firstToken.summary(),
    firstAdded: samples.firstAdded.summary(),
    latency: samples.latency.summary(),
    gap: samples.gap.summary(),
    busy: busyShare(cpu, elapsed),
  }
}

async function readAgain(
  client: LoadClient,
  clock: Clock,
  stream: OpenStream,
  target: Target,
  script: Script,
): Promise<string | null> {
  if (stream.events === undefined) return 'the answer has no Content-Location'
  const reader = createTokenReader({
    wire: target.wire,
    script,
    clock,
    requestedAt: clock(),
    samples: null,
  })
  await readToEnd(await client.listen(stream.events), reader)
  const problem = reader.problem()
  return problem && `read again: ${problem}`
}

async function runLoop(
  client: LoadClient,
  clock: Clock,
  { target, script, concurrency, duration, limit }: LoadCommands['loop']['request'],
): Promise<LoadCommands['loop']['result']> {
  const samples = { latency: createSamples(), gap: createSamples(), firstAdded: createSamples() }
  const run = createSamples()
  const firstToken = createSamples()
  const check = createCheck()
  const startedAt = clock()
  const cpu = process.cpuUsage()
  let started = 0

  async function one(): Promise<string | null> {
    const { reader, requestedAt, finish } = await client.open(target, script, samples)
    await finish()
    run.add(reader.endedAt - requestedAt)
    if (reader.firstAt !== null) firstToken.add(reader.firstAt - requestedAt)
    return reader.problem()
  }

  async function caller(): Promise<void> {
    while (clock() - startedAt < duration && check.goingWell()) {
      started += 1
      if (limit !== undefined && started > limit) return
      await check.run(one)
    }
  }

  await Promise.all(Array.from({ length: concurrency }, caller))
  const elapsed = clock() - startedAt
  return {
    ...check.result(),
    elapsed,
    run: run.summary(),
    firstToken: firstToken.summary(),
    firstAdded: samples.firstAdded.summary(),
    latency: samples.latency.summary(),
    busy: busyShare(cpu, elapsed),
  }
}

async function runWaits(
  client: LoadClient,
  { target, script, count }: LoadCommands['waits']['request'],
): Promise<Checked> {
  const check = createCheck()
  const url = `${target.url}/api/agents/${target.agent ?? 'bench'}/chat`
  const message = toInstruction(script)
  const expected = answerText(script)
  const one = async () => {
    const answer = await client.call('POST', url, { message })
    const output = field(answer, 'output')
    return output === expected ? null : `output: ${String(output).slice(0, 200)}`
  }
  await Promise.all(Array.from({ length: count }, () => check.run(one)))
  return check.result()
}

async function makeSessions(client: LoadClient, target: Target, count: number): Promise<string[]> {
  const sessions: string[] = []
  await inGroups(count, 50, async () => {
    sessions.push(String(field(await client.call('POST', `${target.url}/api/sessions`, {}), 'id')))
  })
  return sessions
}

const POSTED_AT_ONCE = 500

async function makeHistory(
  client: LoadClient,
  { target, messages }: LoadCommands['history']['request'],
): Promise<{ session: string }> {
  const [session = ''] = await makeSessions(client, target, 1)
  const url = `${target.url}/api/sessions/${session}/agent/${target.agent ?? 'bench'}`
  const instruction = toInstruction({ tokens: 1, every: 0, first: 0, tool: false, text: 'words' })
  for (let left = messages; left > 0; left -= POSTED_AT_ONCE) {
    const count = Math.max(1, Math.min(left, POSTED_AT_ONCE) - 1)
    const posted = Array.from({ length: count }, (_, index) => ({
      role: 'user',
      content: index === count - 1 ? instruction : `Note ${index} of a long conversation.`,
    }))
    await client.call('POST', url, { messages: posted })
  }
  return { session }
}

/** Counts what was exact and keeps the first problems; a request that throws is one. */
function createCheck() {
  let streams = 0
  let exact = 0
  const problems: string[] = []
  return {
    async run(work: () => Promise<string | null>): Promise<void> {
      const problem = await work().catch((error: unknown) => String(error))
      streams += 1
      if (problem === null) exact += 1
      else if (problems.length < 3) problems.push(problem)
    },
    goingWell: () => streams - exact < 20,
    result: (): Checked => ({ streams, exact, problems }),
  }
}

async function inGroups(
  count: number,
  atOnce: number,
  work: (index: number) => Promise<void>,
): Promise<void> {
  let next = 0
  const worker = async () => {
    while (next < count) await work(next++)
  }
  await Promise.all(Array.from({ length: atOnce }, worker))
}

function field(value: unknown, name: string): unknown {
  if (typeof value !== 'object' || value === null)
    throw new Error(`Expected an object with ${name}`)
  return Reflect.get(value, name)
}

function busyShare(since: NodeJS.CpuUsage, elapsed: number): number {
  const { user, system } = process.cpuUsage(since)
  return (user + system) / 1000 / elapsed
}

function pause(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds))
}
