import type { Edit } from './patch.ts'

/** A place in the source where a process can be made to die, stop, fail or be slow. */
export type FaultPoint = {
  name: string
  file: string
  /** Text that stands exactly once in the file; the point lies before or after it. */
  anchor: string
  insert: 'before' | 'after'
  /** A point in a function that is not async stops the whole process for a delay. */
  waits: boolean
  proves: string
}

export function findPoint(name: string): FaultPoint {
  const point = faultPoints.find((each) => each.name === name)
  if (point) return point
  const names = faultPoints.map((each) => each.name).join(', ')
  throw new Error(`There is no fault point ${name}; there are: ${names}`)
}

/** What puts the point into its file; see `installFaults` for what is called there. */
export function editOf({ name, file, anchor, insert, waits }: FaultPoint): Edit {
  const call = waits
    ? `await globalThis.parleyFault('${name}');`
    : `globalThis.parleyFault('${name}');`
  const replace = insert === 'before' ? `${call} ${anchor}` : `${anchor} ;${call}`
  return { file, find: anchor, replace }
}

export const faultPoints: readonly FaultPoint[] = [
  {
    name: 'start.before-commit',
    file: 'src/runtime/starter.ts',
    anchor:
      'const started = await rows\n      .start({ ...row, session: target, instance, events })',
    insert: 'before',
    waits: true,
    proves: 'R3: a message that was not acknowledged may be sent again; nothing half is there',
  },
  {
    name: 'start.committed',
    file: 'src/runtime/starter.ts',
    anchor: 'clock.adjust(started.time)',
    insert: 'before',
    waits: true,
    proves:
      'R3, R8: a run that is committed goes on although its answer never left; its key finds it',
  },
  {
    name: 'journal.before-commit',
    file: 'src/runtime/journal.ts',
    anchor: 'const results = await commitWithRetry(rows, batch)',
    insert: 'before',
    waits: true,
    proves: 'R1, R6: what was collected and not committed was never seen; a stale owner is refused',
  },
  {
    name: 'journal.committed',
    file: 'src/runtime/journal.ts',
    anchor: 'const frames = row.events.map((event, index) =>',
    insert: 'before',
    waits: false,
    proves: 'R1, R2: what was committed and never sent is read again, in its place',
  },
  {
    name: 'follower.page-read',
    file: 'src/runtime/feed.ts',
    anchor: 'const found = await hub.read(cursor)',
    insert: 'after',
    waits: true,
    proves: 'R2: what is committed while a page is on its way reaches whoever asked for it',
  },
  {
    name: 'transaction.before-commit',
    file: 'src/store/transaction.ts',
    anchor: "await run('commit', [], 'objects')",
    insert: 'before',
    waits: true,
    proves: 'R3, R9: a decision, an enqueued run or a steered message is there whole or not at all',
  },
  {
    name: 'approval.decided',
    file: 'src/runtime/runs.ts',
    anchor: "if (!decided) throw new Problem('not_found', `There is no approval ${approvalId}`)",
    insert: 'after',
    waits: true,
    proves:
      'R3, R9: a decision whose answer never left counts, and the same again is answered alike',
  },
  {
    name: 'resume.decided',
    file: 'src/runtime/runs.ts',
    anchor: 'const decided = await rows.decideApproval(scope, target, toDecision(scope, decision))',
    insert: 'after',
    waits: true,
    proves: 'R3, R9: the same for decisions by session',
  },
  {
    name: 'cancel.asked',
    file: 'src/runtime/runs.ts',
    anchor: 'const asked = await rows.requestCancel(scope, runId)',
    insert: 'after',
    waits: true,
    proves: 'R3, R16: a cancel that is committed ends the run although nobody was told of it',
  },
  {
    name: 'call.before-started',
    file: 'src/runtime/announce-calls.ts',
    anchor: 'if (next.announced) return',
    insert: 'after',
    waits: false,
    proves: 'R5: a call that was never started runs once, after the takeover',
  },
  {
    name: 'call.started',
    file: 'src/runtime/tool-calls.ts',
    anchor: 'const outcome = await execute(context, run, plan)',
    insert: 'before',
    waits: true,
    proves: 'R5: a call that is started and never ran is unknown',
  },
  {
    name: 'call.executed',
    file: 'src/runtime/tool-calls.ts',
    anchor: 'const outcome = await execute(context, run, plan)',
    insert: 'after',
    waits: true,
    proves: 'R5: a call that ran and whose result was not kept is unknown, and does not run again',
  },
  {
    name: 'run.parked',
    file: 'src/runtime/executor.ts',
    anchor: "if (outcome.type !== 'parked') return",
    insert: 'after',
    waits: true,
    proves: 'R4: a run that parks while it is decided goes on',
  },
  {
    name: 'lease.before-renewal',
    file: 'src/runtime/lease-keeper.ts',
    anchor: 'const rows = await renew(asked.map((run) => run.id))',
    insert: 'before',
    waits: true,
    proves: 'R4, R6: an owner that does not renew in time writes nothing more',
  },
  {
    name: 'recovery.claimed',
    file: 'src/runtime/executor.ts',
    anchor: 'const loaded = await leases.load(claimed.id)',
    insert: 'before',
    waits: true,
    proves: 'R4: a run whose new owner dies at once is taken again, three times at most',
  },
  {
    name: 'recovery.before-step',
    file: 'src/runtime/executor.ts',
    anchor: 'else await announce(run, claimed)',
    insert: 'after',
    waits: true,
    proves: 'R4: the same after the new owner has said that it goes on',
  },
  {
    name: 'drain.begun',
    file: 'src/runtime/executor.ts',
    anchor: 'clearInterval(timer)',
    insert: 'after',
    waits: true,
    proves: 'R13: a server that dies while it stops loses no run',
  },
  {
    name: 'drain.released',
    file: 'src/runtime/executor.ts',
    anchor: 'const released = await leases.release({ runId: run.id, token: run.token })',
    insert: 'after',
    waits: true,
    proves: 'R13: a run that was handed over and offered to nobody goes on',
  },
  {
    name: 'key.taken',
    file: 'src/http/idempotency.ts',
    anchor: "c.set('runKey', claim)",
    insert: 'after',
    waits: true,
    proves: 'R8: the key of a request that died before it acted is free again',
  },
  {
    name: 'key.acted',
    file: 'src/http/idempotency.ts',
    anchor: 'if (!startsRun) await keep(c, key, response.clone())',
    insert: 'before',
    waits: true,
    proves: 'R8: a request that acted and whose answer was not kept',
  },
  {
    name: 'migration.before-commit',
    file: 'src/store/migrate.ts',
    anchor: "await session.execute('commit')",
    insert: 'before',
    waits: true,
    proves: 'R17: a first boot that is cut off is made again from nothing',
  },
  {
    name: 'archive.taken',
    file: 'src/runtime/archiver.ts',
    anchor: 'const answer = await send(turn, stopping.signal).catch((error: unknown) => {',
    insert: 'before',
    waits: true,
    proves: 'R3: a turn that was taken for the archive and never posted is posted by the next one',
  },
  {
    name: 'archive.sent',
    file: 'src/runtime/archiver.ts',
    anchor: 'await settle(delivery, answer)',
    insert: 'before',
    waits: true,
    proves: 'R3: a turn that was posted and not struck off is posted again, under the same id',
  },
]
