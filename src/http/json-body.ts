import type { IncomingMessage } from 'node:http'
import { Problem } from '#contract/problem.ts'
import { checkJson } from './json-check.ts'

const decoder = new TextDecoder('utf-8', { fatal: true })

/**
 * The body as a checked JSON value; undefined when there is none. Read from Node's request, so that
 * the limit holds for chunked bodies before they are whole.
 */
export async function readJsonBody(
  incoming: IncomingMessage,
  { limit, anyMediaType = false }: { limit: number; anyMediaType?: boolean },
): Promise<unknown> {
  const bytes = await readBytes(incoming, limit)
  if (bytes.length === 0) return undefined
  if (!anyMediaType) checkMediaType(incoming)
  return checkJson(parse(decode(bytes)))
}

function readBytes(incoming: IncomingMessage, limit: number): Promise<Buffer> {
  if (Number(incoming.headers['content-length'] ?? 0) > limit)
    return Promise.reject(tooLarge(limit))
  if (incoming.destroyed) return Promise.reject(malformed('The body ended too early'))
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = []
    let size = 0
    function onData(chunk: Buffer): void {
      size += chunk.length
      chunks.push(chunk)
      if (size > limit) settle(() => reject(tooLarge(limit)))
    }
    function onEnd(): void {
      settle(() => resolve(Buffer.concat(chunks)))
    }
    function onClose(): void {
      settle(() => reject(malformed('The body ended too early')))
    }
    function settle(finish: () => void): void {
      incoming.off('data', onData).off('end', onEnd).off('close', onClose).off('error', onClose)
      finish()
    }
    incoming.on('data', onData).on('end', onEnd).on('close', onClose).on('error', onClose)
  })
}

function checkMediaType({ headers }: IncomingMessage): void {
  const [essence = '', ...parameters] = (headers['content-type'] ?? '')
    .split(';')
    .map((part) => part.trim().toLowerCase())
  const charset = parameters.find((parameter) => parameter.startsWith('charset='))
  const encoding = headers['content-encoding'] ?? 'identity'
  const supported =
    essence === 'application/json' &&
    (charset === undefined || /^charset="?utf-?8"?$/.test(charset)) &&
    encoding === 'identity'
  if (!supported) {
    throw new Problem(
      'unsupported_media_type',
      'The body must be JSON in UTF-8: send Content-Type: application/json and no Content-Encoding',
    )
  }
}

function decode(bytes: Buffer): string {
  try {
    return decoder.decode(bytes)
  } catch (cause) {
    throw malformed('The body is not UTF-8', cause)
  }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (cause) {
    throw malformed('The body is not JSON', cause)
  }
}

function malformed(message: string, cause?: unknown): Problem {
  return new Problem('invalid_json', message, { cause })
}

function tooLarge(limit: number): Problem {
  return new Problem('payload_too_large', `The body may have ${limit} bytes at most`)
}
