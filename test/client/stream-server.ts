import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { ProblemDocument } from '#contract/problem.ts'
import type { RuntimeEvent } from '../../src/client/index.ts'
import { run } from './sample-log.ts'

/** What goes wrong with one request; after the list is used up nothing does. */
export type Fault =
  /** The connection breaks, or ends as if that were all, after so many bytes of the body. */
  | { type: 'cut' | 'end'; bytes: number }
  /** The connection breaks before there is an answer. */
  | { type: 'hang up' }
  /** There is no answer, and the connection stays open. */
  | { type: 'ignore' }
  /** Nothing more comes after so many bytes of the body. */
  | { type: 'silence'; bytes: number }
  | { type: 'refuse'; problem: ProblemDocument; headers?: Record<string, string> }
  | { type: 'answer'; contentType: string; body: string }
  /** Begins so many events too early. */
  | { type: 'repeat'; events: number }
  /** The same stream in other bytes. */
  | { type: 'spell'; spell: (text: string) => string; chunk: number }

export type SeenRequest = {
  method: string
  url: string
  headers: IncomingMessage['headers']
  body: string
  /** Resolves when the connection is closed or the answer is over. */
  closed: Promise<void>
}

export type StreamServer = Awaited<ReturnType<typeof startStreamServer>>

/**
 * The stream contract over a fixed log, and nothing else of the server: runs and sessions are
 * followed after `Last-Event-ID`, a run is started by POST, a stream ends with the log when that has
 * the run's end and else stays open.
 */
export async function startStreamServer({
  log,
  faults = [],
  port = 0,
  exposeLocation = true,
}: {
  log: RuntimeEvent[]
  faults?: Fault[]
  port?: number
  exposeLocation?: boolean
}) {
  const requests: SeenRequest[] = []
  const server = createServer(async (request, response) => {
    const closed = new Promise<void>((resolve) => response.once('close', resolve))
    const { method = '', url = '', headers } = request
    requests.push({ method, url, headers, body: await readBody(request), closed })
    if (url === '/api/sessions/ses_1') {
      answerJson(response, { last_seq: log.length })
      return
    }
    if (exposeLocation) response.setHeader('Location', `/api/runs/${run}`)
    answer(response, { log, fault: faults.shift(), after: Number(headers['last-event-id'] ?? 0) })
  })
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve))
  const { port: bound } = server.address() as AddressInfo
  return {
    port: bound,
    baseUrl: `http://127.0.0.1:${bound}`,
    requests,
    close: () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

export function frame(event: RuntimeEvent): string {
  return `id: ${event.seq}\ndata: ${JSON.stringify(event)}\n\n`
}

/** What a stream begins with. */
export const preamble = 'retry: 1\n\n'

async function readBody(request: IncomingMessage): Promise<string> {
  let body = ''
  for await (const chunk of request.setEncoding('utf8')) body += chunk
  return body
}

function answerJson(response: ServerResponse, value: unknown): void {
  response.setHeader('Content-Type', 'application/json')
  response.end(JSON.stringify(value))
}

function answer(
  response: ServerResponse,
  { log, fault, after }: { log: RuntimeEvent[]; fault: Fault | undefined; after: number },
): void {
  switch (fault?.type) {
    case 'hang up':
      response.socket?.destroy()
      return
    case 'ignore':
      return
    case 'refuse':
      refuse(response, fault)
      return
    case 'answer':
      response.writeHead(200, { 'Content-Type': fault.contentType })
      response.end(fault.body)
      return
    default:
      stream(response, { log, fault, after })
  }
}

function stream(
  response: ServerResponse,
  { log, fault, after }: { log: RuntimeEvent[]; fault: Fault | undefined; after: number },
): void {
  const first = fault?.type === 'repeat' ? after - fault.events : after
  const rest = log.filter(({ seq }) => seq > first)
  const over = log.at(-1)?.type === 'stream_stopped'
  if (over && rest.length === 0) {
    response.writeHead(204).end()
    return
  }
  response.writeHead(200, { 'Content-Type': 'text/event-stream' })
  send(response, { text: preamble + rest.map(frame).join(''), fault, over })
}

function send(
  response: ServerResponse,
  { text, fault, over }: { text: string; fault: Fault | undefined; over: boolean },
): void {
  const bytes = Buffer.from(text)
  switch (fault?.type) {
    case 'cut':
      response.write(bytes.subarray(0, fault.bytes), () => response.socket?.destroy())
      // Without a byte nothing would be written, and nobody called back.
      if (fault.bytes === 0) response.flushHeaders()
      return
    case 'end':
      response.end(bytes.subarray(0, fault.bytes))
      return
    case 'silence':
      response.write(bytes.subarray(0, fault.bytes))
      return
    case 'spell':
      sendInChunks(response, Buffer.from(fault.spell(text)), fault.chunk)
      return
    default:
      response.write(bytes)
      if (over) response.end()
  }
}

function sendInChunks(response: ServerResponse, bytes: Buffer, size: number): void {
  if (bytes.length === 0) {
    response.end()
    return
  }
  response.write(bytes.subarray(0, size), () =>
    setImmediate(() => sendInChunks(response, bytes.subarray(size), size)),
  )
}

function refuse(
  response: ServerResponse,
  { problem, headers }: { problem: ProblemDocument; headers?: Record<string, string> },
): void {
  response.writeHead(problem.status, { 'Content-Type': 'application/problem+json', ...headers })
  response.end(JSON.stringify(problem))
}
