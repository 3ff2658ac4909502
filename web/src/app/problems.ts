import { ApiError, ConnectionError } from 'parley-client'

/** What a person is told about a request that failed. */
export function describeFailure(error: unknown): string {
  if (error instanceof ApiError) {
    const { problem } = error
    if (!problem) return error.message
    const details = (problem.errors ?? []).map(({ path, message }) => `${path} ${message}`.trim())
    return [problem.detail, ...details].join(' · ')
  }
  if (error instanceof ConnectionError) return 'The server does not answer. Is it running?'
  return error instanceof Error ? error.message : String(error)
}

export function isUnauthorized(error: unknown): boolean {
  return error instanceof ApiError && error.status === 401
}

export function isNotFound(error: unknown): boolean {
  return error instanceof ApiError && error.status === 404
}
