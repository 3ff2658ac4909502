import { afterAll, expect, test } from 'vitest'
import { commitEntries } from '#store/commit-entries.ts'
import { decideApproval, requestCancel } from '#store/decisions.ts'
import type { LogEntry, RunChange } from '#store/log.ts'
import { requeueDecided } from '#store/requeue.ts'
import { claimRuns } from '#store/run-claims.ts'
import { failUnbegun } from '#store/run-ending.ts'
import { mine, openStore } from './rows.ts'

const { store, database, rows, close } = await openStore()
afterAll(close)

const instance = 'one/1'

async function claim({ held = [], doubted = [] }: { held?: string[]; doubted?: string[] } = {}) {
  const request = { instance, limit: 50, orphans: false, held, doubted }
  return (await claimRuns(database, request)).map(({ id }) => id)
}

/** A run that an instance has, and whose lease it took so many seconds ago. */
async function runOf(leaseOwner: string, age: number) {
  const session = await rows.session({ runToken: 1 })
  const leaseExpiresAt = new Date(Date.now() + (15 - age) * 1000)
  const run = await rows.run(session, { status: 'running', token: 1, leaseOwner, leaseExpiresAt })
  return { session, run }
}

test('a run of its own that an instance does not hold is taken once it has missed a renewal', async () => {
  const { run: held } = await runOf(instance, 9)
  const { run: young } = await runOf(instance, 2)
  const { run: others } = await runOf('two/2', 9)
  const { run: lost } = await runOf(instance, 9)
  expect(await claim({ held: [held] })).toEqual([lost])
  expect(await claim({ held: [held, lost], doubted: [young, others, held] })).toEqual([young])
})

const change: Omit<RunChange, 'id'> = {
  status: 'waiting',
  agentName: 'root',
  model: null,
  iterations: 1,
  plan: null,
  iterationLimit: 20,
  stopReason: null,
  completed: false,
  waitingFor: { kind: 'approval', ids: ['call_model'] },
  error: null,
  wakeAt: '2040-01-01T00:00:00.000Z',
  usage: {
    input_tokens: 0,
    output_tokens: 0,
    cached_input_tokens: 0,
    reasoning_tokens: 0,
    cost: null,
  },
  toolCalls: 0,
  activeMs: 0,
}

async function park({ session, run }: { session: string; run: string }): Promise<void> {
  const entry: LogEntry = {
    sessionId: session,
    token: 1,
    events: [],
    calls: [],
    runs: [{ id: run, ...change }],
    begun: [],
    spent: [],
    sessions: [],
    subRuns: [],
    approvals: [],
    elicitations: [],
    contexts: [],
    consumed: [],
    expired: [],
    closed: [],
    taken: [],
  }
  expect(await commitEntries(database, [entry])).not.toContain(null)
}

async function askTwice({ session: sessionId, run: runId }: { session: string; run: string }) {
  const ask = async (ordinal: number) => {
    const toolCallId = await rows.call(sessionId, runId, { ordinal, callId: `call_${ordinal}` })
    return rows.approval({ sessionId, runId, toolCallId })
  }
  return [await ask(0), await ask(1)]
}

const approval = {
  approve: true,
  scope: 'call',
  reason: null,
  arguments: null,
  decidedBy: 'ada',
} as const

test('a decision before the run parks wakes it when the process dies that parked it', async () => {
  const place = await runOf(instance, 0)
  const [approvalId = ''] = await askTwice(place)
  await decideApproval(database, mine, { approvalId }, approval)
  expect(await claim({ held: [place.run] })).not.toContain(place.run)
  await park(place)
  expect(await claim()).toEqual([place.run])
})

test('a run that parked after one of two decisions waits for the other', async () => {
  const place = await runOf(instance, 0)
  const [first = '', second = ''] = await askTwice(place)
  await decideApproval(database, mine, { approvalId: first }, approval)
  await park(place)
  expect(await requeueDecided(database, place.session, change.wakeAt)).toBeNull()
  expect(await claim({ held: [place.run] })).not.toContain(place.run)
  const decided = await decideApproval(database, mine, { approvalId: second }, approval)
  expect(decided).toMatchObject({ requeuedRunId: place.run })
  expect(await claim()).toEqual([place.run])
})

test('a cancel before the run parks ends it when the process dies that parked it', async () => {
  const place = await runOf(instance, 0)
  await requestCancel(database, mine, place.run)
  await park(place)
  expect(await claim()).toEqual([place.run])
})

test('a run that fails before it began leaves no message behind', async () => {
  const session = await rows.session()
  const run = await rows.run(session, { status: 'running', token: 3, firstSeq: 5 })
  await database.query(
    `insert into steered_messages (id, tenant, session_id, run_id, body)
     values ('msg_' || $1, 'acme', $2, $1, '{}'::json)`,
    [run, session],
  )
  const error = { code: 'too_many_attempts', message: 'No', retryable: false } as const
  await failUnbegun(database, { runId: run, token: 2, error })
  expect(await store.runs.get(mine, run)).toMatchObject({ status: 'running' })
  await failUnbegun(database, { runId: run, token: 3, error })
  expect(await store.runs.get(mine, run)).toMatchObject({ status: 'failed', error })
  const left = await database.query('select 1 from steered_messages where run_id = $1', [run])
  expect(left).toHaveLength(0)
})
