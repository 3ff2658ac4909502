import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { getRequestListener } from '@hono/node-server'
import type { Hono } from 'hono'
import type { Env } from './env.ts'
import { answerUnreadable, unreadable } from './unreadable.ts'

export type Listening = {
  /** Where the server answers, without a slash at the end. */
  url: string
  /** Takes no more connections, waits `drain` milliseconds for those at work, then cuts them. */
  close(drain: number): Promise<void>
}

/** Opens the door. Rejects with one clear Error when the address cannot be had. */
export async function listen({
  app,
  host,
  port,
  newRequestId,
  headersTimeout = 10_000,
}: {
  app: Hono<Env>
  host: string
  port: number
  newRequestId: () => string
  /** Milliseconds in which the headers of a request must be here. */
  headersTimeout?: number
}): Promise<Listening> {
  const listener = getRequestListener(app.fetch, {
    // A request that cannot be made into one: its target or Host is no part of a URL.
    errorHandler() {
      const detail = 'The target of the request or its Host header is no part of a URL'
      const { body, ...answer } = unreadable({ detail, requestId: newRequestId() })
      return new Response(body, answer)
    },
  })
  const server = createServer({ ...serverOptions, headersTimeout }, listener)
  answerUnreadable(server, newRequestId)
  await bind(server, { host, port, flag: '--listen' })
  return {
    url: toUrl(server.address(), host),
    close: (drain) => close(server, drain),
  }
}

const serverOptions = {
  maxHeaderSize: 16 * 1024,
  requestTimeout: 60_000,
  // How often Node looks for connections beyond the two times above.
  connectionsCheckingInterval: 1_000,
  keepAliveTimeout: 65_000,
  // The listener refuses a request without a Host itself, with a problem.
  requireHostHeader: false,
}

/** `flag` gives the address; an error names it. */
export function bind(
  server: Server,
  { host, port, flag }: { host: string; port: number; flag: string },
): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      const reason = reasons[error.code ?? '']
      const message = `Cannot listen on ${host}:${port}: ${reason} ${flag}`
      reject(reason ? new Error(message, { cause: error }) : error)
    })
    server.listen({ host, port }, resolve)
  })
}

const reasons: Record<string, string> = {
  EADDRINUSE: 'another program listens there; stop it or choose another address with',
  EACCES: 'this user may not use that port; choose one above 1023 with',
  EADDRNOTAVAIL: 'this machine has no such address; choose another one with',
}

export function toUrl(address: string | AddressInfo | null, host: string): string {
  const port = typeof address === 'object' ? address?.port : undefined
  return `http://${host.includes(':') ? `[${host}]` : host}:${port}`
}

/** Resolves right after the event loop has looked for connections. */
function acceptPending(): Promise<void> {
  return new Promise((resolve) => setImmediate(() => setImmediate(resolve)))
}

async function close(server: Server, drain: number): Promise<void> {
  // Connections that came while the loop was busy are accepted first: to close would reset them.
  await acceptPending()
  const closed = new Promise<void>((resolve) => server.close(() => resolve()))
  // A connection that was at work stays open when its request is done, for one that never comes.
  const sweep = setInterval(() => server.closeIdleConnections(), 20)
  const cut = setTimeout(() => server.closeAllConnections(), drain)
  await closed
  clearInterval(sweep)
  clearTimeout(cut)
}
