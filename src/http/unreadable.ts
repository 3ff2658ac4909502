import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import type { Duplex } from 'node:stream'
import type { ProblemCode, ProblemDocument } from '#contract/problem.ts'
import { problemKinds } from '#contract/problem-kinds.ts'

/** What came in is no request that the application could see; it is refused with a problem. */
export function answerUnreadable(server: Server, newRequestId: () => string): void {
  const latest = new WeakMap<Duplex, { incoming: IncomingMessage; response: ServerResponse }>()
  const refused = new WeakSet<Duplex>()
  server.on('request', (incoming, response) => latest.set(incoming.socket, { incoming, response }))
  // An expectation that nobody knows is ignored, as RFC 9110 (10.1.1) allows.
  server.on('checkExpectation', (incoming, response) => server.emit('request', incoming, response))
  server.on('connect', (_incoming, socket) => {
    refuse(socket, 'invalid_json', 'This server is no proxy: send requests for its own paths')
  })
  server.on('clientError', (error: NodeJS.ErrnoException, socket) => {
    // What comes after the first fault is not read, but told of.
    if (refused.has(socket)) return
    refused.add(socket)
    const [code, detail] = reasons[error.code ?? ''] ?? malformed
    const { incoming, response } = latest.get(socket) ?? {}
    if (!socket.writable || (response && isAnswered(incoming, response))) socket.destroy()
    else if (incoming?.complete && response?.writableFinished === false) {
      // It came behind a request that is at work, whose answer goes first.
      response.once('finish', () => refuse(socket, code, detail))
    } else refuse(socket, code, detail)
  })

  function refuse(socket: Duplex, code: ProblemCode, detail: string): void {
    const { status, headers, body } = unreadable({ code, detail, requestId: newRequestId() })
    const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}`)
    const length = `Content-Length: ${Buffer.byteLength(body)}`
    const head = [`HTTP/1.1 ${status} ${phrases[status] ?? 'Bad Request'}`, ...lines, length]
    socket.on('error', () => undefined)
    socket.end(`${head.join('\r\n')}\r\nConnection: close\r\n\r\n${body}`, () => socket.destroy())
  }
}

/** The request that the fault is in has its answer, or a part of it; a second one would be taken for the next. */
function isAnswered(incoming: IncomingMessage | undefined, response: ServerResponse): boolean {
  const isItsBody = incoming?.complete === false
  return response.headersSent && (isItsBody || !response.writableFinished)
}

/** The answer to a request that cannot be read. */
export function unreadable({
  code = 'invalid_json',
  detail,
  requestId,
}: {
  code?: ProblemCode
  detail: string
  requestId: string
}) {
  const { status, title } = problemKinds[code]
  const document: ProblemDocument = {
    type: `urn:parley:problem:${code}`,
    title,
    status,
    detail,
    code,
    request_id: requestId,
  }
  const headers = { 'Content-Type': 'application/problem+json', 'X-Request-Id': requestId }
  return { status, headers, body: JSON.stringify(document) }
}

const malformed = ['invalid_json', 'What was sent is no HTTP/1.1 request'] as const

/** By the codes of Node's parser and server. */
const reasons: Record<string, readonly [ProblemCode, string]> = {
  HPE_HEADER_OVERFLOW: ['headers_too_large', 'The headers may have 16 KiB at most'],
  HPE_CHUNK_EXTENSIONS_OVERFLOW: ['payload_too_large', 'The extensions of a chunk are too large'],
  ERR_HTTP_REQUEST_TIMEOUT: [
    'request_timeout',
    'The headers must be here within 10 s, the whole request within 60 s',
  ],
}

const phrases: Record<number, string> = {
  400: 'Bad Request',
  408: 'Request Timeout',
  413: 'Content Too Large',
  431: 'Request Header Fields Too Large',
}
