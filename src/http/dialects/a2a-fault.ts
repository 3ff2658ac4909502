import { Problem, type ProblemCode } from '#contract/problem.ts'

/** What goes wrong in A2A, with its names on both bindings. */
export const faultKinds = {
  malformed: { code: -32700, status: 400, name: 'INVALID_ARGUMENT', reason: 'PARSE_ERROR' },
  invalid_request: {
    code: -32600,
    status: 400,
    name: 'INVALID_ARGUMENT',
    reason: 'INVALID_REQUEST',
  },
  method_not_found: { code: -32601, status: 404, name: 'NOT_FOUND', reason: 'METHOD_NOT_FOUND' },
  invalid_params: { code: -32602, status: 400, name: 'INVALID_ARGUMENT', reason: 'INVALID_PARAMS' },
  task_not_found: { code: -32001, status: 404, name: 'NOT_FOUND', reason: 'TASK_NOT_FOUND' },
  task_not_cancelable: {
    code: -32002,
    status: 400,
    name: 'FAILED_PRECONDITION',
    reason: 'TASK_NOT_CANCELABLE',
  },
  push_not_supported: {
    code: -32003,
    status: 400,
    name: 'FAILED_PRECONDITION',
    reason: 'PUSH_NOTIFICATION_NOT_SUPPORTED',
  },
  unsupported_operation: {
    code: -32004,
    status: 400,
    name: 'FAILED_PRECONDITION',
    reason: 'UNSUPPORTED_OPERATION',
  },
  content_type_not_supported: {
    code: -32005,
    status: 400,
    name: 'INVALID_ARGUMENT',
    reason: 'CONTENT_TYPE_NOT_SUPPORTED',
  },
  version_not_supported: {
    code: -32009,
    status: 400,
    name: 'FAILED_PRECONDITION',
    reason: 'VERSION_NOT_SUPPORTED',
  },
} as const

export type FaultKind = keyof typeof faultKinds

export class A2aFault extends Error {
  readonly kind: FaultKind

  constructor(kind: FaultKind, message: string) {
    super(message)
    this.name = 'A2aFault'
    this.kind = kind
  }
}

/** A refusal as a fault of the protocol; undefined for those that are answers of HTTP. */
export function faultOf(error: unknown): A2aFault | undefined {
  if (error instanceof A2aFault) return error
  if (!(error instanceof Problem)) return undefined
  const kind = ofProblems[error.code]
  return kind && new A2aFault(kind, error.message)
}

export function rpcError({ kind, message }: A2aFault): object {
  return { code: faultKinds[kind].code, message, data: [infoOf(faultKinds[kind].reason)] }
}

export function restError({ kind, message }: A2aFault): { status: number; body: object } {
  const { status, name, reason } = faultKinds[kind]
  return { status, body: errorBody({ status, name, reason, message }) }
}

/** A status of HTTP in the shape of both bindings. */
export function errorBody({
  status,
  name,
  reason,
  message,
}: Record<'name' | 'reason' | 'message', string> & { status: number }): object {
  return { error: { code: status, status: name, message, details: [infoOf(reason)] } }
}

function infoOf(reason: string): object {
  return {
    '@type': 'type.googleapis.com/google.rpc.ErrorInfo',
    reason,
    domain: 'a2a-protocol.org',
  }
}

const ofProblems: Partial<Record<ProblemCode, FaultKind>> = {
  invalid_json: 'malformed',
  validation_failed: 'invalid_params',
  not_found: 'invalid_params',
  session_busy: 'unsupported_operation',
  conflict: 'unsupported_operation',
  nothing_pending: 'unsupported_operation',
  already_decided: 'unsupported_operation',
  events_expired: 'unsupported_operation',
}
