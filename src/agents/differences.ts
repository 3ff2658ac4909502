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

/**
 * Items that are equal in both stay, as many as can in their order; between them items are changed,
 * then removed or inserted.
 */
function listDifferences(before: unknown[], after: unknown[], path: FilePath): Difference[] {
  const steps: Difference[] = []
  let [from, to] = [0, 0]
  const ends: [number, number] = [before.length, after.length]
  for (const [left, right] of [...commonItems(before, after), ends]) {
    const oldItems = before.slice(from, left)
    const newItems = after.slice(to, right)
    steps.push(...gapDifferences(oldItems, newItems, path, to))
    from = left + 1
    to = right + 1
  }
  return steps
}

/** `start` is where the gap begins in the list as it is then: all before it is new already. */
function gapDifferences(
  oldItems: unknown[],
  newItems: unknown[],
  path: FilePath,
  start: number,
): Difference[] {
  const changed = Math.min(oldItems.length, newItems.length)
  return [
    ...oldItems
      .slice(0, changed)
      .flatMap((item, index) => differences(item, newItems[index], [...path, start + index])),
    ...oldItems
      .slice(changed)
      .map((): Difference => ({ kind: 'remove', path: [...path, start + changed] })),
    ...newItems.slice(changed).map(
      (value, index): Difference => ({
        kind: 'insert',
        path: [...path, start + changed + index],
        value,
      }),
    ),
  ]
}

/** The indices of a longest common subsequence; lists of an agent file are short. */
function commonItems(before: unknown[], after: unknown[]): [number, number][] {
  const length = before.map(() => after.map(() => 0))
  const lengthAt = (left: number, right: number) => length[left]?.[right] ?? 0
  const isSame = (left: number, right: number) => isDeepStrictEqual(before[left], after[right])
  for (let left = before.length - 1; left >= 0; left -= 1) {
    for (let right = after.length - 1; right >= 0; right -= 1) {
      const row = length[left] ?? []
      row[right] = isSame(left, right)
        ? lengthAt(left + 1, right + 1) + 1
        : Math.max(lengthAt(left + 1, right), lengthAt(left, right + 1))
    }
  }
  const pairs: [number, number][] = []
  let [left, right] = [0, 0]
  while (left < before.length && right < after.length) {
    if (isSame(left, right)) {
      pairs.push([left, right])
      left += 1
      right += 1
    } else if (lengthAt(left + 1, right) >= lengthAt(left, right + 1)) left += 1
    else right += 1
  }
  return pairs
}

function isMapping(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
