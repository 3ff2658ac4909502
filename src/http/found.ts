import { Problem } from '#contract/problem.ts'

/** What was looked for, or a 404 that names it. */
export function found<Value>(value: Value | null | undefined, what: string): Value {
  if (value === null || value === undefined) throw new Problem('not_found', `There is no ${what}`)
  return value
}
