import type { z } from '@hono/zod-openapi'
import type { FieldError } from '#contract/problem.ts'
import type { AppContext } from './env.ts'
import { validationProblem } from './errors.ts'
import { readJsonBody } from './json-body.ts'
import { textProblem } from './json-check.ts'

/** The parts of a `createRoute` that say what a request may hold. */
export type RequestShape = {
  params?: z.ZodType
  query?: z.ZodType
  headers?: z.ZodType
  body?: { required?: boolean; content: { 'application/json'?: { schema: z.ZodType } } }
}

/** Checks the request and leaves the values where handlers find them by `c.req.valid`. */
export async function validateRequest(
  c: AppContext,
  shape: RequestShape,
  { bodyLimit }: { bodyLimit: number },
): Promise<void> {
  const errors: FieldError[] = []
  if (shape.params) check(c, 'param', shape.params, checkTexts(c.req.param(), errors), errors)
  if (shape.query) check(c, 'query', shape.query, checkTexts(c.req.query(), errors), errors)
  if (shape.headers) check(c, 'header', shape.headers, c.req.header(), errors)
  const bodySchema = shape.body?.content['application/json']?.schema
  if (bodySchema) {
    const value = await readJsonBody(c.env.incoming, { limit: bodyLimit })
    const body = value === undefined && !shape.body?.required ? {} : value
    check(c, 'json', bodySchema, body, errors)
  }
  if (errors.length > 0) throw validationProblem(errors)
}

/** zod's issues as the fields of a problem. */
export function fieldErrors(issues: readonly z.core.$ZodIssue[], base: PropertyKey[] = []) {
  return issues.flatMap((issue) => toFieldErrors(issue, base))
}

type Target = 'param' | 'query' | 'header' | 'json'

function check(
  c: AppContext,
  target: Target,
  schema: z.ZodType,
  value: unknown,
  errors: FieldError[],
): void {
  const result = schema.safeParse(value)
  if (!result.success) errors.push(...fieldErrors(result.error.issues))
  else c.req.addValidatedData(target, result.data as object)
}

function checkTexts(values: Record<string, string>, errors: FieldError[]) {
  for (const [path, text] of Object.entries(values)) {
    const message = textProblem(text)
    if (message) errors.push({ path, message })
  }
  return values
}

function toFieldErrors(issue: z.core.$ZodIssue, base: PropertyKey[]): FieldError[] {
  const path = [...base, ...issue.path]
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((key) => ({
      path: [...path, key].join('.'),
      message: 'is not a known field; leave it out',
    }))
  }
  if (issue.code === 'invalid_union' && issue.errors.length > 0) {
    return fieldErrors(nearestBranch(issue.errors), path)
  }
  return [{ path: path.join('.'), message: issue.message }]
}

/** The branch of a union that the value was meant for: the one that fails deepest inside it. */
function nearestBranch(branches: readonly z.core.$ZodIssue[][]): readonly z.core.$ZodIssue[] {
  const depth = (issues: z.core.$ZodIssue[]) =>
    Math.max(
      ...issues.map(({ path, code }) => path.length + (code === 'unrecognized_keys' ? 1 : 0)),
    )
  return branches.toSorted((a, b) => depth(b) - depth(a))[0] ?? []
}
