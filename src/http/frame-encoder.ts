import type { Frame } from '#runtime/runtime.ts'

/** How a frame looks on a wire where it looks the same to everybody. */
export type FrameFormat = (frame: Frame) => string

/**
 * The bytes of batches, made once for all connections that show them: many are given the same batch
 * by the feed. They last as long as the batch does.
 */
export function createFrameEncoder(): (frames: Frame[], format: FrameFormat) => Buffer {
  const encoded = new Map<FrameFormat, WeakMap<object, Buffer>>()

  function bytesOf(format: FrameFormat): WeakMap<object, Buffer> {
    const known = encoded.get(format)
    if (known) return known
    const bytes = new WeakMap<object, Buffer>()
    encoded.set(format, bytes)
    return bytes
  }

  return (frames, format) => {
    const [only] = frames
    // A frame that goes alone is the same in whatever batch it comes.
    const key = only && frames.length === 1 ? only : frames
    const known = bytesOf(format).get(key)
    if (known) return known
    const bytes = Buffer.from(frames.map(format).join(''))
    bytesOf(format).set(key, bytes)
    return bytes
  }
}
