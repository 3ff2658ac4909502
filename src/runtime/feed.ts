import { createHub, type Hub } from './hub.ts'
import { createPageReader, type ReadFrames } from './page-reader.ts'
import type { Feed, Follower, Frame } from './runtime.ts'

/**
 * Live followers of this instance. A session has a hub while somebody follows it or a run writes to
 * it; the hub keeps a bounded ring of frames, the table has the rest. A follower is a cursor: it
 * takes from the ring when the ring reaches back to it, else it reads the table.
 */
export function createFeed({ read }: { read: ReadFrames }): Feed & {
  /** Called after the commit, in the order of the commits. */
  publish(sessionId: string, frames: Frame[]): void
  /** Keeps the session's hub while a run writes to it, until the returned function is called. */
  retain(sessionId: string): () => void
  /** Another instance committed up to `head`. */
  hint(sessionId: string, head: number): void
  /** The session was removed: those who follow it get what they have not seen yet, then the end. */
  end(sessionId: string): void
  /** Followed sessions that no run of this instance writes to: their news come from elsewhere. */
  followedElsewhere(): string[]
  counters(): { sessions: number; followers: number }
} {
  const hubs = new Map<string, Hub>()
  const pages = createPageReader({ read })

  function hubOf(sessionId: string): Hub {
    const known = hubs.get(sessionId)
    if (known) return known
    const hub = createHub({ sessionId, read, pages })
    hubs.set(sessionId, hub)
    return hub
  }

  function leave(sessionId: string, hub: Hub): void {
    const unused = hub.followers.size === 0 && hub.writers === 0
    if (!unused || hubs.get(sessionId) !== hub) return
    hubs.delete(sessionId)
    pages.forget(sessionId)
  }

  return {
    publish: (sessionId, frames) => hubs.get(sessionId)?.publish(frames),
    retain(sessionId) {
      const hub = hubOf(sessionId)
      hub.writers += 1
      return () => {
        hub.writers -= 1
        leave(sessionId, hub)
      }
    },
    hint: (sessionId, head) => hubs.get(sessionId)?.hint(head),
    end(sessionId) {
      pages.forget(sessionId)
      hubs.get(sessionId)?.end()
    },
    follow({ sessionId, after, onReady }) {
      const hub = hubOf(sessionId)
      return createFollower({ hub, after, onReady, leave: () => leave(sessionId, hub) })
    },
    head: (sessionId) => hubs.get(sessionId)?.head(),
    followedElsewhere() {
      const sessions: string[] = []
      for (const [sessionId, { followers, writers }] of hubs) {
        if (followers.size > 0 && writers === 0) sessions.push(sessionId)
      }
      return sessions
    },
    counters() {
      let followers = 0
      for (const hub of hubs.values()) followers += hub.followers.size
      return { sessions: hubs.size, followers }
    },
  }
}

function createFollower({
  hub,
  after,
  onReady,
  leave,
}: {
  hub: Hub
  after: number
  onReady: (() => void) | undefined
  leave(): void
}): Follower {
  let cursor = after
  let closed = false
  let reading = false
  let page: Frame[][] = []
  let hungry = false
  let lost = false
  let waiting: (() => void) | undefined

  function wake(): void {
    if (waiting) {
      const resume = waiting
      waiting = undefined
      resume()
    }
    if (!hungry) return
    hungry = false
    onReady?.()
  }
  hub.followers.add(wake)

  function take(): Frame[] | null {
    if (closed) return null
    const frames = takePage() ?? hub.after(cursor)
    if (frames) {
      cursor = frames.at(-1)?.seq ?? cursor
      return frames
    }
    if (isOver()) return null
    hungry = true
    const head = hub.head()
    if (head === undefined || head > cursor) void readPage()
    return null
  }

  function isOver(): boolean {
    return lost || hub.isOver()
  }

  function takePage(): Frame[] | null {
    for (;;) {
      const [batch, ...rest] = page
      if (!batch) return null
      page = rest
      if ((batch[0]?.seq ?? 0) > cursor) return batch
      const fresh = batch.filter((frame) => frame.seq > cursor)
      if (fresh.length > 0) return fresh
    }
  }

  async function readPage(): Promise<void> {
    if (reading) return
    reading = true
    const found = await hub.read(cursor)
    reading = false
    if (found?.lost) {
      lost = true
    } else if (found) {
      page = found.batches
      const last = page.at(-1)?.at(-1)?.seq ?? cursor
      // More rows than the page: the head is somewhere above.
      hub.reached(found.more ? last + 1 : last)
    }
    // What was committed while the page was on its way is in the ring by now.
    const isBehind = page.length > 0 || (hub.head() ?? 0) > cursor
    if (!closed && (found === null || lost || isBehind)) wake()
  }

  return {
    take,
    isOver,
    rewind(seq) {
      cursor = seq
      page = []
    },
    async next() {
      for (;;) {
        const frames = take()
        if (frames || closed || isOver()) return frames
        await new Promise<void>((resolve) => {
          waiting = resolve
        })
      }
    },
    close() {
      closed = true
      hub.followers.delete(wake)
      leave()
      wake()
    },
  }
}
