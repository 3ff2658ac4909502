import type { ProblemCode } from './problem.ts'

/** What a code means on the wire. */
export const problemKinds = {
  invalid_json: { status: 400, title: 'The request is malformed' },
  unauthorized: { status: 401, title: 'A key is needed' },
  forbidden: { status: 403, title: 'This is not allowed' },
  code_disabled: { status: 403, title: 'Code is turned off' },
  not_found: { status: 404, title: 'There is no such thing' },
  method_not_allowed: { status: 405, title: 'The method is not allowed here' },
  not_acceptable: { status: 406, title: 'No representation fits the Accept header' },
  conflict: { status: 409, title: 'The request conflicts with what exists' },
  session_busy: { status: 409, title: 'The session is busy' },
  no_active_run: { status: 409, title: 'No run is active' },
  nothing_pending: { status: 409, title: 'Nothing waits for a decision' },
  already_decided: { status: 409, title: 'The decision was made already' },
  agent_read_only: { status: 409, title: 'The agent is read-only' },
  idempotency_in_flight: { status: 409, title: 'The same request is on its way' },
  events_expired: { status: 410, title: 'The events are gone' },
  request_timeout: { status: 408, title: 'The request took too long' },
  payload_too_large: { status: 413, title: 'The body is too large' },
  unsupported_media_type: { status: 415, title: 'The media type is not supported' },
  validation_failed: { status: 422, title: 'The request has the wrong shape' },
  agent_invalid: { status: 422, title: 'The agent is invalid' },
  idempotency_mismatch: { status: 422, title: 'The key belongs to another request' },
  rate_limited: { status: 429, title: 'Too many requests' },
  queue_full: { status: 429, title: 'The queue is full' },
  headers_too_large: { status: 431, title: 'The headers are too large' },
  internal: { status: 500, title: 'Something went wrong on the server' },
  unavailable: { status: 503, title: 'The server cannot answer now' },
} as const satisfies Record<ProblemCode, { status: number; title: string }>

export type ProblemStatus = (typeof problemKinds)[ProblemCode]['status']

/** The component of `components.responses` that describes each status. */
export const problemResponses = {
  400: { component: 'BadRequest', description: 'The request is malformed' },
  401: { component: 'Unauthorized', description: 'A key is missing, wrong or expired' },
  403: { component: 'Forbidden', description: 'The caller may not do this from here' },
  404: { component: 'NotFound', description: 'It does not exist, or belongs to someone else' },
  405: { component: 'MethodNotAllowed', description: 'Allow lists the methods of the path' },
  406: { component: 'NotAcceptable', description: 'No representation fits the Accept header' },
  408: { component: 'RequestTimeout', description: 'The request was not here whole in time' },
  409: { component: 'Conflict', description: 'It conflicts with what exists; `code` says how' },
  410: { component: 'Gone', description: 'The events are older than the retention' },
  413: { component: 'PayloadTooLarge', description: 'The body is larger than the limit' },
  415: { component: 'UnsupportedMediaType', description: 'The body must be application/json' },
  422: { component: 'Unprocessable', description: 'The shape is wrong; `errors` names each field' },
  429: { component: 'TooManyRequests', description: 'Wait as long as Retry-After says' },
  431: { component: 'HeadersTooLarge', description: 'The headers are larger than the limit' },
  500: { component: 'InternalError', description: 'A bug; report it with the request id' },
  503: { component: 'Unavailable', description: 'Not ready; wait as long as Retry-After says' },
} as const satisfies Record<ProblemStatus, { component: string; description: string }>
