import type { Problem } from '#contract/problem.ts'
import type { Run } from '#contract/run.ts'
import { type Answer, json } from './dialect.ts'

export type OpenAiError = {
  message: string
  type: string
  param: string | null
  code: string | null
}

/** A problem in the shape of the official API, with the status that it has there. */
export function refuse({ code, message, details }: Problem, status: number): Answer {
  const param = details.errors?.[0]?.path ?? null
  const shown = status === 422 ? 400 : status
  return json({ error: { message, type: typeOf(shown), param, code: nameOf(code, param) } }, shown)
}

/** Why a run gave no answer. It may have acted, so the official clients must not send it again. */
export function refuseRun(run: Run): Answer {
  const error = toError(run)
  const status = statuses[error.code ?? ''] ?? 500
  return json({ error }, status, { 'X-Should-Retry': 'false' })
}

export function toError({ error, status }: Pick<Run, 'error' | 'status'>): OpenAiError {
  if (error) return runError(error)
  const message =
    status === 'cancelled'
      ? 'The run was cancelled'
      : 'The run waits for somebody; it goes on once they answer over the API'
  return { message, type: 'server_error', param: null, code: null }
}

export function runError({ code, message }: { code: string; message: string }): OpenAiError {
  const name = names[code] ?? 'server_error'
  return { message, type: typeOf(statuses[name] ?? 500), param: null, code: name }
}

const names: Record<string, string> = {
  model_rate_limited: 'rate_limit_exceeded',
  context_exceeded: 'context_length_exceeded',
  content_filtered: 'content_filter',
}

const statuses: Record<string, number> = {
  rate_limit_exceeded: 429,
  context_length_exceeded: 400,
  content_filter: 400,
}

function typeOf(status: number): string {
  if (status === 401) return 'authentication_error'
  if (status === 403) return 'permission_error'
  if (status === 429) return 'rate_limit_error'
  return status >= 500 ? 'server_error' : 'invalid_request_error'
}

function nameOf(code: Problem['code'], param: string | null): string | null {
  if (code === 'unauthorized') return 'invalid_api_key'
  if (code === 'rate_limited' || code === 'queue_full') return 'rate_limit_exceeded'
  if (code === 'not_found' && param === 'model') return 'model_not_found'
  return code === 'validation_failed' || code === 'not_found' ? null : code
}
