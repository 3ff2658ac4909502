import type { Feed, Follower, Frame } from './runtime.ts'

/** Bytes of a session's newest frames that are kept for those who follow it live. */
const ringBytes = 256 * 1024
const pageSize = 500
/** Milliseconds before a page that could not be read is asked for again. */
const retryDelay = 500

type Hub = {
  /** The newest frames without a gap. */
  ring: Frame[]
  bytes: number
  head: number
  followers: Set<() => void>
}

/**
 * Live followers of this instance. A session has a hub while somebody follows it; the hub keeps a
 * bounded ring of frames, the table has the rest. A follower is a cursor: it takes from the ring
 * when the ring reaches back to it, else it reads the table.
 */
export function createFeed({
  read,
}: {
  read(request: { sessionId: string; after: number; limit: number }): Promise<Frame[]>
}): Feed & {
  /** Called after the commit, in the order of the commits. */
  publish(sessionId: string, frames: Frame[]): void
  /** Another instance committed up to `head`. */
  hint(sessionId: string, head: number): void
  counters(): { sessions: number; followers: number }
} {
  const hubs = new Map<string, Hub>()

  function join(sessionId: string, wake: () => void): Hub {
    const hub = hubs.get(sessionId) ?? { ring: [], bytes: 0, head: 0, followers: new Set() }
    hub.followers.add(wake)
    hubs.set(sessionId, hub)
    return hub
  }

  function leave(sessionId: string, wake: () => void): void {
    const hub = hubs.get(sessionId)
    hub?.followers.delete(wake)
    if (hub?.followers.size === 0) hubs.delete(sessionId)
  }

  return {
    publish(sessionId, frames) {
      const hub = hubs.get(sessionId)
      if (!hub) return
      addToRing(hub, frames)
      for (const wake of hub.followers) wake()
    },
    hint(sessionId, head) {
      const hub = hubs.get(sessionId)
      if (!hub || head <= hub.head) return
      hub.head = head
      for (const wake of hub.followers) wake()
    },
    follow: ({ sessionId, after, onReady }) =>
      createFollower({ sessionId, after, onReady, read, join, leave }),
    head: (sessionId) => hubs.get(sessionId)?.head,
    counters() {
      let followers = 0
      for (const hub of hubs.values()) followers += hub.followers.size
      return { sessions: hubs.size, followers }
    },
  }
}

function addToRing(hub: Hub, frames: Frame[]): void {
  const [first] = frames
  const newest = hub.ring.at(-1)
  if (first && newest && first.seq !== newest.seq + 1) {
    hub.ring = []
    hub.bytes = 0
  }
  for (const frame of frames) {
    hub.ring.push(frame)
    hub.bytes += frame.json.length
    hub.head = Math.max(hub.head, frame.seq)
  }
  let dropped = 0
  while (hub.bytes > ringBytes && dropped < hub.ring.length - 1) {
    hub.bytes -= hub.ring[dropped]?.json.length ?? 0
    dropped += 1
  }
  if (dropped > 0) hub.ring.splice(0, dropped)
}

function createFollower({
  sessionId,
  after,
  onReady,
  read,
  join,
  leave,
}: {
  sessionId: string
  after: number
  onReady: (() => void) | undefined
  read(request: { sessionId: string; after: number; limit: number }): Promise<Frame[]>
  join(sessionId: string, wake: () => void): Hub
  leave(sessionId: string, wake: () => void): void
}): Follower {
  let cursor = after
  let closed = false
  let reading = false
  let page: Frame[] = []
  // The table is asked once when the follower begins; after that only when the ring has a hole.
  let caughtUp = false
  let hungry = false
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
  const hub = join(sessionId, wake)

  function take(): Frame[] | null {
    if (closed) return null
    const frames = takePage() ?? takeFromRing()
    if (frames) {
      cursor = frames.at(-1)?.seq ?? cursor
      return frames
    }
    hungry = true
    if (!caughtUp || hub.head > cursor) readPage()
    return null
  }

  function takePage(): Frame[] | null {
    const fresh = page.filter((frame) => frame.seq > cursor)
    page = []
    return fresh.length > 0 ? fresh : null
  }

  function takeFromRing(): Frame[] | null {
    const oldest = hub.ring[0]?.seq
    const newest = hub.ring.at(-1)?.seq
    if (oldest === undefined || newest === undefined) return null
    if (newest <= cursor || oldest > cursor + 1) return null
    caughtUp = true
    return hub.ring.slice(cursor + 1 - oldest)
  }

  function readPage(): void {
    if (reading) return
    reading = true
    void read({ sessionId, after: cursor, limit: pageSize })
      .then(
        (frames) => {
          page = frames
          if (frames.length < pageSize) caughtUp = true
          hub.head = Math.max(hub.head, frames.at(-1)?.seq ?? 0)
          return frames.length > 0
        },
        // The database is away: the stream pauses and asks again.
        () => new Promise<boolean>((resolve) => setTimeout(resolve, retryDelay, true)),
      )
      .then((news) => {
        reading = false
        if (closed) return
        // What was committed while the page was on its way is in the ring by now.
        if (news || hub.head > cursor) wake()
      })
  }

  return {
    take,
    async next() {
      for (;;) {
        const frames = take()
        if (frames || closed) return frames
        await new Promise<void>((resolve) => {
          waiting = resolve
        })
      }
    },
    close() {
      closed = true
      leave(sessionId, wake)
      wake()
    },
  }
}
