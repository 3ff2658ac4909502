import type { IncomingHttpHeaders, IncomingMessage } from 'node:http'
import { createGuardedFetch, type GuardedFetch } from '#tools/guarded-fetch.ts'
import { loopbackServer, toLoopback } from './loopback-server.ts'

export type Received = {
  method: string
  /** Path and query. */
  url: string
  headers: IncomingHttpHeaders
  body: string
}

export type Answer = { status?: number; headers?: Record<string, string>; body?: unknown }

/**
 * A service on loopback that keeps what it received and answers JSON, and the guarded way to it
 * under the name `service.example`.
 */
export async function recordingService(answer: (received: Received) => Answer = () => ({})) {
  const received: Received[] = []
  const { port } = await loopbackServer(async (request, response) => {
    const { method = '', url = '', headers } = request
    const entry = { method, url, headers, body: await bodyOf(request) }
    received.push(entry)
    const { status = 200, headers: own = {}, body = { done: true } } = answer(entry)
    response.writeHead(status, { 'content-type': 'application/json', ...own })
    response.end(typeof body === 'string' || Buffer.isBuffer(body) ? body : JSON.stringify(body))
  })
  const guardedFetch: GuardedFetch = createGuardedFetch({
    resolve: toLoopback,
    allowHosts: ['service.example'],
  })
  return { received, port, guardedFetch, base: `http://service.example:${port}` }
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  const pieces: Buffer[] = []
  for await (const piece of request) pieces.push(piece)
  return Buffer.concat(pieces).toString('utf8')
}
