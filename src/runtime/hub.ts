import { batchAt } from './batches.ts'
import type { Page, PageReader, ReadFrames } from './page-reader.ts'
import type { Frame } from './runtime.ts'

/** Characters of a session's newest frames that are kept for each of those who follow it live. */
const ringSize = 16 * 1024
/** What is kept for so many serves all. */
const ringShares = 16
const pageLimit = 500
/** Milliseconds before a page that could not be read is asked for again. */
const retryDelay = 500

/** What an instance knows of one session's log while it is followed or written. */
export type Hub = {
  followers: Set<() => void>
  /** Runs of this instance that write to the session now. */
  writers: number
  /** The newest committed seq as far as it is known here; undefined before anything was heard. */
  head(): number | undefined
  /** A page that a follower has read shows how far the log goes. */
  reached(seq: number): void
  /** Frames of this instance, after their commit, in the order of the commits. */
  publish(frames: Frame[]): void
  /** Another instance committed up to `head`: it is read once for all who follow. */
  hint(head: number): void
  /**
   * The next batch after `cursor`, the same array for all who are there; null when the ring does not
   * reach back to it, or there is none.
   */
  after(cursor: number): Frame[] | null
  /** A page of the table; null, after a pause, when the database is away. */
  read(after: number): Promise<Page | null>
  /** The session was removed: whoever follows it is at the end. */
  end(): void
  isOver(): boolean
}

/** A bounded ring of the newest frames without a gap; the table has the rest. */
export function createHub({
  sessionId,
  read,
  pages,
}: {
  sessionId: string
  read: ReadFrames
  pages: PageReader
}): Hub {
  const followers = new Set<() => void>()
  let ring: Frame[] = []
  /** What the last follower was given from the ring as it is. */
  let given: { after: number; batch: Frame[] } | undefined
  let size = 0
  let head: number | undefined
  /** What others were heard to have committed. */
  let hinted = 0
  let filling = false
  let over = false

  function raise(seq: number): void {
    head = Math.max(head ?? 0, seq)
  }

  function wakeAll(): void {
    for (const wake of followers) wake()
  }

  async function fill(): Promise<void> {
    if (filling) return
    filling = true
    while (followers.size > 0 && head !== undefined && head < hinted) {
      const before = head
      const request = { sessionId, after: before, limit: pageLimit }
      const page = await orAfterPause(read(request))
      // What a run of this instance has published meanwhile is in the ring already.
      add(page?.frames.filter(({ seq }) => seq > (head ?? 0)) ?? [])
      wakeAll()
      if (page && head === before) break
    }
    filling = false
  }

  function add(frames: Frame[]): void {
    given = undefined
    const newest = ring.at(-1)
    const last = frames.at(-1)
    if (!last) return
    raise(last.seq)
    const isWhole = frames.every(({ seq }, index) => seq === (frames[0]?.seq ?? 0) + index)
    if (!isWhole || (newest && frames[0]?.seq !== newest.seq + 1)) {
      ring = []
      size = 0
    }
    // Where rows stand for ranges, each follower reads the table.
    if (isWhole) keep(frames)
  }

  function keep(frames: Frame[]): void {
    const most = ringSize * Math.min(Math.max(followers.size, 1), ringShares)
    for (const frame of frames) {
      ring.push(frame)
      size += frame.json.length
    }
    let dropped = 0
    while (size > most && dropped < ring.length - 1) {
      size -= ring[dropped]?.json.length ?? 0
      dropped += 1
    }
    if (dropped > 0) ring.splice(0, dropped)
  }

  return {
    followers,
    writers: 0,
    head: () => head,
    reached: raise,
    publish(frames) {
      add(frames)
      wakeAll()
    },
    hint(seq) {
      hinted = Math.max(hinted, seq)
      if (head !== undefined) return void fill()
      // Whoever follows reads the table just now, and goes on to there.
      head = seq
      wakeAll()
    },
    after(cursor) {
      const oldest = ring[0]?.seq
      const newest = ring.at(-1)?.seq
      if (oldest === undefined || newest === undefined) return null
      if (newest <= cursor || oldest > cursor + 1) return null
      if (given?.after === cursor) return given.batch
      const batch = batchAt(ring, cursor + 1 - oldest) ?? null
      if (batch && followers.size > 1) given = { after: cursor, batch }
      return batch
    },
    read: (after) => orAfterPause(pages.read({ sessionId, after, shared: followers.size > 1 })),
    end() {
      over = true
      wakeAll()
    },
    isOver: () => over,
  }
}

/** What is read; null, after a pause, when the database is away. */
function orAfterPause<Value>(reading: Promise<Value>): Promise<Value | null> {
  return reading.catch(() => new Promise((resolve) => setTimeout(resolve, retryDelay, null)))
}
