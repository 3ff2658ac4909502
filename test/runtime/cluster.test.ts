import { expect, onTestFinished, test } from 'vitest'
import { createCluster } from '#runtime/cluster.ts'
import type { Notice } from '#store/notices.ts'

test('what others tell makes this instance act at once', async () => {
  const { open, done } = await startCluster()
  open.onNotice({ type: 'head', sessionId: 'ses_1', head: 4 })
  open.onNotice({ type: 'queued' })
  open.onNotice({ type: 'cancelled', runId: 'run_1' })
  open.onNotice({ type: 'answered', elicitationId: 'eli_1' })
  expect(done).toEqual(['hint ses_1 4', 'look', 'interrupt run_1', 'answered eli_1'])
})

test('a poll finds what nobody told: heads of followed logs, cancels of held runs', async () => {
  const { done, untilDone } = await startCluster({ followed: ['ses_1'], held: ['run_1'] })
  await untilDone('hint ses_1 9')
  await untilDone('interrupt run_1')
  expect(new Set(done)).toEqual(
    new Set(['heads ses_1', 'hint ses_1 9', 'cancels run_1', 'interrupt run_1']),
  )
})

test('who follows a session that was removed elsewhere is at the end', async () => {
  const { done, untilDone } = await startCluster({ followed: ['ses_1', 'ses_2'], removed: 'ses_1' })
  await untilDone('end ses_1')
  expect(done).toEqual(['heads ses_1,ses_2', 'hint ses_2 9', 'end ses_1'])
})

test('nothing is asked while nothing is followed and no run is held', async () => {
  const { done, untilAsked } = await startCluster()
  await untilAsked(3)
  expect(done).toEqual([])
})

test('after a gap everything is looked at, and again after a look that failed', async () => {
  const { open, done, untilDone } = await startCluster({ followed: ['ses_1'], failures: 1 })
  open.onGap()
  await untilDone('hint ses_1 9')
  expect(done).toEqual(['look', 'heads ses_1', 'warn', 'heads ses_1', 'hint ses_1 9'])
})

/** A cluster of which everything that it does is written down. */
async function startCluster({
  followed = [],
  held = [],
  removed,
  failures = 0,
}: {
  followed?: string[]
  held?: string[]
  /** A session that is followed and is not there any more. */
  removed?: string
  /** So many reads of heads fail first. */
  failures?: number
} = {}) {
  const done: string[] = []
  let asked = 0
  let failuresLeft = failures
  let watch = () => {}
  const note = (what: string) => {
    done.push(what)
    watch()
  }
  let open: { onNotice(notice: Notice): void; onGap(): void } | undefined
  const cluster = createCluster({
    open: async (handlers) => {
      open = handlers
      return { tell: () => {}, hears: () => false, close: async () => {} }
    },
    rows: {
      async heads(sessionIds) {
        note(`heads ${sessionIds}`)
        failuresLeft -= 1
        if (failuresLeft >= 0) throw new Error('The database is away')
        const there = sessionIds.filter((sessionId) => sessionId !== removed)
        return there.map((sessionId) => ({ sessionId, head: 9 }))
      },
      async cancelRequests(runIds) {
        note(`cancels ${runIds}`)
        return runIds
      },
    },
    feed: {
      hint: (sessionId, head) => note(`hint ${sessionId} ${head}`),
      end: (sessionId) => note(`end ${sessionId}`),
      followedElsewhere() {
        asked += 1
        watch()
        return followed
      },
    },
    runs: {
      look: () => note('look'),
      interrupt(runId) {
        note(`interrupt ${runId}`)
        return true
      },
      held: () => held,
    },
    answered: (elicitationId) => note(`answered ${elicitationId}`),
    log: { warn: () => note('warn') },
  })
  await cluster.start()
  onTestFinished(() => cluster.stop())
  if (!open) throw new Error('The cluster did not open its notices')
  const until = (holds: () => boolean) =>
    new Promise<void>((resolve) => {
      watch = () => {
        if (holds()) resolve()
      }
      watch()
    })
  return {
    open,
    done,
    untilDone: (what: string) => until(() => done.includes(what)),
    untilAsked: (count: number) => until(() => asked >= count),
  }
}
