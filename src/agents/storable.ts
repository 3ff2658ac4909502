import type { FilePath, PathProblem } from './problem.ts'

/** What no database stores, and the key that would change an object's prototype. */
export function storableProblems(value: unknown, path: FilePath = []): PathProblem[] {
  if (typeof value === 'string') return isStorable(value) ? [] : [{ path, message: unstorable }]
  if (typeof value !== 'object' || value === null) return []
  if (Array.isArray(value)) {
    return value.flatMap((item, index) => storableProblems(item, [...path, index]))
  }
  return Object.entries(value).flatMap(([key, item]) => {
    const at = [...path, key]
    if (key === '__proto__') return [{ path: at, atKey: true, message: 'not a possible name' }]
    const inKey = isStorable(key) ? [] : [{ path: at, atKey: true, message: unstorable }]
    return [...inKey, ...storableProblems(item, at)]
  })
}

const unstorable = 'contains U+0000 or half of a surrogate pair'

function isStorable(text: string): boolean {
  return text.isWellFormed() && !text.includes('\u0000')
}
