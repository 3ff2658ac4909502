import type { RequiredScope } from './access.ts'
import { agentOperations } from './agent-operations.ts'
import { approvalOperations } from './approval-operations.ts'
import { keyOperations } from './key-operations.ts'
import { messageOperations } from './message-operations.ts'
import { runOperations } from './run-operations.ts'
import { serviceOperations } from './service-operations.ts'
import { sessionCopyOperations } from './session-copy-operations.ts'
import { sessionOperations } from './session-operations.ts'

/** Everything that the API can do; each key is the operationId. */
export const operations = {
  ...sessionOperations,
  ...sessionCopyOperations,
  ...messageOperations,
  ...runOperations,
  ...approvalOperations,
  ...agentOperations,
  ...keyOperations,
  ...serviceOperations,
} satisfies Record<string, { 'x-required-scope': RequiredScope }>

export type Operations = typeof operations
export type OperationId = keyof Operations
