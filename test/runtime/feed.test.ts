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

test('a hint of another instance makes the follower look at the table', async () => {
  const { feed, write } = startFeed()
  const follower = feed.follow({ sessionId: 's', after: 0 })
  const next = follower.next()
  write(2, { silently: true })
  feed.hint('s', 2)
  expect(seqs(await next)).toEqual([1, 2])
})

test('close ends a follower that waits', async () => {
  const { feed } = startFeed()
  const follower = feed.follow({ sessionId: 's', after: 0 })
  const next = follower.next()
  follower.close()
  expect(await next).toBeNull()
  expect(feed.counters()).toEqual({ sessions: 0, followers: 0 })
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

function seqs(frames: Frame[] | null): number[] {
  return (frames ?? []).map((frame) => frame.seq)
}

/** A feed over a table in memory. */
function startFeed({ size = 10 }: { size?: number } = {}) {
  const table: Frame[] = []
  let hook = () => {}
  const feed = createFeed({
    async read({ after, limit }) {
      const page = table.slice(after, after + limit)
      const run = hook
      hook = () => {}
      run()
      return { frames: page, more: page.length === limit }
    },
  })
  return {
    feed,
    beforeRead: (run: () => void) => {
      hook = run
    },
    write(count: number, { silently = false }: { silently?: boolean } = {}) {
      const frames = Array.from({ length: count }, (_, index): Frame => {
        const seq = table.length + index + 1
        return { seq, type: 'agent_choice', runId: 'r', json: 'x'.repeat(size) }
      })
      table.push(...frames)
      if (!silently) feed.publish('s', frames)
    },
  }
}
