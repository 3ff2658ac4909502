import { isDeepStrictEqual } from 'node:util'
import type { FilePath } from './problem.ts'

/**
 * One step from a value to another. Steps of one list are meant to be taken in their order; `insert`
 * stands before what has that index then.
 */
export type Difference =
  | { kind: 'set'; path: FilePath; value: unknown }
  | { kind: 'insert'; path: FilePath; value: unknown }
  | { kind: 'remove'; path: FilePath }

/** The steps from `before` to `after`, as deep inside as they can be. */
export function differences(before: unknown, after: unknown, path: FilePath = []): Difference[] {
  if (isDeepStrictEqual(before, after)) return []
  if (Array.isArray(before) && Array.isArray(after)) return listDifferences(before, after, path)
  if (isMapping(before) && isMapping(after)) return mapDifferences(before, after, path)
  return [{ kind: 'set', path, value: after }]
}

function mapDifferences(
  before: Record<string, unknown>,
  after: Record<string, unknown>,
  path: FilePath,
): Difference[] {
  const removed = Object.keys(before).filter((key) => !Object.hasOwn(after, key))
  return [
    ...removed.map((key) => ({ kind: 'remove' as const, path: [...path, key] })),
    ...Object.entries(after).flatMap(([key, value]): Difference[] =>
      Object.hasOwn(before, key)
        ? differences(before[key], value, [...path, key])
        : [{ kind: 'set', path: [...path, key], value }],
    ),
  ]
}

/** What is equal at both ends stays; between them items are changed, then removed or inserted. */
function listDifferences(before: unknown[], after: unknown[], path: FilePath): Difference[] {
  const shorter = Math.min(before.length, after.length)
  let start = 0
  while (start < shorter && isDeepStrictEqual(before[start], after[start])) start += 1
  let end = 0
  while (
    end < shorter - start &&
    isDeepStrictEqual(before[before.length - 1 - end], after[after.length - 1 - end])
  ) {
    end += 1
  }
  const oldItems = before.slice(start, before.length - end)
  const newItems = after.slice(start, after.length - end)
  const changed = Math.min(oldItems.length, newItems.length)
  return [
    ...oldItems
      .slice(0, changed)
      .flatMap((item, index) => differences(item, newItems[index], [...path, start + index])),
    ...oldItems
      .slice(changed)
      .map(() => ({ kind: 'remove' as const, path: [...path, start + changed] })),
    ...newItems.slice(changed).map((value, index) => ({
      kind: 'insert' as const,
      path: [...path, start + changed + index],
      value,
    })),
  ]
}

function isMapping(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
