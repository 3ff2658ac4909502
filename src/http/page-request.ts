import type { PageRequest } from '#store/scope.ts'

/** The page that a query asks for. */
export function toPageRequest({
  limit,
  cursor,
  order,
}: {
  limit: number
  cursor?: string | undefined
  order: 'asc' | 'desc'
}): PageRequest {
  return { limit, cursor: cursor ?? null, order }
}
