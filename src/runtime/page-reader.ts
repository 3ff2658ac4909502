import { batchSize, toBatches } from './batches.ts'
import type { Frame } from './runtime.ts'

export type ReadFrames = (request: { sessionId: string; after: number; limit: number }) => Promise<{
  frames: Frame[]
  /** The page ended before the log did. */
  more: boolean
  /** What came next was deleted. */
  lost: boolean
}>

/** What the table holds after a seq, in the batches in which it goes to followers. */
export type Page = { batches: Frame[][]; more: boolean; lost: boolean }

/** Small events on a page: about as many as go at once. */
const pageLimit = 250
/** Pages that are read at the same time: who catches up must not keep others from the database. */
const atOnce = 4
/** Characters of pages that are kept for a moment, for others and for who is in the midst of one. */
const keptSize = 16 * 1024 * 1024
/** Milliseconds. */
const keptFor = 1000

type KeptPage = {
  sessionId: string
  after: number
  last: number
  size: number
  until: number
  page: Page
}

export type PageReader = {
  /** `shared`: others follow the session, too, and may want the same page. */
  read(request: { sessionId: string; after: number; shared: boolean }): Promise<Page>
  /** Nobody follows the session any more, or it is gone. */
  forget(sessionId: string): void
}

/**
 * Reads pages of the log for those who catch up: so many at a time, and one that many followers
 * want once for all of them, with the same batches.
 */
export function createPageReader({ read }: { read: ReadFrames }): PageReader {
  const underWay = new Map<string, Promise<Page>>()
  const queue: (() => void)[] = []
  let kept: KeptPage[] = []
  let reading = 0

  function find(sessionId: string, after: number): Page | undefined {
    const now = performance.now()
    kept = kept.filter(({ until }) => until > now)
    const found = kept.find(
      (each) => each.sessionId === sessionId && each.after <= after && after < each.last,
    )
    if (!found) return undefined
    found.until = now + keptFor
    return pageAfter(found.page, after)
  }

  async function readNow({ sessionId, after, shared }: Parameters<PageReader['read']>[0]) {
    if (reading >= atOnce) await new Promise<void>((resolve) => queue.push(resolve))
    else reading += 1
    try {
      const found = find(sessionId, after)
      if (found) return found
      const { frames, more, lost } = await read({ sessionId, after, limit: pageLimit })
      const page = { batches: lost ? [] : toBatches(frames), more, lost }
      const last = frames.at(-1)?.seq
      // A frame that is longer is not sent at once.
      const isWanted = shared || frames.some(({ json }) => json.length > batchSize)
      if (isWanted && !lost && last !== undefined) {
        const size = frames.reduce((sum, { json }) => sum + json.length, 0)
        keep({ sessionId, after, last, size, until: performance.now() + keptFor, page })
      }
      return page
    } finally {
      // The turn goes over to the next one.
      const next = queue.shift()
      if (next) next()
      else reading -= 1
    }
  }

  function keep(page: KeptPage): void {
    kept.push(page)
    let size = kept.reduce((sum, each) => sum + each.size, 0)
    while (size > keptSize) size -= kept.shift()?.size ?? 0
  }

  return {
    async read(request) {
      const { sessionId, after } = request
      const known = find(sessionId, after)
      if (known) return known
      const key = `${sessionId} ${after}`
      const other = underWay.get(key)
      if (other) return other
      const reads = readNow(request).finally(() => underWay.delete(key))
      underWay.set(key, reads)
      return reads
    },
    forget(sessionId) {
      kept = kept.filter((each) => each.sessionId !== sessionId)
    },
  }
}

/** The batches from a place in a page on; those that begin there are the same arrays. */
function pageAfter(page: Page, after: number): Page {
  const rest = page.batches.filter((batch) => (batch.at(-1)?.seq ?? 0) > after)
  const [first, ...others] = rest
  if (!first || (first[0]?.seq ?? 0) > after) return { ...page, batches: rest }
  return { ...page, batches: [first.filter(({ seq }) => seq > after), ...others] }
}
