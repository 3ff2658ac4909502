import type { Server, ServerResponse } from 'node:http'
import type { Duplex } from 'node:stream'
import type { ProblemCode, ProblemDocument } from '#contract/problem.ts'
import { problemKinds } from '#contract/problem-kinds.ts'

/** What came in is no request that the application could see; it is refused with a problem. */
export function answerUnreadable(server: Server, newRequestId: () => string): void {
  const responses = new WeakMap<Duplex, ServerResponse>()
  server.on('request', ({ socket }, response) => responses.set(socket, response))
  // An expectation that nobody knows is ignored, as RFC 9110 (10.1.1) allows.
  server.on('checkExpectation', (incoming, response) => server.emit('request', incoming, response))
  server.on('connect', (_incoming, socket) => {
    refuse(socket, 'invalid_json', 'This server is no proxy: send requests for its own paths')
  })
  server.on('clientError', (error: NodeJS.ErrnoException, socket) => {
    const response = responses.get(socket)
    const isInAnswer = response?.headersSent && !response.writableFinished
    if (!socket.writable || isInAnswer) {
      socket.destroy()
      return
    }
    const [code, detail] = reasons[error.code ?? ''] ?? malformed
    refuse(socket, code, detail)
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
