import { Problem } from '#contract/problem.ts'
import type { Page, PageRequest } from './scope.ts'

/**
 * The place after a row in the order of its list, as opaque text. It is made of the row's sort key,
 * never of a count of rows, so that rows that are added or removed do not move it.
 */
export function encodeCursor(key: readonly string[]): string {
  return Buffer.from(JSON.stringify(key)).toString('base64url')
}

/** The sort key in a page's cursor; null on the first page. */
export function decodeCursor({ cursor }: PageRequest, length: number): string[] | null {
  if (cursor === null) return null
  const key = parse(Buffer.from(cursor, 'base64url').toString())
  if (Array.isArray(key) && key.length === length && key.every(isText)) return key
  throw notACursor()
}

/**
 * Rows after the id in a cursor, as a condition that an index serves with and without one. Ids are
 * small letters, digits and `_`, all before `~`.
 */
export function afterId({ order }: PageRequest, column: string, parameter: string): string {
  return order === 'desc'
    ? `${column} < coalesce(${parameter}::text, '~')`
    : `${column} > coalesce(${parameter}::text, '')`
}

/** For a cursor whose parts are not what the list sorts by. */
export function notACursor(): Problem {
  const message = 'This cursor is not one of this list; ask for the first page without a cursor'
  return new Problem('validation_failed', message, { errors: [{ path: 'cursor', message }] })
}

/** A page from one row more than it may hold, which tells whether there is a next one. */
export function toPage<Row, Item>({
  rows,
  limit,
  keyOf,
  toItem,
}: {
  rows: Row[]
  limit: number
  keyOf: (row: Row) => string[]
  toItem: (row: Row) => Item
}): Page<Item> {
  const shown = rows.slice(0, limit)
  const last = shown.at(-1)
  const more = rows.length > limit && last !== undefined
  return { data: shown.map(toItem), next_cursor: more ? encodeCursor(keyOf(last)) : null }
}

function isText(value: unknown): value is string {
  return typeof value === 'string' && !value.includes('\0')
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
