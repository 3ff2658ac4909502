import { request as httpRequest, type IncomingMessage } from 'node:http'
import { request as httpsRequest } from 'node:https'

/** What came of a stream in which nothing happens; milliseconds since it was asked for. */
export type SeenStream = {
  status: number
  contentType: string
  encoding: string | undefined
  first: number | null
  heartbeat: number | null
  /** When somebody ended it. */
  end: number | null
}

/** Milliseconds. A server sends the first bytes with the headers, and a heartbeat every 10 s. */
export type StreamPatience = { first: number; heartbeat: number }

/** Follows it by hand: `fetch` would decompress, and say nothing of when bytes arrived. */
export function watchStream(
  url: string,
  { key, patience }: { key: string | undefined; patience: StreamPatience },
): Promise<SeenStream> {
  const { promise, resolve, reject } = Promise.withResolvers<SeenStream>()
  const began = performance.now()
  const since = () => performance.now() - began
  const send = url.startsWith('https:') ? httpsRequest : httpRequest
  const outgoing = send(url, {
    agent: false,
    headers: {
      accept: 'text/event-stream',
      'accept-encoding': 'gzip, br, zstd',
      ...(key !== undefined && { authorization: `Bearer ${key}` }),
    },
  })
  let seen: SeenStream | undefined
  let isDone = false
  let timer = setTimeout(stop, patience.first)

  function stop(): void {
    clearTimeout(timer)
    isDone = true
    outgoing.destroy()
    resolve(seen ?? nothing)
  }

  outgoing.on('error', (error) => (seen ? stop() : reject(error)))
  outgoing.on('response', (incoming) => {
    const found: SeenStream = readHead(incoming)
    seen = found
    if (found.status !== 200 || found.encoding !== undefined) return stop()
    incoming.on('data', (bytes: Buffer) => {
      if (found.first === null) {
        found.first = since()
        clearTimeout(timer)
        timer = setTimeout(stop, patience.heartbeat)
      }
      if (!bytes.includes(': heartbeat')) return
      found.heartbeat = since()
      stop()
    })
    incoming.on('end', cut)
    incoming.on('error', cut)
    function cut(): void {
      if (isDone) return
      found.end = since()
      stop()
    }
  })
  outgoing.end()
  return promise
}

const nothing: SeenStream = {
  status: 0,
  contentType: '',
  encoding: undefined,
  first: null,
  heartbeat: null,
  end: null,
}

function readHead({ statusCode = 0, headers }: IncomingMessage): SeenStream {
  const encoding = headers['content-encoding']
  return {
    ...nothing,
    status: statusCode,
    contentType: headers['content-type'] ?? '',
    encoding: encoding === 'identity' ? undefined : encoding,
  }
}
