import type { FileHandle } from 'node:fs/promises'

/** How the bytes of a file are to be read; `binary` when they are no text. */
export type Encoding = 'utf-8' | 'utf-16le' | 'utf-16be' | 'binary'

/** Judged by a byte order mark, else by the first bytes: text has no NUL. */
export function encodingOf(head: Uint8Array): Encoding {
  if (head[0] === 0xff && head[1] === 0xfe) return 'utf-16le'
  if (head[0] === 0xfe && head[1] === 0xff) return 'utf-16be'
  return head.subarray(0, headLength).includes(0) ? 'binary' : 'utf-8'
}

/** Some lines of a text file. */
export type TextSlice = {
  text: string
  /** Lines are counted from 1; `lastLine` is before `firstLine` when there was nothing there. */
  firstLine: number
  lastLine: number
  /** There is more after `lastLine`. */
  more: boolean
  /** The last line was longer than what was left of `maximum`. */
  isCut: boolean
  /** Some bytes were no text in the file's encoding; U+FFFD stands for them. */
  isDamaged: boolean
}

/**
 * Reads up to `limit` lines from line `offset` on, in pieces: a file of any size costs no more
 * memory than what is returned. null for a binary file.
 */
export async function readLines({
  handle,
  offset,
  limit,
  maximum,
  signal,
}: {
  handle: FileHandle
  offset: number
  limit: number
  /** Characters. */
  maximum: number
  signal: AbortSignal
}): Promise<TextSlice | null> {
  const buffer = Buffer.allocUnsafe(pieceLength)
  const collector = createCollector({ offset, limit, maximum })
  let decoder: TextDecoder | null = null
  for (let position = 0; ; ) {
    signal.throwIfAborted()
    const { bytesRead } = await handle.read(buffer, 0, pieceLength, position)
    const piece = buffer.subarray(0, bytesRead)
    if (!decoder) {
      const encoding = encodingOf(piece)
      if (encoding === 'binary') return null
      decoder = new TextDecoder(encoding)
    }
    const isEnd = bytesRead === 0
    const isFull = collector.add(decoder.decode(piece, { stream: !isEnd }))
    if (isEnd || isFull) return collector.slice(isEnd)
    position += bytesRead
  }
}

const headLength = 8192
const pieceLength = 64 * 1024

function createCollector({
  offset,
  limit,
  maximum,
}: {
  offset: number
  limit: number
  maximum: number
}) {
  const end = offset + limit
  let line = 1
  let text = ''
  let isCut = false
  let isFull = false

  function add(piece: string): boolean {
    let start = 0
    while (start < piece.length && !isFull) {
      const newline = piece.indexOf('\n', start)
      const next = newline < 0 ? piece.length : newline + 1
      if (line >= end) isFull = true
      else if (line >= offset) take(piece.slice(start, next))
      if (isFull) break
      if (newline >= 0) line += 1
      start = next
    }
    return isFull
  }

  function take(part: string): void {
    const room = maximum - text.length
    if (part.length <= room) {
      text += part
      return
    }
    isFull = true
    // Whole lines only, but for a first line that alone is too long.
    const lineStart = text.lastIndexOf('\n') + 1
    isCut = lineStart === 0
    text = isCut ? text + part.slice(0, room) : text.slice(0, lineStart)
  }

  function slice(isEnd: boolean): TextSlice {
    const lines = text === '' ? 0 : text.split('\n').length - (text.endsWith('\n') ? 1 : 0)
    return {
      text: text.toWellFormed().replaceAll('\0', '\uFFFD'),
      firstLine: offset,
      lastLine: offset + lines - 1,
      more: !isEnd || isFull,
      isCut,
      isDamaged: text.includes('\uFFFD'),
    }
  }

  return { add, slice }
}
