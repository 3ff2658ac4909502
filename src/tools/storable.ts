/** Values nested deeper are refused: they exhaust the stacks of those who read them. */
const deepest = 64

/**
 * What another program sent, in a form that every part of the house can keep: text without U+0000
 * and lone surrogates, nothing nested endlessly. Throws an Error that says what is wrong.
 */
export function toStorableValue(value: unknown, depth = 0): unknown {
  if (typeof value === 'string') return toStorableText(value)
  if (typeof value !== 'object' || value === null) return value
  if (depth >= deepest) throw new Error(`it is nested more than ${deepest} levels deep`)
  if (Array.isArray(value)) return value.map((item) => toStorableValue(item, depth + 1))
  const entries = Object.entries(value).map(([key, item]) => [
    toStorableText(key),
    toStorableValue(item, depth + 1),
  ])
  return Object.fromEntries(entries)
}

export function toStorableText(text: string): string {
  return text.replaceAll('\0', '\uFFFD').toWellFormed()
}
