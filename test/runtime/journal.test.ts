import { expect, test } from 'vitest'
import { createClock } from '#runtime/clock.ts'
import { createJournal, FenceLost } from '#runtime/journal.ts'
import type { Subject } from '#runtime/pending-entry.ts'
import type { Frame } from '#runtime/runtime.ts'
import type { Committed, LogEntry } from '#store/log.ts'

const subject: Subject = { sessionId: 'ses_1', runId: 'run_1', agent: 'root' }
const settings = { permissions: {}, toolsApproved: false, allowedTools: [], thinking: true }

test('what is emitted while a commit is in flight goes into the next one, deltas joined', async () => {
  const { journal, commits, frames, letGo } = startJournal()
  const log = journal.open({ sessionId: 'ses_1', token: 1 })
  log.emit(subject, text('a', 0))
  await commits.reached(1)
  log.emit(subject, text('b', 1))
  log.emit(subject, text('c', 2))
  letGo()
  await journal.settled()
  expect(commits.sizes()).toEqual([1, 1])
  expect(frames.map((frame) => JSON.parse(frame.json).content)).toEqual(['a', 'bc'])
})

test('nothing is published before its commit', async () => {
  const { journal, frames, letGo, commits } = startJournal()
  journal.open({ sessionId: 'ses_1', token: 1 }).emit(subject, text('a', 0))
  await commits.reached(1)
  expect(frames).toEqual([])
  letGo()
  await journal.settled()
  expect(frames.map((frame) => frame.seq)).toEqual([1])
})

test('a change of state tells where its events stand', async () => {
  const { journal, letGo } = startJournal()
  letGo()
  const log = journal.open({ sessionId: 'ses_1', token: 1 })
  log.emit(subject, text('a', 0))
  const result = await log.commit({
    events: [
      { subject, body: { type: 'step_started', step: 1 } },
      { subject, body: { type: 'run_waiting', reason: 'approval' } },
    ],
  })
  expect(result).toEqual({ firstSeq: 2, lastSeq: 3, settings })
})

test('a refused fence rejects the change and tells the owner', async () => {
  const { journal, lost, frames, letGo } = startJournal({ refuse: 'ses_1' })
  letGo()
  const log = journal.open({ sessionId: 'ses_1', token: 1 })
  const change = log.commit({ events: [{ subject, body: { type: 'step_started', step: 1 } }] })
  await expect(change).rejects.toThrow(FenceLost)
  expect({ lost, frames }).toEqual({ lost: ['ses_1'], frames: [] })
})

test('one entry that the database refuses does not take the others with it', async () => {
  const { journal, letGo, commits } = startJournal({ poison: 'ses_2' })
  const step = { type: 'step_started' as const, step: 1 }
  const held = journal.open({ sessionId: 'ses_0', token: 1 })
  held.emit({ ...subject, sessionId: 'ses_0' }, text('x', 0))
  await commits.reached(1)
  const good = journal
    .open({ sessionId: 'ses_1', token: 1 })
    .commit({ events: [{ subject, body: step }] })
  const bad = journal
    .open({ sessionId: 'ses_2', token: 1 })
    .commit({ events: [{ subject: { ...subject, sessionId: 'ses_2' }, body: step }] })
  letGo()
  await expect(bad).rejects.toThrow('poison')
  await expect(good).resolves.toMatchObject({ firstSeq: 1 })
})

test('a database that comes back gets everything once, in order', async () => {
  const { journal, frames, letGo } = startJournal({ failures: 2 })
  letGo()
  const log = journal.open({ sessionId: 'ses_1', token: 1 })
  log.emit(subject, text('a', 0))
  await log.commit({ events: [{ subject, body: { type: 'step_started', step: 1 } }] })
  expect(frames.map((frame) => [frame.seq, frame.type])).toEqual([
    [1, 'agent_choice'],
    [2, 'step_started'],
  ])
})

test('a commit that got through although its connection broke is not written twice', async () => {
  const { journal, frames, letGo, commits } = startJournal({ failures: 1, appliedAnyway: true })
  letGo()
  const log = journal.open({ sessionId: 'ses_1', token: 1 })
  const result = await log.commit({
    events: [{ subject, body: { type: 'step_started', step: 1 } }],
  })
  expect({ result: result.firstSeq, commits: commits.sizes().length }).toEqual({
    result: 1,
    commits: 1,
  })
  expect(frames.map((frame) => frame.seq)).toEqual([1])
})

test('producers wait when more is waiting than may', async () => {
  const { journal, commits, letGo } = startJournal({ highWater: 300 })
  const log = journal.open({ sessionId: 'ses_1', token: 1 })
  expect(log.emit(subject, text('a', 0))).toBeUndefined()
  await commits.reached(1)
  const wait = log.emit(subject, text('b'.repeat(400), 1))
  expect(wait).toBeInstanceOf(Promise)
  letGo()
  await wait
})

function text(content: string, offset: number) {
  return { type: 'agent_choice' as const, content, part: 0, offset }
}

/** A journal over a store in memory whose commits wait until they are let go. */
function startJournal({
  refuse,
  poison,
  failures = 0,
  appliedAnyway = false,
  highWater = 1_000_000,
}: {
  refuse?: string
  poison?: string
  failures?: number
  appliedAnyway?: boolean
  highWater?: number
} = {}) {
  const heads = new Map<string, number>()
  const committed: number[] = []
  const frames: Frame[] = []
  const lost: string[] = []
  const gate = Promise.withResolvers<void>()
  const waiting: { count: number; resolve: () => void }[] = []
  let left = failures

  function write(entry: LogEntry): Committed | null {
    if (entry.sessionId === refuse) return null
    const base = heads.get(entry.sessionId) ?? 0
    heads.set(entry.sessionId, base + entry.events.length)
    return { base, time: 0, settings }
  }

  const journal = createJournal({
    async commit(entries) {
      committed.push(entries.reduce((sum, entry) => sum + entry.events.length, 0))
      for (const { count, resolve } of waiting) if (committed.length === count) resolve()
      await gate.promise
      if (entries.some((entry) => entry.sessionId === poison)) throw new Error('poison')
      if (left > 0) {
        left -= 1
        if (appliedAnyway) entries.forEach(write)
        throw new Error('away')
      }
      return entries.map(write)
    },
    applied: async (entry) => {
      const head = heads.get(entry.sessionId) ?? 0
      return head > 0 ? { base: head - entry.events.length, time: 0, settings } : null
    },
    publish: (_, batch) => frames.push(...batch),
    clock: createClock({ monotonic: () => performance.now(), start: 0 }),
    highWater,
    retryDelay: 1,
    onFenceLost: (sessionId) => lost.push(sessionId),
    isPassing: (error) => error instanceof Error && error.message === 'away',
  })
  return {
    journal,
    frames,
    lost,
    letGo: gate.resolve,
    commits: {
      sizes: () => committed,
      reached(count: number) {
        if (committed.length >= count) return Promise.resolve()
        return new Promise<void>((resolve) => waiting.push({ count, resolve }))
      },
    },
  }
}
