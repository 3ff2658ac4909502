import type { Feed, Follower, Frame } from './runtime.ts'

/** Characters of a session's newest frames that are kept for those who follow it live. */
const ringSize = 16 * 1024
const pageSize = 500
/** Milliseconds before a page that could not be read is asked for again. */
const retryDelay = 500

/** `more`: the page ended before the log did. */
export type ReadFrames = (request: {
  sessionId: string
  after: number
  limit: number
}) => Promise<{ frames: Frame[]; more: boolean }>

type Hub = {
  /** The newest frames without a gap. */
  ring: Frame[]
  size: number
  /** The newest committed seq as far as it is known here; undefined before anything was heard. */
  head: number | undefined
  followers: Set<() => void>
  /** Runs of this instance that write to the session now. */
  writers: number
}

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
  counters(): { sessions: number; followers: number }
} {
  const hubs = new Map<string, Hub>()

  function hubOf(sessionId: string): Hub {
    const known = hubs.get(sessionId)
    if (known) return known
    const hub: Hub = { ring: [], size: 0, head: undefined, followers: new Set(), writers: 0 }
    hubs.set(sessionId, hub)
    return hub
  }

  function join(sessionId: string, wake: () => void): Hub {
    const hub = hubOf(sessionId)
    hub.followers.add(wake)
    return hub
  }

  function leave(sessionId: string, hub: Hub): void {
    const unused = hub.followers.size === 0 && hub.writers === 0
    if (unused && hubs.get(sessionId) === hub) hubs.delete(sessionId)
  }

  return {
    publish(sessionId, frames) {
      const hub = hubs.get(sessionId)
      if (!hub) return
      addToRing(hub, frames)
      for (const wake of hub.followers) wake()
    },
    retain(sessionId) {
      const hub = hubOf(sessionId)
      hub.writers += 1
      return () => {
        hub.writers -= 1
        leave(sessionId, hub)
      }
    },
    hint(sessionId, head) {
      const hub = hubs.get(sessionId)
      if (!hub || head <= (hub.head ?? 0)) return
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
    hub.size = 0
  }
  for (const frame of frames) {
    hub.ring.push(frame)
    hub.size += frame.json.length
    hub.head = Math.max(hub.head ?? 0, frame.seq)
  }
  let dropped = 0
  while (hub.size > ringSize && dropped < hub.ring.length - 1) {
    hub.size -= hub.ring[dropped]?.json.length ?? 0
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
  read: ReadFrames
  join(sessionId: string, wake: () => void): Hub
  leave(sessionId: string, hub: Hub): void
}): Follower {
  let cursor = after
  let closed = false
  let reading = false
  let page: Frame[] = []
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
    if (hub.head === undefined || hub.head > cursor) readPage()
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
    return hub.ring.slice(cursor + 1 - oldest)
  }

  function readPage(): void {
    if (reading) return
    reading = true
    void read({ sessionId, after: cursor, limit: pageSize })
      .then(
        ({ frames, more }) => {
          page = frames
          const last = frames.at(-1)?.seq ?? cursor
          // More rows than the page: the head is somewhere above.
          hub.head = Math.max(hub.head ?? 0, more ? last + 1 : last)
          return frames.length > 0
        },
        // The database is away: the stream pauses and asks again.
        () => new Promise<boolean>((resolve) => setTimeout(resolve, retryDelay, true)),
      )
      .then((news) => {
        reading = false
        if (closed) return
        // What was committed while the page was on its way is in the ring by now.
        if (news || (hub.head ?? 0) > cursor) wake()
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
      hub.followers.delete(wake)
      leave(sessionId, hub)
      wake()
    },
  }
}
