import type { Edit } from './patch.ts'

/** A mistake that the trials must notice: what a server without one of its precautions would be. */
export type SeededBug = {
  name: string
  /** The promise that is broken. */
  promise: string
  edits: readonly Edit[]
}

export function findBug(name: string): SeededBug {
  const bug = seededBugs.find((each) => each.name === name)
  if (bug) return bug
  const names = seededBugs.map((each) => each.name).join(', ')
  throw new Error(`There is no seeded bug ${name}; there are: ${names}`)
}

const dropFence: SeededBug = {
  name: 'drop-fence',
  promise: 'R6',
  edits: [
    {
      file: 'src/store/commit-entries.ts',
      find: ' and (e.token is null or s.run_token = e.token)',
      replace: '',
    },
  ],
}

/** The frames are made with the seqs that the commit will most likely give. */
const emitBeforeCommit: SeededBug = {
  name: 'emit-before-commit',
  promise: 'R1',
  edits: [
    {
      file: 'src/runtime/journal.ts',
      find: '    const rows = batch.map(toLogEntry)\n',
      replace: `    const rows = batch.map(toLogEntry)
    const early = new Date(clock.now()).toISOString()
    for (const [index, row] of rows.entries()) {
      const head = batch[index].log.head
      if (head === 0 || row.events.length === 0) continue
      publish(row.sessionId, row.events.map((event, place) =>
        toFrame(event, { seq: head + place + 1, timestamp: early })))
    }
    await new Promise(setImmediate)
`,
    },
    {
      file: 'src/runtime/journal.ts',
      find: 'entry.log.head = result.base + row.events.length',
      replace: `const wasEarly = entry.log.head > 0
    entry.log.head = result.base + row.events.length`,
    },
    {
      file: 'src/runtime/journal.ts',
      find: 'if (frames.length > 0) publish(row.sessionId, frames)',
      replace: 'if (frames.length > 0 && !wasEarly) publish(row.sessionId, frames)',
    },
  ],
}

/** What is committed between the last page and the subscription reaches nobody. */
const replayThenSubscribe: SeededBug = {
  name: 'replay-then-subscribe',
  promise: 'R2',
  edits: [
    {
      file: 'src/runtime/feed.ts',
      find: '  hub.followers.add(wake)\n',
      replace: '  let subscribed = false\n  let replaying = true\n',
    },
    {
      file: 'src/runtime/feed.ts',
      find: 'const frames = takePage() ?? hub.after(cursor)',
      replace: `const replayed = takePage()
    if (!replayed && replaying && subscribed) {
      replaying = false
      cursor = Math.max(cursor, hub.head() ?? 0)
    }
    const frames = replayed ?? (replaying ? null : hub.after(cursor))`,
    },
    {
      file: 'src/runtime/feed.ts',
      find: 'if (head === undefined || head > cursor) void readPage()',
      replace: 'if (replaying || head === undefined || head > cursor) void readPage()',
    },
    {
      file: 'src/runtime/feed.ts',
      find: '    const found = await hub.read(cursor)\n    reading = false\n',
      replace: `    const found = await hub.read(cursor)
    reading = false
    if (found && !found.more && !subscribed) {
      subscribed = true
      hub.followers.add(wake)
    }
`,
    },
    {
      file: 'src/runtime/feed.ts',
      find: '|| isBehind)) wake()',
      replace: '|| isBehind || replaying)) wake()',
    },
  ],
}

const acknowledgeBeforeCommit: SeededBug = {
  name: 'acknowledge-before-commit',
  promise: 'R3',
  edits: [
    {
      file: 'src/runtime/runs.ts',
      find: 'const decided = await rows.decideApproval(scope, { approvalId }, toDecision(scope, decision))',
      replace: `const asked = await rows.approval(scope, approvalId)
      if (asked?.status === 'pending') {
        rows.decideApproval(scope, { approvalId }, toDecision(scope, decision)).then(
          (late) => { if (late?.requeuedRunId) executor.kick() }, () => undefined)
        return {
          ...asked,
          status: decision.decision === 'approve' ? 'approved' : 'rejected',
          decided_at: new Date().toISOString(),
          decided_by: scope.owner ?? 'local',
        }
      }
      const decided = await rows.decideApproval(scope, { approvalId }, toDecision(scope, decision))`,
    },
  ],
}

const instanceNow = 'to_timestamp(${Date.now() / 1000})'

const leasesOnInstanceClock: SeededBug = {
  name: 'leases-on-instance-clock',
  promise: 'R18',
  edits: [
    {
      file: 'src/store/run-claims.ts',
      find: 'r.lease_expires_at < now()',
      replace: `r.lease_expires_at < ${instanceNow}`,
    },
    {
      file: 'src/store/run-claims.ts',
      find: "lease_expires_at = now() + interval '${leaseSeconds} s', waiting_for",
      replace: `lease_expires_at = ${instanceNow} + interval '\${leaseSeconds} s', waiting_for`,
    },
    {
      file: 'src/store/run-claims.ts',
      find: "`update runs set lease_expires_at = now() + interval '${leaseSeconds} s'",
      replace: `\`update runs set lease_expires_at = ${instanceNow} + interval '\${leaseSeconds} s'`,
    },
  ],
}

const pollRemoved: SeededBug = {
  name: 'poll-removed',
  promise: 'R15',
  edits: [
    {
      file: 'src/runtime/cluster.ts',
      find: 'if (!stopped) timer = setTimeout(() => void look(), wait()).unref()',
      replace: 'void wait',
    },
    {
      file: 'src/runtime/cluster.ts',
      find: 'now: () => void look(),',
      replace: 'now: () => undefined,',
    },
  ],
}

const approveWithoutCompare: SeededBug = {
  name: 'approve-without-compare',
  promise: 'R9',
  edits: [
    {
      file: 'src/store/decisions.ts',
      find: "if (approval?.status !== 'pending' || approval.expired) {",
      replace: 'if (!approval || approval.expired) {',
    },
    {
      file: 'src/store/decisions.ts',
      find: "where id = $1 and status = 'pending'`,\n    [approvalId, status,",
      replace: 'where id = $1`,\n    [approvalId, status,',
    },
  ],
}

const reaperOnlyAtBoot: SeededBug = {
  name: 'reaper-only-at-boot',
  promise: 'R4',
  edits: [
    {
      file: 'src/runtime/executor.ts',
      find: 'timer = setInterval(look, claimEvery + Math.random() * 200).unref()',
      replace: '',
    },
  ],
}

const recoveryRepeatsStarted: SeededBug = {
  name: 'recovery-repeats-started',
  promise: 'R5',
  edits: [
    {
      file: 'src/runtime/next-for-call.ts',
      find: 'if (!repeatable && !inTime) {',
      replace: 'if (!repeatable && !inTime && false) {',
    },
  ],
}

/** Of each session's entry, from a sequence that all sessions share. */
const nextSeq = (count: string) =>
  `(select max(nextval('event_seq')) from generate_series(1, ${count}))`

const globalSequence: SeededBug = {
  name: 'global-sequence',
  promise: 'R2',
  edits: [
    {
      file: 'src/store/migrate.ts',
      find: "  await session.execute('commit')",
      replace:
        "  await session.execute('create sequence event_seq')\n  await session.execute('commit')",
    },
    {
      file: 'src/store/commit-entries.ts',
      find: 'set last_seq = s.last_seq + e.count, ',
      replace: `set last_seq = coalesce(${nextSeq('e.count')}, s.last_seq), `,
    },
    {
      file: 'src/store/run-start.ts',
      find: '), own_key as materialized (',
      replace: `), numbered as materialized (
  select entry, ${nextSeq('i.count')} as head from item i
), own_key as materialized (`,
    },
    {
      file: 'src/store/run-start.ts',
      find: 'i.session_metadata, i.count, 1,',
      replace: 'i.session_metadata, (select head from numbered n where n.entry = i.entry), 1,',
    },
    {
      file: 'src/store/run-start.ts',
      find: 'select i.entry, s.id, s.last_seq, s.run_token',
      replace: `select i.entry, s.id, (select head - i.count from numbered n where n.entry = i.entry)
    as last_seq, s.run_token`,
    },
    {
      file: 'src/store/run-start.ts',
      find: '0::bigint as base,',
      replace: '(select head - i.count from numbered n where n.entry = i.entry) as base,',
    },
    {
      file: 'src/store/run-start.ts',
      find: 'set last_seq = s.last_seq + b.count',
      replace: 'set last_seq = b.base + b.count',
    },
  ],
}

export const seededBugs: readonly SeededBug[] = [
  dropFence,
  emitBeforeCommit,
  replayThenSubscribe,
  acknowledgeBeforeCommit,
  leasesOnInstanceClock,
  pollRemoved,
  approveWithoutCompare,
  reaperOnlyAtBoot,
  recoveryRepeatsStarted,
  globalSequence,
]
