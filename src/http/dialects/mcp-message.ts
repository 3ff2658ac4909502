import { Problem, type ProblemCode } from '#contract/problem.ts'
import { type Answer, json } from './dialect.ts'
import { type Fields, isFields } from './fields.ts'

export type RequestId = string | number

export type Incoming =
  | { type: 'request'; id: RequestId; method: string; params: Fields }
  | { type: 'notification'; method: string; params: Fields }
  | { type: 'response'; id: RequestId | null; result: Fields | null }

/** Versions of the protocol that are spoken, the newest first. */
export const protocolVersions = ['2025-11-25', '2025-06-18', '2025-03-26'] as const

/** The codes of JSON-RPC, and the one that MCP has for resources. */
export const errorCodes = {
  parse: -32700,
  invalidRequest: -32600,
  methodNotFound: -32601,
  invalidParams: -32602,
  server: -32000,
  resourceNotFound: -32002,
} as const

/** A JSON-RPC message. A batch is refused: the newer versions of the protocol have none. */
export function readMessage(body: unknown): Incoming {
  if (Array.isArray(body)) throw malformed('Batches are not part of the protocol; send one message')
  if (!isFields(body) || body.jsonrpc !== '2.0') throw malformed('This is no JSON-RPC 2.0 message')
  const { id, method, params = {}, result } = body
  if (method === undefined && ('result' in body || 'error' in body)) {
    return {
      type: 'response',
      id: isRequestId(id) ? id : null,
      result: isFields(result) ? result : null,
    }
  }
  if (typeof method !== 'string') throw malformed('method must be a string')
  if (!isFields(params)) throw malformed('params must be an object')
  if (!('id' in body)) return { type: 'notification', method, params }
  if (!isRequestId(id)) throw malformed('id must be a string or a number')
  return { type: 'request', id, method, params }
}

export function isRequestId(value: unknown): value is RequestId {
  if (typeof value === 'string') return value.length <= longestId
  return typeof value === 'number' && Number.isFinite(value)
}

export function resultOf(id: RequestId, result: object, headers?: Record<string, string>): Answer {
  return json({ jsonrpc: '2.0', id, result }, 200, headers)
}

export function errorOf(id: RequestId, code: number, message: string, data?: object): Answer {
  return json({ jsonrpc: '2.0', id, error: { code, message, ...(data && { data }) } })
}

/** What went wrong before there was a request to answer. */
export function refuse({ code, message }: Problem, status: number): Answer {
  const error = { code: rpcCode(code), message, data: { code } }
  const shown = code === 'validation_failed' ? 400 : status
  return json({ jsonrpc: '2.0', id: null, error }, shown)
}

export function rpcCode(code: ProblemCode): number {
  if (code === 'invalid_json') return errorCodes.parse
  if (code === 'validation_failed') return errorCodes.invalidRequest
  return errorCodes.server
}

export function malformed(message: string): Problem {
  return new Problem('validation_failed', message)
}

/** Ids come back within those of events. */
const longestId = 200
