import {
  Agent,
  type IncomingMessage,
  type OutgoingHttpHeaders,
  request as sendRequest,
} from 'node:http'
import type { Clock } from './clock.ts'
import { type Script, toInstruction } from './script.ts'
import {
  createTokenReader,
  type TokenReader,
  type TokenSamples,
  type Wire,
} from './token-reader.ts'

/** What a stream is asked from. With `session`, the run happens in that session. */
export type Target = { wire: Wire; url: string; agent?: string; session?: string }

export type LoadClient = {
  /** Starts one answer; resolves with the headers, before anything is read. */
  open(target: Target, script: Script, samples: TokenSamples | null): Promise<OpenStream>
  /** A plain request; resolves with the parsed JSON body. Throws for a status past 299. */
  call(method: string, url: string, body?: unknown, headers?: OutgoingHttpHeaders): Promise<unknown>
  /** A GET of an event stream; resolves with its headers. */
  listen(url: string, headers?: OutgoingHttpHeaders): Promise<IncomingMessage>
}

export type OpenStream = {
  reader: TokenReader
  response: IncomingMessage
  requestedAt: number
  /** Where the run's events can be read again; absent at the relay. */
  events: string | undefined
  /** Reads to the end. With `cutAfter` ms the connection is cut, once, and the rest is asked for. */
  finish(cutAfter?: number): Promise<void>
}

export function createLoadClient(clock: Clock): LoadClient {
  const agent = new Agent({
    keepAlive: true,
    maxSockets: Number.POSITIVE_INFINITY,
    maxFreeSockets: 4096,
  })

  function send(
    method: string,
    url: string,
    headers: OutgoingHttpHeaders,
    body: string | undefined,
  ): Promise<IncomingMessage> {
    return new Promise((resolve, reject) => {
      const request = sendRequest(url, { method, headers, agent }, resolve)
      request.on('error', (error: NodeJS.ErrnoException) => {
        // The server closed an idle connection while this request was on its way: HTTP's own race.
        const closedIdle = request.reusedSocket && error.code === 'ECONNRESET'
        if (closedIdle) send(method, url, headers, body).then(resolve, reject)
        else reject(error)
      })
      request.end(body)
    })
  }

  async function listen(url: string, headers: OutgoingHttpHeaders = {}): Promise<IncomingMessage> {
    const response = await send('GET', url, { accept: 'text/event-stream', ...headers }, undefined)
    await checkStatus(response, url)
    return response
  }

  async function readFrom(reader: TokenReader, url: string): Promise<void> {
    const headers = reader.lastId === null ? {} : { 'last-event-id': reader.lastId }
    const response = await listen(url, headers)
    reader.reconnected()
    await readToEnd(response, reader)
  }

  return {
    async open(target, script, samples) {
      const { path, body } = toRequest(target, script)
      const headers = {
        accept: 'text/event-stream',
        'content-type': 'application/json',
        'content-length': Buffer.byteLength(body),
      }
      const requestedAt = clock()
      const response = await send('POST', target.url + path, headers, body)
      await checkStatus(response, path)
      const reader = createTokenReader({ wire: target.wire, script, clock, requestedAt, samples })
      const location = response.headers['content-location']
      const events = location === undefined ? undefined : new URL(location, target.url).href
      return {
        reader,
        response,
        requestedAt,
        events,
        async finish(cutAfter) {
          await readToEnd(response, reader, cutAfter)
          if (reader.ended || events === undefined) return
          await readFrom(reader, events)
        },
      }
    },
    async call(method, url, body, headers = {}) {
      const text = body === undefined ? undefined : JSON.stringify(body)
      const all = {
        accept: 'application/json',
        ...(text === undefined ? {} : JSON_BODY),
        ...headers,
      }
      const response = await send(method, url, all, text)
      await checkStatus(response, url)
      const answer = await readText(response)
      return answer === '' ? null : JSON.parse(answer)
    },
    listen,
  }
}

/** Reads until the stream ends or breaks; which of the two, the reader knows. */
export function readToEnd(
  response: IncomingMessage,
  reader: TokenReader,
  cutAfter?: number,
): Promise<void> {
  if (response.closed) return Promise.resolve()
  const timer = cutAfter === undefined ? null : setTimeout(() => response.destroy(), cutAfter)
  return new Promise((resolve) => {
    response.on('data', (bytes: Buffer) => reader.read(bytes))
    response.on('error', () => {})
    response.on('close', () => {
      if (timer) clearTimeout(timer)
      resolve()
    })
  })
}

const JSON_BODY = { 'content-type': 'application/json' }

function toRequest(target: Target, script: Script): { path: string; body: string } {
  const content = toInstruction(script)
  const message = { role: 'user', content }
  if (target.wire === 'relay') {
    return {
      path: '/v1/chat/completions',
      body: JSON.stringify({ model: 'bench', stream: true, messages: [message] }),
    }
  }
  const agent = target.agent ?? 'bench'
  if (target.session === undefined) {
    return { path: `/api/agents/${agent}/chat`, body: JSON.stringify({ message: content }) }
  }
  return {
    path: `/api/sessions/${target.session}/agent/${agent}`,
    body: JSON.stringify({ messages: [message] }),
  }
}

async function checkStatus(response: IncomingMessage, url: string): Promise<void> {
  const { statusCode = 0 } = response
  if (statusCode >= 200 && statusCode < 300) return
  const text = await readText(response)
  throw new Error(`${url} answered ${statusCode}: ${text.slice(0, 500)}`)
}

async function readText(response: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = []
  for await (const chunk of response) chunks.push(chunk)
  return Buffer.concat(chunks).toString()
}
