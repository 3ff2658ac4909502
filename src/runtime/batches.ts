import type { Frame } from './runtime.ts'

/** Characters that go to a follower at once; a frame that is longer goes alone. */
export const batchSize = 64 * 1024

/** The frames from an index on that go together; undefined when there are none. */
export function batchAt(frames: readonly Frame[], start: number): Frame[] | undefined {
  let size = 0
  let end = start
  for (; end < frames.length; end += 1) {
    size += frames[end]?.json.length ?? 0
    if (size > batchSize && end > start) break
  }
  return end > start ? frames.slice(start, end) : undefined
}

export function toBatches(frames: readonly Frame[]): Frame[][] {
  const batches: Frame[][] = []
  let start = 0
  for (;;) {
    const batch = batchAt(frames, start)
    if (!batch) return batches
    batches.push(batch)
    start += batch.length
  }
}
