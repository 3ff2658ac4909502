import { listBackground, readBackgroundRuns } from './background.ts'
import { decideBudget } from './budget-decisions.ts'
import { commitEntries } from './commit-entries.ts'
import { endedRuns } from './commit-runs.ts'
import { compactRuns } from './compaction.ts'
import type { Database } from './database.ts'
import {
  answerElicitation,
  decideApproval,
  decideIterations,
  findElicitation,
  readAnswer,
  requestCancel,
  submitClientResult,
} from './decisions.ts'
import { expireEvents } from './event-expiry.ts'
import { findCommitted, readEvents, readHeads } from './events.ts'
import {
  claimKey,
  extendKeys,
  findActiveRun,
  freeOrphanedKeys,
  keepResponse,
  releaseKey,
  removeExpiredKeys,
} from './idempotency.ts'
import type { LogEntry } from './log.ts'
import { requeueDecided } from './requeue.ts'
import { readCalls, readUnknownCalls } from './run-calls.ts'
import { claimRuns, readCancelRequests, releaseRun, renewLeases } from './run-claims.ts'
import { failUnbegun, loadRunToEnd, readCallsToEnd } from './run-ending.ts'
import {
  findOpenStep,
  loadRun,
  loadSubRun,
  readAgentVersion,
  readHistory,
  readSessionContext,
  readSettings,
  saveAgentVersion,
} from './run-loading.ts'
import { dropQueue, enqueueRun, readPosted, steerRun, takeQueued } from './run-queue.ts'
import { findStartable, findTurn, startRuns } from './run-start.ts'
import { expireSessions } from './session-expiry.ts'
import { removeExpiredTokens } from './token-expiry.ts'

type Rest<Work> = Work extends (database: Database, ...rest: infer Arguments) => infer Result
  ? (...rest: Arguments) => Result
  : never

/**
 * The statements of running, bound to a database: what the runtime gets by argument. With an archive
 * each turn that ends is queued for it, and it is told so.
 */
export function bindRunStatements(
  database: Database,
  { archive }: { archive?: { wake(): void } | undefined } = {},
) {
  function bind<Work extends (database: Database, ...rest: never[]) => unknown>(
    work: Work,
  ): Rest<Work> {
    return ((...rest: never[]) => work(database, ...rest)) as Rest<Work>
  }
  async function commit(entries: LogEntry[]) {
    const committed = await commitEntries(database, entries, { archived: archive !== undefined })
    if (archive && entries.some((entry) => endedRuns(entry).length > 0)) archive.wake()
    return committed
  }
  return {
    log: {
      commit,
      findCommitted: bind(findCommitted),
      read: bind(readEvents),
    },
    queue: {
      start: bind(startRuns),
      enqueue: bind(enqueueRun),
      steer: bind(steerRun),
      posted: bind(readPosted),
      takeQueued: bind(takeQueued),
      drop: bind(dropQueue),
      claim: bind(claimRuns),
      renew: bind(renewLeases),
      release: bind(releaseRun),
      find: bind(findStartable),
      findTurn: bind(findTurn),
      load: bind(loadRun),
      loadSubRun: bind(loadSubRun),
      history: bind(readHistory),
      settings: bind(readSettings),
      sessionContext: bind(readSessionContext),
      calls: bind(readCalls),
      unknownCalls: bind(readUnknownCalls),
      openStep: bind(findOpenStep),
      saveAgentVersion: bind(saveAgentVersion),
      agentVersion: bind(readAgentVersion),
    },
    endings: {
      loadToEnd: bind(loadRunToEnd),
      callsToEnd: bind(readCallsToEnd),
      failUnbegun: bind(failUnbegun),
    },
    background: { list: bind(listBackground), activeRuns: bind(readBackgroundRuns) },
    keys: {
      claim: bind(claimKey),
      extend: bind(extendKeys),
      activeRun: bind(findActiveRun),
      release: bind(releaseKey),
      keepResponse: bind(keepResponse),
      freeOrphaned: bind(freeOrphanedKeys),
    },
    housekeeping: {
      removeExpiredKeys: bind(removeExpiredKeys),
      removeExpiredTokens: bind(removeExpiredTokens),
      expireEvents: bind(expireEvents),
      expireSessions: bind(expireSessions),
    },
    cluster: { heads: bind(readHeads), cancelRequests: bind(readCancelRequests) },
    compact: bind(compactRuns),
    decisions: {
      decideApproval: bind(decideApproval),
      decideIterations: bind(decideIterations),
      decideBudget: bind(decideBudget),
      findElicitation: bind(findElicitation),
      answerElicitation: bind(answerElicitation),
      submitClientResult: bind(submitClientResult),
      readAnswer: bind(readAnswer),
      requestCancel: bind(requestCancel),
      requeueDecided: bind(requeueDecided),
    },
  }
}

export type RunStatements = ReturnType<typeof bindRunStatements>
