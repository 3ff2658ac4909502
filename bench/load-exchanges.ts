import { Agent, type IncomingMessage, request as sendRequest } from 'node:http'
import type { Clock } from './clock.ts'
import type { Exchange, LoadCommands } from './load-commands.ts'

type Seen = { frames: number; bytes: number; tokens: number }

/** Reads only what says that all of an answer came: parsing each wire would measure the reader. */
export async function runExchanges(
  clock: Clock,
  { exchanges, tokens }: LoadCommands['exchanges']['request'],
): Promise<LoadCommands['exchanges']['result']> {
  const agent = new Agent({ keepAlive: true, maxSockets: Number.POSITIVE_INFINITY })
  const startedAt = clock()
  const cpu = process.cpuUsage()
  const found = await Promise.allSettled(exchanges.map((exchange) => read(agent, exchange)))
  const elapsed = clock() - startedAt
  const { user, system } = process.cpuUsage(cpu)
  agent.destroy()
  const seen = found.flatMap((each) => (each.status === 'fulfilled' ? [each.value] : []))
  const problems = found.flatMap((each) =>
    each.status === 'rejected' ? [String(each.reason)] : [],
  )
  const whole = seen.filter((each) => each.tokens >= tokens)
  if (whole.length < seen.length) problems.push('an answer ended before its last token')
  return {
    streams: exchanges.length,
    exact: whole.length,
    problems: problems.slice(0, 3),
    frames: sum(seen.map(({ frames }) => frames)),
    bytes: sum(seen.map(({ bytes }) => bytes)),
    elapsed,
    busy: (user + system) / 1000 / elapsed,
  }
}

async function read(agent: Agent, { method, url, headers, body }: Exchange): Promise<Seen> {
  const text = body === undefined ? undefined : JSON.stringify(body)
  const response = await new Promise<IncomingMessage>((resolve, reject) => {
    const all = {
      accept: 'text/event-stream, application/json',
      ...(text !== undefined && { 'content-type': 'application/json' }),
      ...headers,
    }
    const request = sendRequest(url, { method, headers: all, agent }, resolve)
    request.on('error', reject).end(text)
  })
  const { statusCode = 0 } = response
  if (statusCode >= 300) {
    const chunks: Buffer[] = []
    for await (const chunk of response) chunks.push(chunk)
    throw new Error(`${url} answered ${statusCode}: ${Buffer.concat(chunks).toString()}`)
  }
  const seen: Seen = { frames: 0, bytes: 0, tokens: 0 }
  let last = 0
  for await (const chunk of response) {
    count(seen, chunk, last)
    last = chunk.at(-1) ?? 0
  }
  return seen
}

/** A frame ends with an empty line, a counted token with a semicolon. */
function count(seen: Seen, chunk: Buffer, last: number): void {
  seen.bytes += chunk.length
  let before = last
  for (const byte of chunk) {
    if (byte === semicolon) seen.tokens += 1
    else if (byte === lineEnd && before === lineEnd) seen.frames += 1
    before = byte
  }
}

const semicolon = 0x3b
const lineEnd = 0x0a

function sum(values: number[]): number {
  return values.reduce((total, value) => total + value, 0)
}
