import { Readable, Transform } from 'node:stream'
import { decoderOf, largestBody, tooLarge } from './guarded-body.ts'
import {
  explained,
  type Incoming,
  networkRules,
  openGuarded,
  type Resolve,
} from './guarded-connection.ts'
import { GuardedFetchError } from './guarded-fetch-error.ts'

/** A `fetch` for the client libraries of protocols; its answers stream. */
export type GuardedTransport = (url: string | URL, init?: RequestInit) => Promise<Response>

/**
 * The guarded way out in the form of `fetch`, for protocols that stream: the same rules for
 * addresses and redirects. A body that is no event stream ends at 5 MiB, and so does one line of an
 * event stream. Rejects with a `GuardedFetchError`.
 */
export function createGuardedTransport(options: {
  resolve: Resolve
  allowHosts: string[]
}): GuardedTransport {
  const rules = networkRules(options)
  return async (url, init = {}) => {
    const signal = init.signal ?? new AbortController().signal
    try {
      const answer = await openGuarded(
        {
          url: String(url),
          method: init.method ?? 'GET',
          headers: Object.fromEntries(new Headers(init.headers)),
          ...bodyOf(init),
          redirect: init.redirect === 'manual' ? 'manual' : 'follow',
          signal,
        },
        rules,
      )
      return toResponse(answer)
    } catch (error) {
      signal.throwIfAborted()
      throw explained(error)
    }
  }
}

function bodyOf({ body }: RequestInit): { body?: string | Uint8Array } {
  if (body === undefined || body === null) return {}
  if (typeof body === 'string' || body instanceof Uint8Array) return { body }
  throw new GuardedFetchError('Only text and bytes are sent.')
}

function toResponse({ status, headers, incoming }: Incoming): Response {
  const { 'content-encoding': coding, 'content-length': _, ...kept } = headers
  if (status === 204 || status === 205 || status === 304) {
    incoming.destroy()
    return new Response(null, { status, headers: kept })
  }
  const isStream = /^text\/event-stream\b/i.test(headers['content-type'] ?? '')
  const limit = isStream ? lineLimit() : byteLimit()
  const decoder = openDecoder(incoming, coding)
  const pass = (error: Error | null | undefined) => void limit.destroy(error ?? undefined)
  incoming.on('error', pass)
  decoder?.on('error', pass)
  limit.on('close', () => {
    incoming.destroy()
    decoder?.destroy()
  })
  const source: Readable = decoder ? incoming.pipe(decoder) : incoming
  return new Response(toWebStream(source.pipe(limit)), { status, headers: kept })
}

function openDecoder(incoming: Incoming['incoming'], coding: string | undefined) {
  try {
    return decoderOf(coding)
  } catch (error) {
    incoming.destroy()
    throw error
  }
}

/** Node's and the browser's stream types differ in name only. */
function toWebStream(stream: Readable): ReadableStream<Uint8Array> {
  return Readable.toWeb(stream) as ReadableStream<Uint8Array>
}

function byteLimit(): Transform {
  let length = 0
  return new Transform({
    transform(piece: Buffer, _encoding, done) {
      length += piece.length
      if (length > largestBody) done(tooLarge())
      else done(null, piece)
    },
  })
}

function lineLimit(): Transform {
  let length = 0
  return new Transform({
    transform(piece: Buffer, _encoding, done) {
      const end = piece.lastIndexOf(10)
      length = end < 0 ? length + piece.length : piece.length - end - 1
      if (Math.max(length, piece.indexOf(10)) > largestBody) done(tooLarge())
      else done(null, piece)
    },
  })
}
