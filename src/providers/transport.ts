import {
  type ClientRequest,
  Agent as HttpAgent,
  request as httpRequest,
  type IncomingMessage,
} from 'node:http'
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https'

export type TransportRequest = {
  method: 'GET' | 'POST'
  url: URL
  headers: Record<string, string>
  body?: string
}

/**
 * How one exchange goes. All are called from the event loop, never within `send`. `onHeaders` comes
 * first, `onEnd` or `onError` last and once; after `close` nothing more is called.
 */
export type TransportHandlers = {
  onHeaders(status: number, headers: IncomingMessage['headers']): void
  onChunk(bytes: Buffer): void
  onEnd(): void
  onError(error: unknown): void
}

export type Exchange = {
  pause(): void
  resume(): void
  /** Closes the connection when the answer is not whole. */
  close(): void
}

/** The boundary to a model server: bytes out, bytes in. Cassettes stand here. */
export type Transport = {
  send(request: TransportRequest, handlers: TransportHandlers): Exchange
  close(): Promise<void>
}

/** Headers for what is sent now, by what it is made for. */
export type OutgoingHeaders = () => Record<string, string>

/** HTTP and HTTPS over kept-alive connections. `environment` may name a proxy (`HTTPS_PROXY` …). */
export function createHttpTransport({
  environment,
  outgoingHeaders = () => ({}),
}: {
  environment: Record<string, string | undefined>
  outgoingHeaders?: OutgoingHeaders | undefined
}): Transport {
  const keepAlive = { keepAlive: true, maxFreeSockets: 256, scheduling: 'lifo' } as const
  const local = new HttpAgent(keepAlive)
  const plain = new HttpAgent({ ...keepAlive, proxyEnv: environment })
  const secure = new HttpsAgent({ ...keepAlive, proxyEnv: environment })

  function open({ method, url, headers, body }: TransportRequest): ClientRequest {
    const length = body === undefined ? {} : { 'content-length': String(Buffer.byteLength(body)) }
    const options = { method, headers: { ...headers, ...length } }
    if (url.protocol === 'https:') return httpsRequest(url, { ...options, agent: secure })
    return httpRequest(url, { ...options, agent: isLoopback(url) ? local : plain })
  }

  function send(request: TransportRequest, handlers: TransportHandlers): Exchange {
    const headers = { ...request.headers, ...outgoingHeaders() }
    let outgoing: ClientRequest
    let incoming: IncomingMessage | undefined
    let closed = false

    function fail(error: unknown): void {
      if (closed) return
      closed = true
      handlers.onError(error)
    }

    function attempt(isFirst: boolean): void {
      outgoing = open({ ...request, headers })
      outgoing.on('response', (response) => {
        incoming = response
        response.on('data', (bytes: Buffer) => {
          if (!closed) handlers.onChunk(bytes)
        })
        response.on('end', () => {
          if (closed) return
          closed = true
          handlers.onEnd()
        })
        response.on('error', fail)
        if (!closed) handlers.onHeaders(response.statusCode ?? 0, response.headers)
      })
      outgoing.on('error', (error) => {
        // The server closed an idle connection just as we took it: nothing was read of the request.
        if (isFirst && outgoing.reusedSocket && !incoming && !closed) attempt(false)
        else fail(error)
      })
      outgoing.end(request.body)
    }

    attempt(true)
    return {
      pause: () => incoming?.pause(),
      resume: () => incoming?.resume(),
      close() {
        closed = true
        outgoing.destroy()
      },
    }
  }

  return {
    send,
    async close() {
      for (const agent of [local, plain, secure]) agent.destroy()
    },
  }
}

export function isLoopback({ hostname }: URL): boolean {
  return hostname === 'localhost' || hostname === '[::1]' || /^127\./.test(hostname)
}
