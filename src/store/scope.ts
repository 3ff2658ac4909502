/**
 * Whose rows a statement may touch. Every function of the store that reads or writes a tenant's
 * rows takes one first. `owner: null` sees all owners of the tenant.
 */
export type Scope = {
  tenant: string
  owner: string | null
  /** Who acts: what is made is theirs. The owner when missing. */
  actor?: string
}

/** One page of a list that grows. `cursor` is opaque; null asks for the first page. */
export type PageRequest = { limit: number; cursor: string | null; order: 'asc' | 'desc' }
export type Page<Row> = { data: Row[]; next_cursor: string | null }
