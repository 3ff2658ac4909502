import type { z } from '@hono/zod-openapi'
import { fieldsAt, toolsetTypes, unsupported } from './known-fields.ts'
import { didYouMean } from './nearest.ts'
import type { FilePath, PathProblem } from './problem.ts'

type Issue = z.core.$ZodIssue

/** Says what each issue means for the author of the file. */
export function schemaProblems(issues: readonly Issue[], value: unknown): PathProblem[] {
  return issues.flatMap((issue) => issueProblems(issue, value))
}

function issueProblems(issue: Issue, value: unknown): PathProblem[] {
  const path = toFilePath(issue.path)
  switch (issue.code) {
    case 'unrecognized_keys':
      return issue.keys.map((key) => unknownField(path, key, valueAt(value, [...path, 'type'])))
    case 'invalid_union':
      return unionProblems(issue, path, value)
    case 'invalid_key':
      return [{ path, atKey: true, message: issue.issues[0]?.message ?? 'not a valid name' }]
    case 'invalid_type':
      return [typeProblem(path, expectedWord(issue.expected), value)]
    case 'invalid_value':
      return [valueProblem(path, issue.values.map(String), value)]
    default:
      return [{ path, message: lowerFirst(issue.message) }]
  }
}

function unknownField(path: FilePath, key: string, toolsetType: unknown): PathProblem {
  const { known, later } = fieldsAt(path, toolsetType)
  const at = { path: [...path, key], atKey: true }
  if (unsupported.has(key)) return { ...at, message: `${key} is not supported` }
  if (later.has(key)) return { ...at, message: 'not supported yet' }
  const guess = didYouMean(key, known)
  const hint = guess === '' && known.length > 0 ? `; known are ${known.join(', ')}` : guess
  return { ...at, message: `unknown field${hint}` }
}

function unionProblems(
  issue: Extract<Issue, { code: 'invalid_union' }>,
  path: FilePath,
  value: unknown,
): PathProblem[] {
  if (issue.errors.length === 0) return [toolsetTypeProblem(path, value)]
  // A branch that failed deeper inside had the right kind of value: that is the one that was meant.
  const meant = issue.errors.find((errors) => errors.every((error) => !isTypeIssue(error)))
  if (meant !== undefined) {
    const inside = meant.map((error) => ({ ...error, path: [...issue.path, ...error.path] }))
    return schemaProblems(inside, value)
  }
  const words = issue.errors.flatMap((errors) => errors.filter(isTypeIssue).map(branchWord))
  return [typeProblem(path, [...new Set(words)].join(' or '), value)]
}

function isTypeIssue(issue: Issue): boolean {
  const isWrongKind = issue.code === 'invalid_type' || issue.code === 'invalid_value'
  return isWrongKind && issue.path.length === 0
}

function branchWord(issue: Issue): string {
  if (issue.code === 'invalid_type') return expectedWord(issue.expected)
  return issue.code === 'invalid_value' ? issue.values.map(String).join(', ') : issue.message
}

function toolsetTypeProblem(path: FilePath, value: unknown): PathProblem {
  const type = valueAt(value, path)
  if (type === undefined) {
    return { path, message: `missing; one of ${toolsetTypes.join(', ')}` }
  }
  const name = String(type)
  if (unsupported.has(name)) return { path, message: `the toolset ${name} is not supported` }
  const guess = didYouMean(name, toolsetTypes) || `; known are ${toolsetTypes.join(', ')}`
  return { path, message: `unknown toolset ${quote(type)}${guess}` }
}

function typeProblem(path: FilePath, expected: string, value: unknown): PathProblem {
  const found = valueAt(value, path)
  if (found === undefined) return { path, message: `missing; ${expected} is needed` }
  if (path.at(-1) === 'model' && Array.isArray(found)) {
    return { path, message: 'a list of fallback models is not supported yet; name one model' }
  }
  return { path, message: `expected ${expected}, found ${foundWord(found)}` }
}

function valueProblem(path: FilePath, values: string[], value: unknown): PathProblem {
  const found = valueAt(value, path)
  if (found === undefined) return { path, message: `missing; one of ${values.join(', ')}` }
  if (unsupported.has(String(found))) {
    return { path, message: `${found} is not supported; one of ${values.join(', ')}` }
  }
  const hint = didYouMean(String(found), values) || `; one of ${values.join(', ')}`
  return { path, message: `${quote(found)} is not known here${hint}` }
}

const expectedWords: Record<string, string> = {
  string: 'text',
  int: 'a whole number',
  number: 'a number',
  boolean: 'true or false',
  array: 'a list',
  object: 'a mapping',
  record: 'a mapping',
}

function expectedWord(expected: string): string {
  return expectedWords[expected] ?? expected
}

function foundWord(value: unknown): string {
  if (value === null) return 'nothing'
  if (Array.isArray(value)) return 'a list'
  if (typeof value === 'object') return 'a mapping'
  return quote(value)
}

function quote(value: unknown): string {
  const text = JSON.stringify(value) ?? String(value)
  return text.length > 60 ? `${text.slice(0, 57)}…` : text
}

function toFilePath(path: readonly PropertyKey[]): FilePath {
  return path.map((step) => (typeof step === 'symbol' ? String(step.description) : step))
}

function valueAt(value: unknown, path: FilePath): unknown {
  let current = value
  for (const step of path) {
    if (typeof current !== 'object' || current === null || !Object.hasOwn(current, step)) {
      return undefined
    }
    current = Reflect.get(current, step)
  }
  return current
}

function lowerFirst(message: string): string {
  return message.charAt(0).toLowerCase() + message.slice(1)
}
