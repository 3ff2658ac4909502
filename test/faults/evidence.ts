import type { RecordedRequest } from '../support/model-server.ts'
import type { Contents } from './contents.ts'
import type { History } from './history.ts'
import type { Execution } from './ledger.ts'

export type PromiseId = `R${number}`

/** A promise that was not held, with what shows it. */
export type Violation = { promise: PromiseId; what: string }

/** All that is known when a trial is over. */
export type Evidence = {
  history: Pick<History, 'entries'>
  contents: Contents
  ledger: readonly Execution[]
  /** What the model was sent. */
  requests: readonly Pick<RecordedRequest, 'body'>[]
}

/** What one promise forbids, found in the evidence: a line for each time. */
export type Rule = { promise: PromiseId; name: string; find(evidence: Evidence): string[] }
