import { z } from '@hono/zod-openapi'

/** Why a request was refused. One table in `http/errors.ts` maps each to a status. */
export const ProblemCode = z
  .enum([
    'invalid_json',
    'validation_failed',
    'unauthorized',
    'forbidden',
    'code_disabled',
    'not_found',
    'method_not_allowed',
    'not_acceptable',
    'conflict',
    'session_busy',
    'no_active_run',
    'nothing_pending',
    'already_decided',
    'agent_read_only',
    'agent_invalid',
    'idempotency_in_flight',
    'idempotency_mismatch',
    'events_expired',
    'payload_too_large',
    'unsupported_media_type',
    'rate_limited',
    'queue_full',
    'request_timeout',
    'headers_too_large',
    'unavailable',
    'internal',
  ])
  .openapi('ProblemCode', { description: 'What went wrong, for programs' })
export type ProblemCode = z.infer<typeof ProblemCode>

/** Why a run failed. */
export const RunErrorCode = z
  .enum([
    'model_error',
    'model_rate_limited',
    'model_timeout',
    'model_truncated',
    'context_exceeded',
    'content_filtered',
    'tool_failed',
    'budget_exceeded',
    'too_many_attempts',
    'agent_invalid',
    'internal',
  ])
  .openapi('RunErrorCode', { description: 'Why a run failed' })
export type RunErrorCode = z.infer<typeof RunErrorCode>

export const FieldError = z
  .object({
    path: z.string().openapi({ description: 'Where in the request', example: 'messages.0.role' }),
    message: z.string().openapi({ description: 'What is wrong there and what is expected' }),
  })
  .openapi('FieldError', { description: 'One field that is wrong' })
export type FieldError = z.infer<typeof FieldError>

/** RFC 9457 problem document. */
export const ProblemDocument = z
  .object({
    type: z.string().openapi({
      description: 'A URI that names the kind of problem',
      example: 'urn:parley:problem:session_busy',
    }),
    title: z.string().openapi({ example: 'The session is busy' }),
    status: z.number().int().openapi({ example: 409 }),
    detail: z.string().openapi({ description: 'What is wrong and what to do about it' }),
    code: ProblemCode,
    request_id: z.string().openapi({ description: 'Also in the X-Request-Id header' }),
    errors: z.array(FieldError).optional().openapi({ description: 'Each field that is wrong' }),
    active_run_id: z.string().optional().openapi({ description: 'The run that holds the session' }),
    retry_after: z.number().int().optional().openapi({ description: 'Seconds to wait' }),
    oldest_seq: z.number().int().optional().openapi({ description: 'The oldest event still kept' }),
  })
  .openapi('Problem', { description: 'Why a request was refused (RFC 9457)' })
export type ProblemDocument = z.infer<typeof ProblemDocument>

/** What a client needs to act on a problem, beside its text. */
export type ProblemDetails = Partial<
  Pick<ProblemDocument, 'errors' | 'active_run_id' | 'retry_after' | 'oldest_seq'>
>

/** The one error that becomes an answer; anything else thrown is a bug and a 500. */
export class Problem extends Error {
  override name = 'Problem'
  readonly code: ProblemCode
  readonly details: ProblemDetails

  constructor(
    code: ProblemCode,
    message: string,
    { cause, ...details }: ProblemDetails & { cause?: unknown } = {},
  ) {
    super(message, cause === undefined ? undefined : { cause })
    this.code = code
    this.details = details
  }
}
