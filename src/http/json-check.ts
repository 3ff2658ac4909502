import { type FieldError, Problem } from '#contract/problem.ts'
import { validationProblem } from './errors.ts'

const deepest = 64

/**
 * Refuses what would hurt further in: nesting beyond 64, `__proto__` keys, and text that Postgres
 * cannot store.
 */
export function checkJson(value: unknown): unknown {
  const errors: FieldError[] = []
  visit(value, [], errors)
  if (errors.length > 0) throw validationProblem(errors)
  return value
}

/** The same for the text of one parameter. */
export function textProblem(text: string): string | undefined {
  if (text.includes('\0')) return 'must not contain U+0000'
  return text.isWellFormed() ? undefined : 'must not contain a lone surrogate'
}

function visit(value: unknown, path: (string | number)[], errors: FieldError[]): void {
  if (typeof value === 'string') checkText(value, path, errors)
  if (typeof value !== 'object' || value === null) return
  if (path.length >= deepest) {
    throw new Problem('invalid_json', `The body is nested deeper than ${deepest} levels`)
  }
  const entries = Array.isArray(value) ? value.entries() : Object.entries(value)
  for (const [key, item] of entries) {
    if (key === '__proto__') {
      throw new Problem('invalid_json', 'The body has a key __proto__; choose another name')
    }
    if (typeof key === 'string') checkText(key, path, errors)
    visit(item, [...path, key], errors)
  }
}

function checkText(text: string, path: (string | number)[], errors: FieldError[]): void {
  const message = textProblem(text)
  if (message) errors.push({ path: path.map(String).join('.').toWellFormed(), message })
}
