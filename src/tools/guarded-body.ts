import type { IncomingMessage } from 'node:http'
import type { Readable, Transform } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { createBrotliDecompress, createGunzip, createInflate } from 'node:zlib'
import { GuardedFetchError } from './guarded-fetch-error.ts'

/** The whole body of an answer, decompressed; rejects as soon as it is more than 5 MiB. */
export async function readBody(
  incoming: IncomingMessage,
  headers: Record<string, string>,
  signal: AbortSignal,
): Promise<Buffer> {
  const pieces: Buffer[] = []
  let length = 0
  const collect = async (source: AsyncIterable<Buffer>) => {
    for await (const piece of source) {
      length += piece.length
      if (length > largestBody) throw tooLarge()
      pieces.push(piece)
    }
  }
  const decoder = decoderOf(headers['content-encoding'])
  if (decoder) await pipeline(incoming, decoder, collect, { signal })
  else await pipeline(incoming as Readable, collect, { signal })
  return Buffer.concat(pieces)
}

export const largestBody = 5 * 1024 * 1024

export function tooLarge(): GuardedFetchError {
  return new GuardedFetchError('The answer is larger than 5 MiB.')
}

/** One coding at most: layers of them are how a small body becomes an endless one. */
export function decoderOf(coding = ''): Transform | null {
  switch (coding.trim().toLowerCase()) {
    case '':
    case 'identity':
      return null
    case 'gzip':
    case 'x-gzip':
      return createGunzip()
    case 'deflate':
      return createInflate()
    case 'br':
      return createBrotliDecompress()
    default:
      throw new GuardedFetchError(
        `The answer is encoded as ${coding.slice(0, 40)}, which is not read.`,
      )
  }
}
