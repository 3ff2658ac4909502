import type { z } from '@hono/zod-openapi'
import { StreamedEvent } from './event.ts'
import { type ResponseHeader, responseHeaders } from './header.ts'
import type { ProblemCode } from './problem.ts'
import { problemKinds, problemResponses } from './problem-kinds.ts'

type ComponentOptions = { component: string; description: string; headers?: ResponseHeader[] }

/** An answer in JSON. `component` is its name under `components.responses`. */
export function jsonResponse<Schema extends z.ZodType>(
  schema: Schema,
  { component, description, headers = [] }: ComponentOptions,
) {
  return {
    description,
    'x-component': component,
    headers: headerReferences(headers),
    content: { 'application/json': { schema } },
  }
}

/** An answer that is text, for another kind of program. */
export function textResponse<Schema extends z.ZodType>(
  schema: Schema,
  { component, description, headers = [] }: ComponentOptions,
) {
  return {
    description,
    'x-component': component,
    headers: headerReferences(headers),
    content: { 'text/plain': { schema } },
  }
}

/** An answer without a body. */
export function emptyResponse({ component, description, headers = [] }: ComponentOptions) {
  return { description, 'x-component': component, headers: headerReferences(headers) }
}

/**
 * An event stream: the schema says what one `data:` line holds. OpenAPI 3.2 would say it with
 * `itemSchema`, which a 3.1 document may not have: openapi-generator refuses all of it then.
 */
export function streamResponse({ component, description, headers = [] }: ComponentOptions) {
  return {
    description,
    'x-component': component,
    headers: headerReferences(['Cache-Control', ...headers]),
    content: eventStream,
  }
}

/**
 * An event stream, or JSON for callers that accept only that. JSON stands first: of two bodies
 * generators take the first, and that is the one that a generated method can return.
 */
export function streamOrJsonResponse<Schema extends z.ZodType>(
  schema: Schema,
  { component, description, headers = [] }: ComponentOptions,
) {
  return {
    description,
    'x-component': component,
    headers: headerReferences(headers),
    content: { 'application/json': { schema }, ...eventStream },
  }
}

/**
 * What every operation may answer, and the codes that are its own. The result is typed as empty: a
 * handler throws a `Problem`, it never returns one.
 */
export function problems(...codes: ProblemCode[]): Record<never, never> {
  const statuses = [...everywhere, ...codes].map((code) => problemKinds[code].status)
  return Object.fromEntries(
    statuses.map((status) => [
      status,
      { $ref: `#/components/responses/${problemResponses[status].component}` },
    ]),
  )
}

/** The codes that a body brings with it. */
export const bodyProblems = [
  'invalid_json',
  'payload_too_large',
  'unsupported_media_type',
  'validation_failed',
] as const satisfies ProblemCode[]

/** The codes that an Idempotency-Key brings with it. */
export const keyProblems = [
  'validation_failed',
  'idempotency_in_flight',
  'idempotency_mismatch',
] as const satisfies ProblemCode[]

const everywhere = [
  'unauthorized',
  'forbidden',
  'not_acceptable',
  'rate_limited',
  'internal',
  'unavailable',
] as const

const eventStream = {
  'text/event-stream': { schema: StreamedEvent },
}

function headerReferences(names: ResponseHeader[]) {
  return Object.fromEntries(
    (['X-Request-Id', ...names] as ResponseHeader[]).map((name) => [
      name,
      { $ref: `#/components/headers/${responseHeaders[name].component}` },
    ]),
  )
}
