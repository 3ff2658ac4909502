import { expect, test } from 'vitest'
import { createFeed } from '#runtime/feed.ts'
import type { Follower, Frame } from '#runtime/runtime.ts'

test('a follower that begins late reads the rows, then goes on live', async () => {
  const { feed, write } = startFeed()
  write(3)
  const follower = feed.follow({ sessionId: 's', after: 1 })
  expect(seqs(await follower.next())).toEqual([2, 3])
  write(2)
  expect(seqs(await follower.next())).toEqual([4, 5])
})

test('what is committed while the rows are read comes once', async () => {
  const { feed, write, beforeRead } = startFeed()
  write(2)
  beforeRead(() => write(2))
  const follower = feed.follow({ sessionId: 's', after: 0 })
  expect(await collect(follower, 4)).toEqual([1, 2, 3, 4])
})

test('a follower that fell behind the ring reads the table again', async () => {
  const { feed, write } = startFeed({ size: 10_000 })
  const follower = feed.follow({ sessionId: 's', after: 0 })
  write(1)
  expect(await collect(follower, 1)).toEqual([1])
  for (let index = 0; index < 9; index += 1) write(1)
  expect(await collect(follower, 9)).toEqual([2, 3, 4, 5, 6, 7, 8, 9, 10])
})

test('a page is read once for all who catch up from there, and given to them as one batch', async () => {
  const { feed, write, reads } = startFeed()
  write(200)
  const followers = Array.from({ length: 20 }, () => feed.follow({ sessionId: 's', after: 0 }))
  const batches = await Promise.all(followers.map((follower) => follower.next()))
  expect(new Set(batches).size).toBe(1)
  const late = feed.follow({ sessionId: 's', after: 100 })
  expect(seqs(await late.next())).toEqual(Array.from({ length: 100 }, (_, index) => index + 101))
  expect(reads()).toBe(1)
})

test('so many pages are read at the same time, the others in their turn', async () => {
  const { feed, write, reads, holdReads } = startFeed()
  write(10)
  const release = holdReads()
  const sessions = Array.from({ length: 10 }, (_, index) => `s${index}`)
  const followers = sessions.map((sessionId) => feed.follow({ sessionId, after: 0 }))
  const all = followers.map((follower) => collect(follower, 10))
  await new Promise(setImmediate)
  expect(reads()).toBe(4)
  release()
  await Promise.all(all)
  expect(reads()).toBe(10)
})

test('live followers of one session get the same batch', () => {
  const { feed, write } = startFeed()
  const followers = Array.from({ length: 3 }, () => feed.follow({ sessionId: 's', after: 0 }))
  for (const follower of followers) follower.take()
  write(3)
  const [first, ...others] = followers.map((follower) => follower.take())
  expect(seqs(first ?? null)).toEqual([1, 2, 3])
  for (const other of others) expect(other).toBe(first)
})

test('a long frame comes alone, from the ring and from the table', async () => {
  const { feed, write, reads } = startFeed()
  // A ring that many share is longer.
  const [live] = Array.from({ length: 8 }, () => feed.follow({ sessionId: 's', after: 0 }))
  write(2)
  write(1, { size: 70_000 })
  write(1)
  expect(await collectBatches(live, 3)).toEqual([[1, 2], [3], [4]])
  expect(reads()).toBe(0)
  const late = feed.follow({ sessionId: 'other', after: 0 })
  expect(await collectBatches(late, 3)).toEqual([[1, 2], [3], [4]])
})

test('a follower that goes back is given the same again', async () => {
  const { feed, write } = startFeed({ size: 10_000 })
  const follower = feed.follow({ sessionId: 's', after: 0 })
  write(20)
  expect(seqs(await follower.next())).toEqual([1, 2, 3, 4, 5, 6])
  follower.rewind(3)
  expect(seqs(await follower.next())).toEqual([4, 5, 6, 7, 8, 9])
})

test('a hint of another instance makes the follower look at the table', async () => {
  const { feed, write } = startFeed()
  const follower = feed.follow({ sessionId: 's', after: 0 })
  const next = follower.next()
  write(2, { silently: true })
  feed.hint('s', 2)
  expect(seqs(await next)).toEqual([1, 2])
})

test('what another instance committed is read once for all who follow', async () => {
  const { feed, write, reads } = startFeed()
  const followers = Array.from({ length: 3 }, () => feed.follow({ sessionId: 's', after: 0 }))
  write(1)
  for (const follower of followers) expect(await collect(follower, 1)).toEqual([1])
  const before = reads()
  const pending = followers.map((follower) => collect(follower, 2))
  write(2, { silently: true })
  feed.hint('s', 2)
  feed.hint('s', 3)
  expect(await Promise.all(pending)).toEqual([
    [2, 3],
    [2, 3],
    [2, 3],
  ])
  expect(reads() - before).toBe(1)
})

test('a hint while a run of this instance writes loses and repeats nothing', async () => {
  const { feed, write, beforeRead } = startFeed()
  const follower = feed.follow({ sessionId: 's', after: 0 })
  write(1)
  expect(await collect(follower, 1)).toEqual([1])
  const rest = collect(follower, 5)
  write(2, { silently: true })
  beforeRead(() => write(2))
  feed.hint('s', 3)
  write(1)
  expect(await rest).toEqual([2, 3, 4, 5, 6])
})

test('rows that stand for ranges are passed on as they are', async () => {
  const { feed, write, remove } = startFeed()
  const follower = feed.follow({ sessionId: 's', after: 0 })
  write(1)
  expect(await collect(follower, 1)).toEqual([1])
  const rest = collect(follower, 2)
  write(4, { silently: true })
  remove(2, 3)
  feed.hint('s', 5)
  expect(await rest).toEqual([4, 5])
  write(1)
  expect(await collect(follower, 1)).toEqual([6])
})

test('only sessions that nobody here writes to are to be watched elsewhere', () => {
  const { feed } = startFeed()
  const release = feed.retain('written')
  const followers = ['written', 'silent'].map((sessionId) => feed.follow({ sessionId, after: 0 }))
  expect(feed.followedElsewhere()).toEqual(['silent'])
  release()
  expect(feed.followedElsewhere()).toEqual(['written', 'silent'])
  for (const follower of followers) follower.close()
  expect(feed.followedElsewhere()).toEqual([])
})

test('close ends a follower that waits', async () => {
  const { feed } = startFeed()
  const follower = feed.follow({ sessionId: 's', after: 0 })
  const next = follower.next()
  follower.close()
  expect(await next).toBeNull()
  expect(feed.counters()).toEqual({ sessions: 0, followers: 0 })
})

test('a follower of what is gone by now is at the end, and has got no part of the rest', async () => {
  const { feed, write, expire } = startFeed()
  write(4)
  const follower = feed.follow({ sessionId: 's', after: 0 })
  expire(2)
  expect(await follower.next()).toBeNull()
  expect(follower.isOver()).toBe(true)
  const other = feed.follow({ sessionId: 's', after: 2 })
  expect(await collect(other, 2)).toEqual([3, 4])
  expect(other.isOver()).toBe(false)
})

test('the end of a session comes after what was committed before', async () => {
  const { feed, write } = startFeed()
  let calls = 0
  const follower = feed.follow({ sessionId: 's', after: 0, onReady: () => (calls += 1) })
  expect(follower.take()).toBeNull()
  write(2)
  feed.end('s')
  expect(seqs(follower.take())).toEqual([1, 2])
  expect(follower.take()).toBeNull()
  expect([follower.isOver(), calls]).toEqual([true, 1])
  expect(await follower.next()).toBeNull()
})

test('onReady is called once for each time that nothing was there', async () => {
  const { feed, write } = startFeed()
  let calls = 0
  const ready = Promise.withResolvers<void>()
  const follower = feed.follow({
    sessionId: 's',
    after: 0,
    onReady: () => {
      calls += 1
      ready.resolve()
    },
  })
  expect(follower.take()).toBeNull()
  write(1)
  write(1)
  await ready.promise
  expect(calls).toBe(1)
  expect(seqs(follower.take())).toEqual([1, 2])
})

async function collect(follower: Follower, count: number): Promise<number[]> {
  const all: number[] = []
  while (all.length < count) all.push(...seqs(await follower.next()))
  return all
}

async function collectBatches(follower: Follower | undefined, count: number) {
  const batches: number[][] = []
  while (batches.length < count) batches.push(seqs((await follower?.next()) ?? null))
  return batches
}

function seqs(frames: Frame[] | null): number[] {
  return (frames ?? []).map((frame) => frame.seq)
}

/** A feed over a table in memory. */
function startFeed({ size = 10 }: { size?: number } = {}) {
  let table: Frame[] = []
  let head = 0
  let hook = () => {}
  let reads = 0
  let isExpired = false
  let held: Promise<void> | undefined
  const feed = createFeed({
    async read({ after, limit }) {
      reads += 1
      await held
      const page = table.filter(({ seq }) => seq > after).slice(0, limit)
      const run = hook
      hook = () => {}
      run()
      const lost = head > after && (page[0]?.seq ?? head + 1) > after + 1 && isExpired
      return { frames: page, more: page.length === limit, lost }
    },
  })
  return {
    feed,
    reads: () => reads,
    /** Reads wait from now on until the returned function is called. */
    holdReads() {
      const hold = Promise.withResolvers<void>()
      held = hold.promise
      return hold.resolve
    },
    /** What a retention deletes. */
    expire(last: number) {
      isExpired = true
      table = table.filter(({ seq }) => seq > last)
    },
    beforeRead: (run: () => void) => {
      hook = run
    },
    /** What a compaction leaves out. */
    remove(...seqs: number[]) {
      table = table.filter(({ seq }) => !seqs.includes(seq))
    },
    write(count: number, { silently = false, size: own = size } = {}) {
      const frames = Array.from({ length: count }, (_, index): Frame => {
        return { seq: head + index + 1, type: 'agent_choice', runId: 'r', json: 'x'.repeat(own) }
      })
      head += count
      table.push(...frames)
      if (!silently) feed.publish('s', frames)
    },
  }
}
